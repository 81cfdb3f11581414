"""The same elements in another shape, the same axes in another order."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

from renkei.core.device import get_array_module
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_integer, normalize_axes, normalize_axis

__all__ = [
    "expand_dims",
    "flatten",
    "moveaxis",
    "reshape",
    "rollaxis",
    "squeeze",
    "swapaxes",
    "transpose",
]


def integers(call: str, name: str, values: Any) -> tuple[int, ...]:
    """A tuple of integers from one integer or a sequence of them."""
    try:
        if hasattr(values, "__index__") and not getattr(values, "ndim", 0):
            return (operator.index(values),)
        return tuple(map(operator.index, values))
    except TypeError:
        raise DtypeError(call, f"{name}={values!r}", "an integer, or several") from None


class Reshape(Function):
    """Another shape for the same elements in C order."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def check(self, x: Any) -> Spec:
        return Spec(_resolved(x.shape, self.shape), x.dtype)

    def forward(self, x: Any) -> Any:
        return x.reshape(self.shape)

    def grad_x(self, gy: Any) -> Any:
        return reshape(gy, self.specs.x.shape)


def _resolved(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[int, ...]:
    """The new shape with its -1 computed."""
    if min(new, default=0) >= 0 and prod(old) == prod(new):
        return new
    call = "reshape(x, shape)"
    unknown = [i for i, size in enumerate(new) if size < 0]
    if len(unknown) > 1 or any(new[i] != -1 for i in unknown):
        raise ShapeError(call, f"shape {new}", "sizes of 0 or more, and at most one -1")
    have, want = prod(old), prod(size for size in new if size >= 0)
    if not unknown:
        if have != want:
            raise ShapeError(
                call,
                f"x {old} and shape {new}",
                f"equal numbers of elements, here {have} != {want}",
                "One size may be -1: it is computed from the others.",
            )
        return new
    if want == 0 or have % want:
        raise ShapeError(
            call, f"x {old} and shape {new}", f"{have} elements to be a multiple of {want}"
        )
    return tuple(have // want if size < 0 else size for size in new)


def reshape(x: Any, shape: int | Sequence[int]) -> Any:
    r"""Gives an array another shape; the elements keep their C order.

    Args:
        x: array or Variable of any shape.
        shape: the new shape; one size may be -1, which is computed from the others.

    Returns:
        Array or Variable of shape ``shape``: a view where the memory order allows one.

    Raises:
        ShapeError: the numbers of elements differ.

    >>> F.reshape(np.arange(6), (2, -1))
    array([[0, 1, 2],
           [3, 4, 5]])
    """
    return Reshape(integers("reshape(x, shape)", "shape", shape))(x)


def reshape_method(x: Any, *shape: Any) -> Any:
    """Another shape, given as integers or as one tuple; see ``F.reshape``."""
    return reshape(x, shape[0] if len(shape) == 1 else shape)


def flatten(x: Any) -> Any:
    r"""All elements of an array on one axis, in C order.

    Args:
        x: array or Variable of any shape.

    Returns:
        Array or Variable of shape ``(x.size,)``.

    >>> F.flatten(np.array([[1, 2], [3, 4]]))
    array([1, 2, 3, 4])
    """
    return Reshape((-1,))(x)


class Transpose(Function):
    """The axes in another order; None reverses them."""

    def __init__(self, axes: tuple[int, ...] | None = None) -> None:
        self.axes = axes

    def check(self, x: Any) -> Spec:
        if self.axes is None:
            return Spec(x.shape[::-1], x.dtype)
        call = "transpose(x, axes)"
        axes = normalize_axes(call, self.axes, x.ndim)
        if len(axes) != x.ndim:
            raise ShapeError(call, f"x {x.shape}, axes={self.axes}", "every axis of x once")
        return Spec(tuple(x.shape[i] for i in axes), x.dtype)

    def forward(self, x: Any) -> Any:
        return x.transpose(self.axes)

    def grad_x(self, gy: Any) -> Any:
        if self.axes is None:
            return Transpose()(gy)
        n = len(self.axes)
        axes = [i % n for i in self.axes]
        return Transpose(tuple(axes.index(i) for i in range(n)))(gy)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    r"""Puts the axes of an array in another order.

    Args:
        x: array or Variable with n axes.
        axes: a permutation of 0 ... n-1: axis i of the result is axis ``axes[i]`` of ``x``.
            Negative numbers count from the end; None reverses the order.

    Returns:
        Array or Variable, a view of ``x``.

    Raises:
        ShapeError: ``axes`` is no permutation of the axes of ``x``.
        RangeError: ``x`` has no such axis.

    >>> F.transpose(np.zeros((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return Transpose(None if axes is None else integers("transpose(x, axes)", "axes", axes))(x)


def transpose_method(x: Any, *axes: Any) -> Any:
    """The axes in another order, given as integers or as one tuple; see ``F.transpose``."""
    if len(axes) == 1 and not hasattr(axes[0], "__index__"):
        return transpose(x, axes[0])
    return transpose(x, axes or None)


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    r"""Exchanges two axes.

    Args:
        x: array or Variable.
        axis1: an axis of ``x``.
        axis2: the axis to exchange it with.

    Returns:
        Array or Variable, a view of ``x``.

    Raises:
        RangeError: ``x`` has no such axis.

    >>> F.swapaxes(np.zeros((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    call, n = "swapaxes(x, axis1, axis2)", ndim_of("swapaxes(x, axis1, axis2)", x)
    i, j = normalize_axis(call, axis1, n), normalize_axis(call, axis2, n)
    axes = list(range(n))
    axes[i], axes[j] = j, i
    return Transpose(tuple(axes))(x)


def ndim_of(call: str, x: Any) -> int:
    """The number of axes of an array or Variable; refuses anything else."""
    try:
        return x.ndim
    except AttributeError:
        raise DtypeError(call, describe(x), "an array or a Variable") from None


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    r"""Moves axes to new places; the others stay in order.

    Args:
        x: array or Variable.
        source: an axis, or several.
        destination: where each of them shall be.

    Returns:
        Array or Variable, a view of ``x``.

    Raises:
        ShapeError: ``source`` and ``destination`` differ in length, or name an axis twice.
        RangeError: ``x`` has no such axis.

    >>> F.moveaxis(np.zeros((2, 3, 4, 5)), (0, 1), (-1, -2)).shape
    (4, 5, 3, 2)
    """
    call = "moveaxis(x, source, destination)"
    n = ndim_of(call, x)
    old, new = normalize_axes(call, source, n), normalize_axes(call, destination, n)
    if len(old) != len(new):
        raise ShapeError(call, f"source={source}, destination={destination}", "as many of each")
    axes = [i for i in range(n) if i not in old]
    for place, axis in sorted(zip(new, old)):
        axes.insert(place, axis)
    return Transpose(tuple(axes))(x)


def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    r"""Moves an axis in front of another one; ``moveaxis`` is easier to read.

    Args:
        x: array or Variable.
        axis: the axis to move.
        start: the axis before which it shall stand; ``x.ndim`` puts it last.

    Returns:
        Array or Variable, a view of ``x``.

    Raises:
        RangeError: ``x`` has no such axis.

    >>> F.rollaxis(np.zeros((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    call = "rollaxis(x, axis, start)"
    n = ndim_of(call, x)
    old = normalize_axis(call, axis, n)
    place = need_integer(call, "start", start)
    if not -n <= place <= n:
        raise RangeError(call, f"start={place} for {n} axes", f"a number in [{-n}, {n}]")
    place += n if place < 0 else 0
    return moveaxis(x, old, place - 1 if old < place else place)


class ExpandDims(Function):
    """A new axis of size 1."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def check(self, x: Any) -> Spec:
        axis = normalize_axis("expand_dims(x, axis)", self.axis, x.ndim + 1)
        return Spec((*x.shape[:axis], 1, *x.shape[axis:]), x.dtype)

    def forward(self, x: Any) -> Any:
        return get_array_module(x).expand_dims(x, self.axis)

    def grad_x(self, gy: Any) -> Any:
        return Squeeze((self.axis,))(gy)


def expand_dims(x: Any, axis: int) -> Any:
    r"""Adds an axis of size 1.

    Args:
        x: array or Variable with n axes.
        axis: where the new axis shall be, in [-n-1, n].

    Returns:
        Array or Variable with n+1 axes, a view of ``x``.

    Raises:
        RangeError: ``axis`` is outside of its range.

    >>> F.expand_dims(np.zeros((2, 3)), 1).shape
    (2, 1, 3)
    """
    return ExpandDims(axis)(x)


class Squeeze(Function):
    """Drops axes of size 1; None drops all of them."""

    def __init__(self, axis: tuple[int, ...] | None = None) -> None:
        self.axis = axis

    def check(self, x: Any) -> Spec:
        axes = self._axes(x)
        for i in axes:
            if x.shape[i] != 1:
                raise ShapeError("squeeze(x, axis)", f"x {x.shape}, axis={i}", "an axis of size 1")
        return Spec(tuple(s for i, s in enumerate(x.shape) if i not in axes), x.dtype)

    def _axes(self, x: Any) -> tuple[int, ...]:
        if self.axis is None:
            return tuple(i for i, size in enumerate(x.shape) if size == 1)
        return normalize_axes("squeeze(x, axis)", self.axis, x.ndim)

    def forward(self, x: Any) -> Any:
        return x.squeeze(self.axis)

    def grad_x(self, gy: Any) -> Any:
        return reshape(gy, self.specs.x.shape)


def squeeze(x: Any, axis: int | Sequence[int] | None = None) -> Any:
    r"""Drops axes of size 1.

    Args:
        x: array or Variable.
        axis: the axes to drop; None drops every axis of size 1.

    Returns:
        Array or Variable, a view of ``x``.

    Raises:
        ShapeError: an axis to drop is not of size 1.
        RangeError: ``x`` has no such axis.

    >>> F.squeeze(np.zeros((1, 3, 1)), axis=0).shape
    (3, 1)
    """
    return Squeeze(None if axis is None else integers("squeeze(x, axis)", "axis", axis))(x)
