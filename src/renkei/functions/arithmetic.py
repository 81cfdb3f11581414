"""Arithmetic of arrays with broadcasting: what the operators of a Variable call."""

from __future__ import annotations

import math
from typing import Any

from renkei.core.elementwise import elementwise
from renkei.functions.math import fix, sign

__all__ = [
    "absolute",
    "add",
    "divide",
    "fmod",
    "linear_interpolate",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "power",
    "subtract",
]


@elementwise(x=lambda gz: gz, y=lambda gz: gz)
def add(xp: Any, x: Any, y: Any) -> Any:
    r"""Sum of two arrays: :math:`z = x + y`.

    Args:
        x: array, Variable or number.
        y: array, Variable or number of a shape that broadcasts with ``x``.

    Returns:
        Array or Variable of the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: two Variables of different dtypes.

    >>> F.add(np.array([1.0, 2.0]), np.array([[10.0], [20.0]]))
    array([[11., 12.],
           [21., 22.]])
    """
    return x + y


@elementwise(x=lambda gz: gz, y=lambda gz: -gz)
def subtract(xp: Any, x: Any, y: Any) -> Any:
    r"""Difference of two arrays: :math:`z = x - y`.

    Args:
        x: array, Variable or number.
        y: array, Variable or number of a shape that broadcasts with ``x``.

    Returns:
        Array or Variable of the broadcast shape.

    >>> F.subtract(np.array([1.0, 2.0]), 1)
    array([0., 1.])
    """
    return x - y


@elementwise(x=lambda gz, y: gz * y, y=lambda gz, x: gz * x)
def multiply(xp: Any, x: Any, y: Any) -> Any:
    r"""Product of two arrays: :math:`z = x y`.

    Args:
        x: array, Variable or number.
        y: array, Variable or number of a shape that broadcasts with ``x``.

    Returns:
        Array or Variable of the broadcast shape.

    >>> F.multiply(np.array([1.0, 2.0]), 3)
    array([3., 6.])
    """
    return x * y


@elementwise(x=lambda gz, y: gz / y, y=lambda gz, y, z: -gz * z / y)
def divide(xp: Any, x: Any, y: Any) -> Any:
    r"""Quotient of two arrays: :math:`z = x / y`.

    Args:
        x: array, Variable or number.
        y: array, Variable or number of a shape that broadcasts with ``x``.

    Returns:
        Array or Variable of the broadcast shape.

    >>> F.divide(np.array([1.0, 2.0]), 2)
    array([0.5, 1. ])
    """
    return x / y


@elementwise(x=lambda gy: -gy)
def negative(xp: Any, x: Any) -> Any:
    r"""The array with its sign changed: :math:`y = -x`.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.negative(np.array([1.0, -2.0]))
    array([-1.,  2.])
    """
    return -x


def _power_x(gz: Any, x: Any, y: Any) -> Any:
    if isinstance(y, (int, float)):
        if y == 0:
            return gz * 0
        # power(x, 1) would be a slow copy of x
        return gz * x * 2 if y == 2 else gz * (x ** (y - 1) * y)
    return gz * y * _off_pole(x, y) ** (y - 1)


def _power_y(gz: Any, x: Any, z: Any) -> Any:
    if isinstance(x, (int, float)):
        return gz * z * (math.log(x) if x > 0 else 0.0 if x == 0 else math.nan)
    return gz * z * _log_off_zero(x)


@elementwise(x=lambda gz: gz)
def _off_pole(xp: Any, x: Any, y: Any) -> Any:
    """x, with 1 where both are 0: so x ** 0 has the slope 0 everywhere."""
    return xp.where((x == 0) & (y == 0), 1, x)


@elementwise(x=lambda gy, x: gy / _off_zero(x))
def _log_off_zero(xp: Any, x: Any) -> Any:
    """log x, with 0 where x is 0: there the slope of x ** y by y is 0 for any y > 0."""
    return xp.log(xp.where(x == 0, 1, x))


@elementwise(x=lambda gy: gy)
def _off_zero(xp: Any, x: Any) -> Any:
    return xp.where(x == 0, 1, x)


def _short_power(xp: Any, x: Any, y: Any) -> Any:
    """Powers that need no logarithm; NumPy itself knows -1, 0.5, 1 and 2."""
    if y == 3:
        return x * x * x
    if x.dtype.kind == "f":
        if y == -0.5:
            return 1 / xp.sqrt(x)
        if y == -2:
            return 1 / (x * x)
    return x**y


