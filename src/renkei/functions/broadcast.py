"""Broadcasting, made explicit, and its adjoint."""

from __future__ import annotations

from typing import Any

from renkei.core.broadcast import broadcast_to, sum_to
from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.shapes import broadcast_shapes, normalize_axis
from renkei.functions.arithmetic import add, multiply
from renkei.functions.shape import reshape

__all__ = ["bias", "broadcast", "broadcast_to", "scale", "sum_to"]


def broadcast(*xs: Any) -> tuple[Any, ...]:
    r"""Broadcasts several arrays to their common shape.

    Args:
        xs: arrays or Variables whose shapes broadcast.

    Returns:
        Tuple of arrays or Variables of one shape.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> [y.shape for y in F.broadcast(np.zeros((3, 1)), np.zeros(2))]
    [(3, 2), (3, 2)]
    """
    call = "broadcast(*xs)"
    for i, x in enumerate(xs):
        if not hasattr(x, "shape"):
            raise DtypeError(call, f"xs[{i}] {describe(x)}", "an array or a Variable")
    shape = broadcast_shapes(call, *[x.shape for x in xs])
    return tuple(broadcast_to(x, shape) for x in xs)


def _aligned(call: str, x: Any, y: Any, axis: int) -> Any:
    """``y`` with axes of size 1 behind, so that its first axis meets an axis of ``x``."""
    for name, value in (("x", x), ("y", y)):
        if not hasattr(value, "ndim"):
            raise DtypeError(call, f"{name} {describe(value)}", "an array or a Variable")
    first = normalize_axis(call, axis, max(x.ndim, 1))
    behind = x.ndim - first - y.ndim
    if behind < 0 or x.shape[first : first + y.ndim] != y.shape:
        raise ShapeError(
            call,
            f"x {x.shape} and y {y.shape}, axis={axis}",
            f"y of a shape that x.shape{x.shape} has from axis {axis} on",
        )
    return reshape(y, y.shape + (1,) * behind)


def scale(x: Any, y: Any, axis: int = 1) -> Any:
    r"""Multiplies by an array that is repeated along the axes that it lacks.

    :math:`z_{i j k} = x_{i j k} y_j` for a vector ``y`` and axis 1.

    Args:
        x: array or Variable.
        y: array or Variable whose shape is a stretch of the shape of ``x``.
        axis: the axis of ``x`` where that stretch begins.

    Returns:
        Array or Variable of the shape of ``x``.

    Raises:
        ShapeError: ``x`` has no such stretch there.
        RangeError: ``x`` has no such axis.

    >>> F.scale(np.ones((2, 2)), np.array([3.0, 4.0]), axis=0)
    array([[3., 3.],
           [4., 4.]])
    """
    return multiply(x, _aligned("scale(x, y, axis)", x, y, axis))


def bias(x: Any, y: Any, axis: int = 1) -> Any:
    r"""Adds an array that is repeated along the axes that it lacks.

    :math:`z_{i j k} = x_{i j k} + y_j` for a vector ``y`` and axis 1.

    Args:
        x: array or Variable.
        y: array or Variable whose shape is a stretch of the shape of ``x``.
        axis: the axis of ``x`` where that stretch begins.

    Returns:
        Array or Variable of the shape of ``x``.

    Raises:
        ShapeError: ``x`` has no such stretch there.
        RangeError: ``x`` has no such axis.

    >>> F.bias(np.zeros((2, 2)), np.array([3.0, 4.0]), axis=0)
    array([[3., 3.],
           [4., 4.]])
    """
    return add(x, _aligned("bias(x, y, axis)", x, y, axis))
