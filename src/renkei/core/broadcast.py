"""Broadcasting and its adjoint, which the gradients of elementwise functions need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from renkei.core.device import as_array, get_array_module
from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, broadcast_shapes, reduced_axes

__all__ = ["BroadcastTo", "SumTo", "broadcast_to", "sum_array_to", "sum_to"]


class BroadcastTo(Function):
    """Repeats an array along axes of size 1 and along new leading axes."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = tuple(shape)

    def check(self, x: Any) -> Spec:
        if broadcast_shapes("broadcast_to(x, shape)", x.shape, self.shape) != self.shape:
            raise ShapeError(
                "broadcast_to(x, shape)", f"x {x.shape}, shape {self.shape}", "a larger shape"
            )
        return Spec(self.shape, x.dtype)

    def forward(self, x: Any) -> Any:
        return get_array_module(x).broadcast_to(x, self.shape)

    def grad_x(self, gy: Any) -> Any:
        return sum_to(gy, self.specs.x.shape)


class SumTo(Function):
    """Sums an array over the axes along which broadcasting had repeated it."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = tuple(shape)

    def check(self, x: Any) -> Spec:
        if broadcast_shapes("sum_to(x, shape)", x.shape, self.shape) != x.shape:
            raise ShapeError(
                "sum_to(x, shape)", f"x {x.shape}, shape {self.shape}", "a smaller shape"
            )
        return Spec(self.shape, x.dtype)

    def forward(self, x: Any) -> Any:
        return sum_array_to(x, self.shape)

    def grad_x(self, gy: Any) -> Any:
        return broadcast_to(gy, self.specs.x.shape)


def sum_array_to(x: Any, shape: tuple[int, ...]) -> Any:
    return as_array(x.sum(axis=reduced_axes(x.shape, shape), keepdims=True).reshape(shape))


def broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    r"""Broadcasts an array to a shape, by NumPy's rules.

    Args:
        x: array or Variable of any shape that broadcasts to ``shape``.
        shape: the new shape.

    Returns:
        Array or Variable of shape ``shape``.

    Raises:
        ShapeError: ``x`` does not broadcast to ``shape``.

    >>> F.broadcast_to(np.array([[1], [2]]), (2, 3))
    array([[1, 1, 1],
           [2, 2, 2]])
    """
    if not isinstance(shape, tuple):
        shape = _sizes("broadcast_to(x, shape)", shape)
    return x if getattr(x, "shape", None) == shape else BroadcastTo(shape)(x)


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    r"""Sums an array so that it has a shape: the adjoint of ``broadcast_to``.

    Args:
        x: array or Variable whose shape ``shape`` broadcasts to.
        shape: the new shape.

    Returns:
        Array or Variable of shape ``shape``.

    Raises:
        ShapeError: ``shape`` does not broadcast to the shape of ``x``.

    >>> F.sum_to(np.array([[1, 2, 3], [4, 5, 6]]), (2, 1))
    array([[ 6],
           [15]])
    """
    if not isinstance(shape, tuple):
        shape = _sizes("sum_to(x, shape)", shape)
    return x if getattr(x, "shape", None) == shape else SumTo(shape)(x)


def _sizes(call: str, shape: Any) -> tuple[int, ...]:
    if isinstance(shape, str) or not isinstance(shape, Iterable):
        raise DtypeError(call, f"shape={describe(shape)}", "a tuple of integers")
    return tuple(shape)