@elementwise(x=_power_x, y=_power_y)
def power(xp: Any, x: Any, y: Any) -> Any:
    r"""Power of two arrays: :math:`z = x^y`.

    At :math:`x = 0` the gradient by ``y`` is taken as 0, and so is the one by ``x`` where ``y`` is
    0 too.

    Args:
        x: array, Variable or number: the base.
        y: array, Variable or number: the exponent, of a shape that broadcasts with ``x``.

    Returns:
        Array or Variable of the broadcast shape.

    >>> F.power(np.array([1.0, 2.0, 3.0]), 2)
    array([1., 4., 9.])
    """
    if y.__class__ is int or y.__class__ is float:
        return x**y if x.__class__ in (int, float) else _short_power(xp, x, y)
    return x**y


@elementwise(x=lambda gy, x: gy * sign(x))
def absolute(xp: Any, x: Any) -> Any:
    r"""The absolute value: :math:`y = |x|`, with gradient 0 at 0.

    Args:
        x: array or Variable.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.absolute(np.array([-1.0, 2.0]))
    array([1., 2.])
    """
    return abs(x)


@elementwise(x=lambda gy: gy, divisor=lambda gy, x, divisor: -gy * fix(x / divisor))
def fmod(xp: Any, x: Any, divisor: Any) -> Any:
    r"""The remainder of a division rounded towards zero: :math:`y = x - d\,\mathrm{fix}(x / d)`.

    Args:
        x: array, Variable or number.
        divisor: array, Variable or number of a shape that broadcasts with ``x``: :math:`d`.

    Returns:
        Array or Variable of the broadcast shape, with the sign of ``x``.

    >>> F.fmod(np.array([5.0, -5.0]), np.array([3.0, 3.0]))
    array([ 2., -2.])
    """
    return xp.fmod(x, divisor)


# Masks are made by functions of their own, not by array code inside a gradient: so a recorded
# backward sweep can be replayed on other values.
def _where_ge_g(gy: Any, a: Any, b: Any) -> Any:
    return _where_ge(gy, a, b)


def _where_gt_g(gy: Any, a: Any, b: Any) -> Any:
    return _where_gt(gy, a, b)


@elementwise(g=_where_ge_g)
def _where_ge(xp: Any, g: Any, a: Any, b: Any) -> Any:
    """g where a >= b, 0 elsewhere."""
    return xp.where(a >= b, g, 0)


@elementwise(g=_where_gt_g)
def _where_gt(xp: Any, g: Any, a: Any, b: Any) -> Any:
    """g where a > b, 0 elsewhere."""
    return xp.where(a > b, g, 0)


@elementwise(
    x1=lambda gy, x1, x2: _where_ge(gy, x1, x2),
    x2=lambda gy, x1, x2: _where_gt(gy, x2, x1),
)
def maximum(xp: Any, x1: Any, x2: Any) -> Any:
    r"""The greater of two numbers: :math:`y = \max(x_1, x_2)`.

    Where both are equal, the gradient goes to ``x1``.

    Args:
        x1: array, Variable or number.
        x2: array, Variable or number of a shape that broadcasts with ``x1``.

    Returns:
        Array or Variable of the broadcast shape.

    >>> F.maximum(np.array([1.0, 2.0]), np.array([3.0, -1.0]))
    array([3., 2.])
    """
    return xp.maximum(x1, x2)


@elementwise(
    x1=lambda gy, x1, x2: _where_ge(gy, x2, x1),
    x2=lambda gy, x1, x2: _where_gt(gy, x1, x2),
)
def minimum(xp: Any, x1: Any, x2: Any) -> Any:
    r"""The smaller of two numbers: :math:`y = \min(x_1, x_2)`.

    Where both are equal, the gradient goes to ``x1``.

    Args:
        x1: array, Variable or number.
        x2: array, Variable or number of a shape that broadcasts with ``x1``.

    Returns:
        Array or Variable of the broadcast shape.

    >>> F.minimum(np.array([1.0, 2.0]), np.array([3.0, -1.0]))
    array([ 1., -1.])
    """
    return xp.minimum(x1, x2)


@elementwise(p=lambda gz, x, y: gz * (x - y), x=lambda gz, p: gz * p, y=lambda gz, p: gz - gz * p)
def linear_interpolate(xp: Any, p: Any, x: Any, y: Any) -> Any:
    r"""A mixture of two arrays: :math:`z = p x + (1 - p) y`.

    Args:
        p: the share of ``x``, array, Variable or number.
        x: array, Variable or number.
        y: array, Variable or number. The shapes of all three broadcast.

    Returns:
        Array or Variable of the broadcast shape.

    Raises:
        ShapeError: the shapes do not broadcast.
        DtypeError: Variables of different dtypes.

    >>> F.linear_interpolate(np.array([0.0, 0.25, 1.0]), np.ones(3), np.full(3, 5.0))
    array([5., 4., 1.])
    """
    return p * x + (1 - p) * y
