"""The error function and its relatives.

All of them rest on two smooth functions that polynomials meet to the last digit: erfcx x =
exp(x^2) erfc x on [0, inf), as a function of t = (x - 3) / (x + 3), and erfinv x / x as a function
of w = -log(1 - x^2). The coefficients are Chebyshev expansions, computed with 50 digits and written
as powers. No branch depends on a value, so the code is the same for every array module.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from renkei.core.device import as_array, get_array_module
from renkei.core.dispatch import kernel

__all__: list[str] = []

BLOCK = 8192  # elements that are worked on at a time, so that the polynomials stay in the cache

# fmt: off
# (x + 1/2) erfcx x in powers of t = (x - 3) / (x + 3)
_ERFCX = (
    0.6265040291348648, -0.06781055306229058, -0.0237811471767246, 0.0648225793513797,
    -0.05963683170769319, 0.03415401367200495, -0.01188525745858567, 0.0012646959078469848,
    0.0009443451724995859, -0.0003899161348271653, -5.2579859792240326e-05, 6.254967122918645e-05,
    2.4745983249841725e-06, -1.0050271134262806e-05, -3.654140734391807e-07, 1.736185472488584e-06,
    1.7788043342040298e-07, -3.083005730199363e-07, -7.023827157714231e-08, 5.091810301921368e-08,
    2.0532006833970177e-08, -6.6564598305193435e-09, -4.108797529355727e-09, 4.931266755172794e-10,
    4.1968674293454387e-10,
)
_ERFCX_SINGLE = (
    0.626504004, -0.0678105354, -0.0237810779, 0.0648220554, -0.0596376359, 0.0341582857,
    -0.0118817883, 0.00124955841, 0.00093753956, -0.000363226834, -4.62725839e-05, 3.86551219e-05,
)
# erf x / x in powers of x^2, for |x| <= 1/2
_ERF = (
    1.1283791670955126, -0.3761263890318375, 0.1128379167095487, -0.026866170645000076,
    0.005223977622024224, -0.0008548326511566567, 0.00012055286259121393, -1.4923005626894847e-05,
    1.6371282597755977e-06, -1.4621341491012844e-07,
)
_ERF_SINGLE = (
    1.12837923, -0.376126379, 0.112837739, -0.0268631503, 0.00520044658, -0.000769505685,
)
# erfinv x / x in powers of w / 3 - 1, for w = -log(1 - x^2) <= 6
_INVERSE_NEAR = (
    1.6235420064648298, 0.7248912124984749, -0.05164321698905084, -0.02257690797655647,
    0.015799967277376776, -0.003090090701080893, -0.0012742935259977249, 0.0009841181239339128,
    -0.0001554217569144949, -0.00010761047365987123, 6.559161193847269e-05, -5.566984073222506e-06,
    -9.20957918875791e-06, 4.3031321386016135e-06, 3.0750612173801464e-08, -7.596720096329073e-07,
    2.7107728194861237e-07, 3.560275732652815e-08, -6.110489785904996e-08, 1.4815482668103312e-08,
    5.882669075385817e-09, -4.0372191375261565e-09, 1.4802320446071146e-10, 3.9795055220256047e-10,
    -7.778512164474305e-11,
)
# erfinv x / x / s in powers of (s - K) / (s + K) / T, for s = sqrt(w) in [2.4, 6.2]
_INVERSE_FAR = (
    0.9581224169135834, 0.023736305721468773, -0.004126998132474469, -0.00033633126468197815,
    0.0005488120880787261, -0.0004585206933177967, 0.0004590943577420357, -0.0004010158576602176,
    0.000214134918835817, 2.39639239244062e-06, -0.00010403949352384654, 6.604260297511584e-05,
    9.190185764469569e-06, -3.149962645250625e-05, 8.649680670375771e-06, 8.74467851099794e-06,
    -5.1526481132186395e-06, -1.8856816343075385e-06, 1.8202572259579622e-06,
    4.497859578038864e-07, -5.302224750552797e-07, -1.4385403999224615e-07, 1.355897562338173e-07,
    4.413343667075175e-08, -2.645634767883317e-08, -9.266623172901692e-09, 2.7265439070827435e-09,
    9.46307474152345e-10,
)
# the same for s in [6, 27.4], which reaches the smallest number there is
_INVERSE_TAIL = (
    0.9925942344752061, 0.008542937346215855, -0.00460580431012259, 0.0018352129474064767,
    -0.0006570381199833884, 0.00021572930267762272, -6.500762934704138e-05, 1.7318906710474283e-05,
    -3.625053265494797e-06, 2.4817487956656683e-07, 3.2037850795447495e-07, -2.694118177900718e-07,
    1.5342573278442342e-07, -7.563473811274713e-08, 3.4339361007742106e-08,
    -1.4484189639546003e-08, 6.0003819870952414e-09, -2.774985644580431e-09,
    1.1081190581800917e-09, -1.8264574023041877e-10, 6.380162973939796e-11, -1.223290622615347e-10,
    4.6499548090865433e-11,
)
# fmt: on
_FAR = 3.857460304397182, 0.23291562926464107  # K, T
_TAIL = 12.821856339859684, 0.3624433327233939


def _horner(coefficients: tuple[float, ...], t: Any) -> Any:
    p = get_array_module(t).full_like(t, coefficients[-1])
    for c in coefficients[-2::-1]:
        p *= t
        p += c
    return p


def _blockwise(f: Callable[[Any, bool], Any], x: Any, work: Any = np.float64) -> Any:
    """f(elements, whether single precision is wanted), worked on in ``work`` or in float64."""
    x = as_array(x)
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    single = dtype.itemsize <= 4
    work = work if single else np.float64
    with np.errstate(all="ignore"):  # infinities and NaN are right answers here
        if x.size <= BLOCK or not isinstance(x, np.ndarray):
            return as_array(f(x.astype(work), single), dtype)
        flat, y = x.reshape(-1), np.empty(x.size, dtype)
        for i in range(0, x.size, BLOCK):
            y[i : i + BLOCK] = f(flat[i : i + BLOCK].astype(work), single)
        return y.reshape(x.shape)


def _erfcx_positive(x: Any, single: bool) -> Any:
    """erfcx x for x >= 0."""
    t = 1 - 6 / (x + 3)  # (x - 3) / (x + 3), and 1 at infinity
    return _horner(_ERFCX_SINGLE if single else _ERFCX, t) / (x + 0.5)


def _exp_square(x: Any, factor: float) -> Any:
    """exp(factor x^2) without the error of rounding x^2: of x, a few digits are squared first."""
    xp = get_array_module(x)
    x = xp.minimum(x, 64)  # beyond, it is 0 or infinite
    high = xp.trunc(x * 16) / 16
    return xp.exp(factor * (high * high)) * xp.exp(factor * ((x - high) * (x + high)))


def _erfc(x: Any, single: bool) -> Any:
    size = abs(x)
    tail = _exp_square(size, -1) * _erfcx_positive(size, single)
    return get_array_module(x).where(x < 0, 2 - tail, tail)


def _erf(x: Any, single: bool) -> Any:
    xp = get_array_module(x)
    small = xp.clip(x, -0.5, 0.5)
    near = small * _horner(_ERF_SINGLE if single else _ERF, small * small)
    return xp.where(abs(x) <= 0.5, near, xp.copysign(1 - _erfc(abs(x), single), x))


def _erfcx(x: Any, single: bool) -> Any:
    size = abs(x)
    y = _erfcx_positive(size, single)
    return get_array_module(x).where(x < 0, 2 * _exp_square(size, 1) - y, y)


def _normal_tail(size: Any, single: bool) -> Any:
    """The probability that a standard normal number is greater, for size >= 0."""
    return 0.5 * _exp_square(size, -0.5) * _erfcx_positive(size * math.sqrt(0.5), single)


def _ndtr(x: Any, single: bool) -> Any:
    tail = _normal_tail(abs(x), single)
    return get_array_module(x).where(x > 0, 1 - tail, tail)


def _log_ndtr(x: Any, single: bool) -> Any:
    xp = get_array_module(x)
    size = abs(x)
    below = xp.log(0.5 * _erfcx_positive(size * math.sqrt(0.5), single)) - 0.5 * (x * x)
    return xp.where(x < 0, below, xp.log1p(-_normal_tail(size, single)))


def _inverse(q: Any, remainder: Any) -> Any:
    """The x with erf x = q, where remainder = 1 - q^2 is known more exactly than q."""
    xp = get_array_module(q)
    w = -xp.log(remainder)
    s = xp.sqrt(xp.maximum(w, 5.76))
    g = s * _stretched(_INVERSE_FAR, xp.minimum(s, 6.2), *_FAR)
    if xp.any(w > 36):  # only numbers close to 0 in erfcinv and ndtri come here
        g = xp.where(w > 36, s * _stretched(_INVERSE_TAIL, xp.maximum(s, 6), *_TAIL), g)
    near = _horner(_INVERSE_NEAR, xp.minimum(w, 6) / 3 - 1)
    return q * xp.where(w < 6, near, g)


def _stretched(coefficients: tuple[float, ...], s: Any, k: float, t: float) -> Any:
    return _horner(coefficients, (1 - 2 * k / (s + k)) / t)


def _erfinv(x: Any, single: bool) -> Any:
    return _inverse(x, (1 - x) * (1 + x))


def _erfcinv(x: Any, single: bool) -> Any:
    return _inverse(1 - x, x * (2 - x))


def _ndtri(x: Any, single: bool) -> Any:
    return -math.sqrt(2) * _erfcinv(2 * x, single)


@kernel("erf", backend="reference")
def erf(x: Any) -> Any:
    return _blockwise(_erf, x, np.float32)  # as fast as it is often used: the last digits vary


@kernel("erfc", backend="reference")
def erfc(x: Any) -> Any:
    return _blockwise(_erfc, x)


@kernel("erfcx", backend="reference")
def erfcx(x: Any) -> Any:
    return _blockwise(_erfcx, x)


@kernel("ndtr", backend="reference")
def ndtr(x: Any) -> Any:
    return _blockwise(_ndtr, x)


@kernel("log_ndtr", backend="reference")
def log_ndtr(x: Any) -> Any:
    return _blockwise(_log_ndtr, x)


@kernel("erfinv", backend="reference")
def erfinv(x: Any) -> Any:
    return _blockwise(_erfinv, x)


@kernel("erfcinv", backend="reference")
def erfcinv(x: Any) -> Any:
    return _blockwise(_erfcinv, x)


@kernel("ndtri", backend="reference")
def ndtri(x: Any) -> Any:
    return _blockwise(_ndtri, x)
