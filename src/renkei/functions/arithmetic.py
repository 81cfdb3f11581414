"""Arithmetic of arrays with broadcasting: what the operators of a Variable call."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.elementwise import elementwise

__all__ = ["absolute", "add", "divide", "multiply", "negative", "power", "subtract"]


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
    if isinstance(y, (int, float)) and y == 2:
        return gz * x * 2  # power(x, 1) would be a slow copy of x
    return gz * y * x ** (y - 1)


def _power_y(gz: Any, x: Any, z: Any) -> Any:
    return gz * z * _safe_log(x)


@elementwise(x=lambda gy, x: gy / x)
def _log(xp: Any, x: Any) -> Any:
    return xp.log(x)


def _safe_log(x: Any) -> Any:
    """log x, with 0 where x is 0: there the gradient by the exponent is 0 for any exponent > 0."""
    if isinstance(x, (int, float)):
        return float(np.log(x)) if x > 0 else 0.0 if x == 0 else float("nan")
    array = getattr(x, "array", x)
    zero = array == 0
    return _log(x + zero) if get_array_module(array).any(zero) else _log(x)


@elementwise(x=_power_x, y=_power_y)
def power(xp: Any, x: Any, y: Any) -> Any:
    r"""Power of two arrays: :math:`z = x^y`.

    Args:
        x: array, Variable or number: the base.
        y: array, Variable or number: the exponent, of a shape that broadcasts with ``x``.

    Returns:
        Array or Variable of the broadcast shape.

    >>> F.power(np.array([1.0, 2.0, 3.0]), 2)
    array([1., 4., 9.])
    """
    return x**y


@elementwise(x=lambda gy, x: gy * get_array_module(x).sign(getattr(x, "array", x)))
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
