"""Elementary functions of one or two arrays, element by element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from renkei.core.elementwise import elementwise
from renkei.core.errors import DtypeError, RangeError, describe

__all__ = [
    "arccos",
    "arcsin",
    "arctan",
    "arctan2",
    "arctanh",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "fix",
    "floor",
    "log",
    "log1p",
    "log2",
    "log10",
    "rsqrt",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "squared_difference",
    "tan",
]

# -- exponentials, logarithms, powers --------------------------------------------------------------


@elementwise(x=lambda gy, y: gy * y)
def exp(xp: Any, x: Any) -> Any:
    r"""The exponential function: :math:`y = e^x`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.exp(np.array([0.0, 1.0]))
    array([1.        , 2.71828183])
    """
    return xp.exp(x)


@elementwise(x=lambda gy, y: gy * (y + 1))
def expm1(xp: Any, x: Any) -> Any:
    r"""The exponential minus one, exact for small numbers: :math:`y = e^x - 1`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.expm1(np.array([0.0, 1e-10]))
    array([0.e+00, 1.e-10])
    """
    return xp.expm1(x)


@elementwise(x=lambda gy, x: gy / x)
def log(xp: Any, x: Any) -> Any:
    r"""The natural logarithm: :math:`y = \ln x`.

    Args:
        x: array or Variable of positive numbers.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.log(np.array([1.0, 10.0]))
    array([0.        , 2.30258509])
    """
    return xp.log(x)


@elementwise(x=lambda gy, x: gy / (x * math.log(2)))
def log2(xp: Any, x: Any) -> Any:
    r"""The logarithm to base 2: :math:`y = \log_2 x`.

    Args:
        x: array or Variable of positive numbers.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.log2(np.array([1.0, 8.0]))
    array([0., 3.])
    """
    return xp.log2(x)


@elementwise(x=lambda gy, x: gy / (x * math.log(10)))
def log10(xp: Any, x: Any) -> Any:
    r"""The logarithm to base 10: :math:`y = \log_{10} x`.

    Args:
        x: array or Variable of positive numbers.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.log10(np.array([1.0, 1000.0]))
    array([0., 3.])
    """
    return xp.log10(x)


@elementwise(x=lambda gy, x: gy / (x + 1))
def log1p(xp: Any, x: Any) -> Any:
    r"""The logarithm of one plus a number, exact for small numbers: :math:`y = \ln(1 + x)`.

    Args:
        x: array or Variable of numbers greater than -1.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.log1p(np.array([0.0, 1e-10]))
    array([0.e+00, 1.e-10])
    """
    return xp.log1p(x)


@elementwise(x=lambda gy, y: gy / (y * 2))
def sqrt(xp: Any, x: Any) -> Any:
    r"""The square root: :math:`y = \sqrt x`. Its gradient is infinite at 0.

    Args:
        x: array or Variable of numbers that are not negative.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.sqrt(np.array([4.0, 9.0]))
    array([2., 3.])
    """
    return xp.sqrt(x)


@elementwise(x=lambda gy, y: gy * (y * y * y) * -0.5)
def rsqrt(xp: Any, x: Any) -> Any:
    r"""One over the square root: :math:`y = 1 / \sqrt x`.

    Args:
        x: array or Variable of positive numbers.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.rsqrt(np.array([4.0, 0.25]))
    array([0.5, 2. ])
    """
    return 1 / xp.sqrt(x)


@elementwise(x=lambda gy, x: gy * x * 2)
def square(xp: Any, x: Any) -> Any:
    r"""The square: :math:`y = x^2`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.square(np.array([2.0, -3.0]))
    array([4., 9.])
    """
    return x * x


@elementwise(
    x1=lambda gy, x1, x2: gy * (x1 - x2) * 2,
    x2=lambda gy, x1, x2: gy * (x2 - x1) * 2,
)
def squared_difference(xp: Any, x1: Any, x2: Any) -> Any:
    r"""The square of the difference: :math:`y = (x_1 - x_2)^2`.

    Args:
        x1: array, Variable or number.
        x2: array, Variable or number of a shape that broadcasts with ``x1``.

    Returns:
        Array or Variable of the broadcast shape.

    >>> F.squared_difference(np.array([1.0, 2.0]), np.array([3.0, -1.0]))
    array([4., 9.])
    """
    difference = x1 - x2
    return difference * difference


# -- trigonometric and hyperbolic functions --------------------------------------------------------


def _sin_x(gy: Any, x: Any) -> Any:
    return gy * cos(x)


@elementwise(x=_sin_x)
def sin(xp: Any, x: Any) -> Any:
    r"""The sine: :math:`y = \sin x`.

    Args:
        x: array or Variable of angles in radians.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.sin(np.array([0.0, np.pi / 2]))
    array([0., 1.])
    """
    return xp.sin(x)


@elementwise(x=lambda gy, x: -gy * sin(x))
def cos(xp: Any, x: Any) -> Any:
    r"""The cosine: :math:`y = \cos x`.

    Args:
        x: array or Variable of angles in radians.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.cos(np.array([0.0, np.pi]))
    array([ 1., -1.])
    """
    return xp.cos(x)


@elementwise(x=lambda gy, y: gy * (y * y + 1))
def tan(xp: Any, x: Any) -> Any:
    r"""The tangent: :math:`y = \tan x`.

    Args:
        x: array or Variable of angles in radians.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.tan(np.array([0.0, 1.0]))
    array([0.        , 1.55740772])
    """
    return xp.tan(x)


@elementwise(x=lambda gy, x: gy * rsqrt((1 - x) * (1 + x)))
def arcsin(xp: Any, x: Any) -> Any:
    r"""The inverse sine: :math:`y = \arcsin x`, in :math:`[-\pi/2, \pi/2]`.

    Args:
        x: array or Variable of numbers in [-1, 1].

    Returns:
        Array or Variable of the shape of ``x``, in radians.

    >>> F.arcsin(np.array([0.0, 1.0]))
    array([0.        , 1.57079633])
    """
    return xp.arcsin(x)


@elementwise(x=lambda gy, x: -gy * rsqrt((1 - x) * (1 + x)))
def arccos(xp: Any, x: Any) -> Any:
    r"""The inverse cosine: :math:`y = \arccos x`, in :math:`[0, \pi]`.

    Args:
        x: array or Variable of numbers in [-1, 1].

    Returns:
        Array or Variable of the shape of ``x``, in radians.

    >>> F.arccos(np.array([1.0, 0.0]))
    array([0.        , 1.57079633])
    """
    return xp.arccos(x)


@elementwise(x=lambda gy, x: gy / (x * x + 1))
def arctan(xp: Any, x: Any) -> Any:
    r"""The inverse tangent: :math:`y = \arctan x`, in :math:`[-\pi/2, \pi/2]`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``, in radians.

    >>> F.arctan(np.array([0.0, 1.0]))
    array([0.        , 0.78539816])
    """
    return xp.arctan(x)


@elementwise(
    x1=lambda gy, x1, x2: gy * (x2 / (x1 * x1 + x2 * x2)),
    x2=lambda gy, x1, x2: -gy * (x1 / (x1 * x1 + x2 * x2)),
)
def arctan2(xp: Any, x1: Any, x2: Any) -> Any:
    r"""The angle of the point (``x2``, ``x1``): :math:`y = \arctan(x_1 / x_2)` in its quadrant.

    Args:
        x1: array, Variable or number: the vertical coordinate.
        x2: array, Variable or number: the horizontal one, of a shape that broadcasts with ``x1``.

    Returns:
        Array or Variable of the broadcast shape, in radians.

    >>> F.arctan2(np.array([1.0, 1.0]), np.array([1.0, -1.0]))
    array([0.78539816, 2.35619449])
    """
    return xp.arctan2(x1, x2)


def _sinh_x(gy: Any, x: Any) -> Any:
    return gy * cosh(x)


@elementwise(x=_sinh_x)
def sinh(xp: Any, x: Any) -> Any:
    r"""The hyperbolic sine: :math:`y = (e^x - e^{-x}) / 2`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.sinh(np.array([0.0, 1.0]))
    array([0.        , 1.17520119])
    """
    return xp.sinh(x)


@elementwise(x=lambda gy, x: gy * sinh(x))
def cosh(xp: Any, x: Any) -> Any:
    r"""The hyperbolic cosine: :math:`y = (e^x + e^{-x}) / 2`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.cosh(np.array([0.0, 1.0]))
    array([1.        , 1.54308063])
    """
    return xp.cosh(x)


@elementwise(x=lambda gy, x: gy / ((1 - x) * (1 + x)))
def arctanh(xp: Any, x: Any) -> Any:
    r"""The inverse hyperbolic tangent: :math:`y = \frac12 \ln \frac{1 + x}{1 - x}`.

    Args:
        x: array or Variable of numbers in (-1, 1).

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.arctanh(np.array([0.0, 0.5]))
    array([0.        , 0.54930614])
    """
    return xp.arctanh(x)


# -- rounding, signs, limits -----------------------------------------------------------------------


@elementwise()
def ceil(xp: Any, x: Any) -> Any:
    r"""The smallest whole number that is not less: :math:`y = \lceil x \rceil`.

    Not differentiable: the result is cut off the graph.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.ceil(np.array([1.5, -1.5]))
    array([ 2., -1.])
    """
    return xp.ceil(x)


@elementwise()
def floor(xp: Any, x: Any) -> Any:
    r"""The largest whole number that is not greater: :math:`y = \lfloor x \rfloor`.

    Not differentiable: the result is cut off the graph.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.floor(np.array([1.5, -1.5]))
    array([ 1., -2.])
    """
    return xp.floor(x)


@elementwise()
def fix(xp: Any, x: Any) -> Any:
    r"""The number without its fraction, rounded towards zero.

    Not differentiable: the result is cut off the graph.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.fix(np.array([1.5, -1.5]))
    array([ 1., -1.])
    """
    return xp.trunc(x)


@elementwise()
def sign(xp: Any, x: Any) -> Any:
    r"""The sign: -1, 0 or 1.

    Not differentiable: the result is cut off the graph.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.sign(np.array([1.5, 0.0, -1.5]))
    array([ 1.,  0., -1.])
    """
    return xp.sign(x)


# Masks are made by functions of their own, not by array code inside a gradient: so a recorded
# backward sweep can be replayed on other values.
def _passed(gy: Any, x: Any, x_min: float, x_max: float) -> Any:
    return _inside(gy, x, x_min=x_min, x_max=x_max)


@elementwise(g=_passed)
def _inside(xp: Any, g: Any, x: Any, *, x_min: float, x_max: float) -> Any:
    """g where x lies inside the limits, 0 elsewhere."""
    return xp.where((x >= x_min) & (x <= x_max), g, 0)


@elementwise(x=_passed)
def _clip(xp: Any, x: Any, *, x_min: float, x_max: float) -> Any:
    return xp.clip(x, x_min, x_max)


def clip(x: Any, x_min: float, x_max: float) -> Any:
    r"""Limits the elements to an interval: :math:`y = \min(\max(x, x_{min}), x_{max})`.

    The gradient passes where :math:`x_{min} \le x \le x_{max}`.

    Args:
        x: array or Variable.
        x_min: the lower limit.
        x_max: the upper limit.

    Returns:
        Array or Variable of the shape of ``x``.

    Raises:
        RangeError: ``x_min`` is greater than ``x_max``.

    >>> F.clip(np.array([1.0, 2.0, 3.0]), 1.5, 2.5)
    array([1.5, 2. , 2.5])
    """
    if not all(isinstance(v, (int, float, np.number)) for v in (x_min, x_max)):
        got = f"x_min={describe(x_min)} and x_max={describe(x_max)}"
        raise DtypeError("clip(x, x_min, x_max)", got, "numbers")
    if not x_min <= x_max:
        raise RangeError(
            "clip(x, x_min, x_max)", f"x_min={x_min!r} and x_max={x_max!r}", "x_min <= x_max"
        )
    return _clip(x, x_min=x_min, x_max=x_max)
