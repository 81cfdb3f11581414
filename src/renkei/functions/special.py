"""The error function and the normal distribution function, their inverses and relatives."""

from __future__ import annotations

import math
from typing import Any

from renkei.core.dispatch import run
from renkei.core.elementwise import elementwise
from renkei.functions.math import exp

__all__ = [
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfinv",
    "log_ndtr",
    "ndtr",
    "ndtri",
]

_SLOPE = 2 / math.sqrt(math.pi)  # of erf at 0
_DENSITY = 1 / math.sqrt(2 * math.pi)  # of the standard normal distribution at 0


@elementwise(x=lambda gy, x, y: gy * y * x * -2)
def _bell(xp: Any, x: Any) -> Any:
    """exp(-x^2), squared in float32 at least: the square of a float16 soon overflows."""
    wide = x.astype(xp.float32) if x.dtype == xp.float16 else x
    return xp.exp(-(wide * wide))


@elementwise(x=lambda gy, x: gy * (_bell(x) * _SLOPE))
def erf(xp: Any, x: Any) -> Any:
    r"""The error function: :math:`y = \frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``, in [-1, 1].

    >>> F.erf(np.array([0.0, 1.0]))
    array([0.        , 0.84270079])
    """
    return run("erf", x)


@elementwise(x=lambda gy, x: gy * (_bell(x) * -_SLOPE))
def erfc(xp: Any, x: Any) -> Any:
    r"""The complementary error function, exact in its tail: :math:`y = 1 - \mathrm{erf}(x)`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``, in [0, 2].

    >>> F.erfc(np.array([0.0, 10.0]))
    array([1.00000000e+00, 2.08848758e-45])
    """
    return run("erfc", x)


@elementwise(x=lambda gy, x, y: gy * (x * y * 2 - _SLOPE))
def erfcx(xp: Any, x: Any) -> Any:
    r"""The scaled complementary error function: :math:`y = e^{x^2} \mathrm{erfc}(x)`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.erfcx(np.array([0.0, 100.0]))
    array([1.        , 0.00564161])
    """
    return run("erfcx", x)


@elementwise(x=lambda gy, y: gy * (exp(y * y) * (1 / _SLOPE)))
def erfinv(xp: Any, x: Any) -> Any:
    r"""The inverse of the error function: :math:`\mathrm{erf}(y) = x`.

    Args:
        x: array or Variable of numbers in [-1, 1]; elsewhere the result is NaN.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.erfinv(np.array([0.0, 0.5, 1.0]))
    array([0.        , 0.47693628,        inf])
    """
    return run("erfinv", x)


@elementwise(x=lambda gy, y: gy * (exp(y * y) * (-1 / _SLOPE)))
def erfcinv(xp: Any, x: Any) -> Any:
    r"""The inverse of the complementary error function: :math:`\mathrm{erfc}(y) = x`.

    Args:
        x: array or Variable of numbers in [0, 2]; elsewhere the result is NaN.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.erfcinv(np.array([1.0, 1e-100]))
    array([ 0.       , 15.0655747])
    """
    return run("erfcinv", x)


@elementwise(x=lambda gy, x: gy * (exp(x * x * -0.5) * _DENSITY))
def ndtr(xp: Any, x: Any) -> Any:
    r"""The distribution function of the standard normal distribution.

    .. math:: y = \Phi(x) = \frac{1}{\sqrt{2\pi}} \int_{-\infty}^x e^{-t^2/2} dt

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``: probabilities.

    >>> F.ndtr(np.array([0.0, -10.0]))
    array([5.00000000e-01, 7.61985302e-24])
    """
    return run("ndtr", x)


# exp(-x^2/2) / ndtr(x) would be 0/0 for x < -38; its slope follows from its value.
@elementwise(x=lambda gy, x, y: -gy * (y * (x + y)))
def _hazard(xp: Any, x: Any) -> Any:
    """The normal density over the distribution function: the slope of log_ndtr."""
    return 2 * _DENSITY / run("erfcx", x * -math.sqrt(0.5))


@elementwise(x=lambda gy, x: gy * _hazard(x))
def log_ndtr(xp: Any, x: Any) -> Any:
    r"""The logarithm of ``ndtr``, exact where that is too small to be written: :math:`\ln\Phi(x)`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.log_ndtr(np.array([0.0, -100.0]))
    array([-6.93147181e-01, -5.00552421e+03])
    """
    return run("log_ndtr", x)


@elementwise(x=lambda gy, y: gy * (exp(y * y * 0.5) * (1 / _DENSITY)))
def ndtri(xp: Any, x: Any) -> Any:
    r"""The quantile function of the standard normal distribution: :math:`\Phi(y) = x`.

    Args:
        x: array or Variable of probabilities; outside [0, 1] the result is NaN.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.ndtri(np.array([0.5, 0.975, 0.0]))
    array([-0.        ,  1.95996398,        -inf])
    """
    return run("ndtri", x)
