"""The logarithm of the gamma function, its derivatives, and Hurwitz's zeta function.

Near their zeros lgamma and digamma are a product of the distance to the zero and a polynomial, so
that no digit is lost there: a Chebyshev expansion, computed with 50 digits and written as powers.
Recurrences lead there from up to 10, asymptotic series serve larger numbers, reflections the
negative ones. No branch depends on a value, so the code is the same for every array module.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from renkei.core.device import as_array, get_array_module
from renkei.core.dispatch import kernel
from renkei.kernels.reference.special import _blockwise, _horner

__all__: list[str] = []

# fmt: off
# lgamma x / ((x - 1) (x - 2)) in powers of t = 2 (x - 2), for x in [1.5, 2.5]
_LGAMMA = (
    0.42278433509846713, -0.05015865083717696, 0.008241250155288966, -0.0015480240241714195,
    0.0003124150727932429, -6.587908856091096e-05, 1.4302764414500334e-05, -3.1695890450814482e-06,
    7.130962184970303e-07, -1.622951574733543e-07, 3.7274409209018914e-08, -8.623901407802262e-09,
    2.007138673034222e-09, -4.695711657216857e-10, 1.1067840318890105e-10, -2.612283667481996e-11,
    5.895301086211702e-12, -1.3908263725256475e-12, 4.659516606804278e-13, -1.1292276791951142e-13,
)
# digamma x / (x - ROOT) in powers of t = 2 x - 3, for x in [1, 2]
_DIGAMMA = (
    0.9510558760318328, -0.2118137106407303, 0.06013562106019684, -0.018550615381735008,
    0.005936795278301761, -0.0019350666648613071, 0.0006368880303865817, -0.00021074841138175561,
    6.995018825112794e-05, -2.3258242519113285e-05, 7.741234508636364e-06, -2.578093954045772e-06,
    8.589060721930695e-07, -2.863161166883193e-07, 9.543298288278275e-08, -3.162911147408454e-08,
    1.0527692435026686e-08, -3.7083753242807277e-09, 1.2469984616707403e-09, -2.7580994814377e-10,
    8.734528429142953e-11, -8.50550766013261e-11, 2.918622732168261e-11,
)
_ROOT = 1.4616321449683622, 9.549995429965697e-17  # of digamma, in two parts
# Bernoulli's numbers over 2k (2k - 1), over 2k, and over (2k)!
_STIRLING = (
    1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 5 / 5940, -691 / 360360, 1 / 156, -3617 / 122400,
)
_DIGAMMA_FAR = (
    1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160,
)
_EULER_MACLAURIN = (
    1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 2.08767569878681e-08, -5.284190138687493e-10,
    1.3382536530684679e-11, -3.3896802963225827e-13, 8.586062056277845e-15, -2.174868698558062e-16,
    5.5090028283602295e-18, -1.3954464685812522e-19,
)
# fmt: on
_FACTORIALS = tuple(float(math.factorial(n)) for n in range(171))
_SHIFT = 10  # terms of the zeta function that are summed one by one


def _lgamma_positive(x: Any) -> Any:
    """lgamma x for x >= 0."""
    xp = get_array_module(x)
    far = xp.maximum(x, 8)
    series = _horner(_STIRLING, (1 / far) ** 2) / far
    stirling = (far - 0.5) * (xp.log(far) - 1) + (0.5 * math.log(2 * math.pi) - 0.5) + series
    low, lower = x < 1.5, x < 0.5
    r = xp.where(low, xp.where(lower, x + 2, x + 1), xp.minimum(x, 8))
    product = xp.where(low, xp.where(lower, x * (x + 1), x), 1)
    for _ in range(6):
        above = r > 2.5
        r = xp.where(above, r - 1, r)
        product = xp.where(above, product * r, product)
    # (r - 1) (r - 2), of which r itself has lost digits where x is small
    zeros = xp.where(low, xp.where(lower, (x + 1) * x, x * (x - 1)), (r - 1) * (r - 2))
    steps = xp.log(product)
    near = zeros * _horner(_LGAMMA, 2 * (r - 2)) + xp.where(low, -steps, steps)
    return xp.where(x >= 8, stirling, near)


def _lgamma(x: Any, single: bool) -> Any:
    xp = get_array_module(x)
    negative = x < 0
    y = _lgamma_positive(xp.where(negative, 1 - x, x))
    sine = abs(xp.sin(math.pi * (x - xp.rint(x))))
    y = xp.where(negative, math.log(math.pi) - xp.log(sine) - y, y)
    return xp.where(xp.isinf(x), xp.inf, y)


def _digamma_positive(x: Any) -> Any:
    """digamma x for x >= 0."""
    xp = get_array_module(x)
    far = xp.maximum(x, 10)
    square = (1 / far) ** 2
    asymptotic = xp.log(far) - 0.5 / far - square * _horner(_DIGAMMA_FAR, square)
    below = x < 1
    r = xp.where(below, x + 1, xp.minimum(x, 10))
    steps = xp.where(below, -1 / x, 0)
    for _ in range(8):
        above = r >= 2
        r = xp.where(above, r - 1, r)
        steps = xp.where(above, steps + 1 / r, steps)
    near = ((r - _ROOT[0]) - _ROOT[1]) * _horner(_DIGAMMA, 2 * r - 3) + steps
    return xp.where(x >= 10, asymptotic, near)


def _digamma(x: Any, single: bool) -> Any:
    xp = get_array_module(x)
    negative = x < 0
    y = _digamma_positive(xp.where(negative, 1 - x, x))
    fraction = x - xp.rint(x)
    reflected = xp.where(fraction == 0, xp.nan, y - math.pi / xp.tan(math.pi * fraction))
    return xp.where(negative, reflected, y)


def _zeta_positive(s: Any, q: Any) -> Any:
    """The zeta function for s > 1, q >= 0, by the Euler-Maclaurin formula."""
    xp = get_array_module(q)
    y = q ** (-s)
    for k in range(1, _SHIFT):
        y += (q + k) ** (-s)
    a = q + _SHIFT
    last = a ** (-s)
    y += last * (a / (s - 1) + 0.5)
    factor = xp.minimum(s, 1e150)  # its square must stay finite
    term = last * factor / a
    for k, c in enumerate(_EULER_MACLAURIN):
        y += c * term
        term = term * ((factor + (2 * k + 1)) / a) * ((factor + (2 * k + 2)) / a)
    return y


def _zeta(s: Any, q: Any) -> Any:
    """Negative q are reached by the sum over all integers: only whole s give real numbers."""
    xp = get_array_module(q)
    negative = (q < 0) & xp.isfinite(q)
    wrong = ~(s > 1)
    safe = xp.where(wrong, 2.0, s)
    fraction = q - xp.floor(q)
    y = _zeta_positive(safe, xp.where(negative, fraction, abs(q)))
    if xp.any(negative):
        sign = 1 - 2 * (safe % 2)
        low = xp.where(negative, 1 - fraction, 1.0)
        high = xp.where(negative, 1 - q, 1.0)
        other = _zeta_positive(safe, low) - _zeta_positive(safe, high)
        y = xp.where(negative, y + sign * other, y)
        y = xp.where(negative & (safe != xp.floor(safe)), xp.nan, y)
        y = xp.where(negative & (fraction == 0), xp.inf, y)
    y = xp.where(xp.isinf(q), xp.where(q > 0, 0.0, xp.nan), y)
    y = xp.where(wrong, xp.where(s == 1, xp.inf, xp.nan), y)
    return xp.where(xp.isnan(q), xp.nan, y)


def _polygamma(n: Any, x: Any) -> Any:
    xp = get_array_module(x)
    order = xp.clip(n, 1, 170)
    factorial = xp.take(xp.asarray(_FACTORIALS), order.astype(np.intp))
    y = (2 * (order % 2) - 1) * factorial * _zeta(order + 1, x)
    if xp.any(n == 0):
        y = xp.where(n == 0, _digamma(x, False), y)
    return xp.where((n < 0) | (n > 170), xp.nan, y)


def _of_two(f: Any, a: Any, b: Any) -> Any:
    """f of two arrays that broadcast, in float64, as an array of their dtype."""
    a, b = as_array(a), as_array(b)
    xp = get_array_module(a, b)
    dtype = xp.result_type(*[x.dtype if x.dtype.kind == "f" else np.int8 for x in (a, b)])
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    with np.errstate(all="ignore"):  # infinities and NaN are right answers here
        a, b = xp.broadcast_arrays(a.astype(np.float64), b.astype(np.float64))
        return as_array(f(a, b), dtype)


@kernel("lgamma", backend="reference")
def lgamma(x: Any) -> Any:
    return _blockwise(_lgamma, x)


@kernel("digamma", backend="reference")
def digamma(x: Any) -> Any:
    return _blockwise(_digamma, x)


@kernel("polygamma", backend="reference")
def polygamma(n: Any, x: Any) -> Any:
    return _of_two(_polygamma, n, x)


@kernel("zeta", backend="reference")
def zeta(x: Any, q: Any) -> Any:
    return _of_two(_zeta, x, q)
