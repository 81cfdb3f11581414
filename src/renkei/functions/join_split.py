"""Several arrays to one, one array to several."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from renkei.core.device import get_array_module
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, normalize_axis
from renkei.functions.shape import integers, reshape

__all__ = [
    "concat",
    "dstack",
    "hstack",
    "separate",
    "split_axis",
    "stack",
    "transpose_sequence",
    "vstack",
]


def listed(call: str, xs: Any) -> tuple[Any, ...]:
    """The arrays of a list; refuses an empty one and mixed dtypes."""
    if not isinstance(xs, Iterable):
        raise DtypeError(call, describe(xs), "a list of arrays or Variables")
    xs = tuple(xs)
    if not xs:
        raise ShapeError(call, "an empty list", "at least one array")
    for i, x in enumerate(xs):
        if not hasattr(x, "dtype") or not hasattr(x, "ndim"):
            raise DtypeError(call, f"xs[{i}] {describe(x)}", "an array or a Variable")
        if x.dtype != xs[0].dtype:
            got = f"xs[0] of {xs[0].dtype} and xs[{i}] of {x.dtype}"
            raise DtypeError(call, got, "one dtype", "Convert one: F.cast(x, dtype).")
    return xs


def with_zeros(gys: Any, specs: Any) -> list[Any]:
    """The gradients of several outputs, zeros where an output was not used."""
    like = next(g for g in gys if g is not None)
    xp = get_array_module(like)
    return [
        xp.zeros(shape, like.dtype) if g is None else g for g, shape in zip(gys, specs, strict=True)
    ]


class Concat(Function):
    """Joins arrays along an axis that they have."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def check(self, *xs: Any) -> Spec:
        call, first = "concat(xs, axis)", xs[0].shape
        axis = normalize_axis(call, self.axis, len(first))
        for i, x in enumerate(xs):
            if x.shape[:axis] != first[:axis] or x.shape[axis + 1 :] != first[axis + 1 :]:
                raise ShapeError(
                    call,
                    f"xs[0] {first} and xs[{i}] {x.shape}, axis={self.axis}",
                    "shapes that differ on that axis only",
                )
        size = sum(x.shape[axis] for x in xs)
        return Spec((*first[:axis], size, *first[axis + 1 :]), xs[0].dtype)

    def forward(self, *xs: Any) -> Any:
        return get_array_module(*xs).concatenate(xs, self.axis)

    def grads(self, wanted: tuple[bool, ...], gy: Any) -> Any:
        ends, end = [], 0
        for i in range(len(wanted) - 1):
            end += self.specs[i].shape[self.axis]
            ends.append(end)
        return SplitAxis(tuple(ends), self.axis)(gy)


def concat(xs: Sequence[Any], axis: int = 1) -> Any:
    r"""Joins arrays along an axis.

    Args:
        xs: arrays or Variables of one dtype whose shapes differ on ``axis`` only.
        axis: the axis; mind that its default is 1.

    Returns:
        Array or Variable whose size along ``axis`` is the sum of theirs.

    Raises:
        ShapeError: the list is empty, or the shapes do not fit.
        DtypeError: the dtypes differ.
        RangeError: the arrays have no such axis.

    >>> F.concat([np.array([[1], [2]]), np.array([[3, 4], [5, 6]])])
    array([[1, 3, 4],
           [2, 5, 6]])
    """
    return Concat(axis)(*listed("concat(xs, axis)", xs))


class SplitAxis(Function):
    """Cuts an array along an axis: before these indices, or into so many equal parts."""

    outputs = ("*ys",)

    def __init__(self, sections: int | tuple[int, ...], axis: int) -> None:
        self.sections, self.axis = sections, axis

    def check(self, x: Any) -> tuple[Spec, ...]:
        axis = normalize_axis("split_axis(x, indices_or_sections, axis)", self.axis, x.ndim)
        head, tail = x.shape[:axis], x.shape[axis + 1 :]
        cuts = self._cuts(x.shape[axis])
        return tuple(Spec((*head, b - a, *tail), x.dtype) for a, b in pairwise(cuts))

    def _cuts(self, size: int) -> list[int]:
        call = "split_axis(x, indices_or_sections, axis)"
        if not isinstance(self.sections, tuple):
            n = self.sections
            if n < 1 or size % n:
                hint = "Give the indices to cut at for unequal parts."
                raise ShapeError(call, f"{n} sections of {size}", "an equal division", hint)
            return list(range(0, size + 1, size // n)) if size else [0] * (n + 1)
        cuts = [0, *self.sections, size]
        if any(a > b for a, b in pairwise(cuts)):
            raise RangeError(
                call, f"indices {self.sections}", f"rising numbers in [0, {size}], the axis' size"
            )
        return cuts

    def forward(self, x: Any) -> tuple[Any, ...]:
        cuts = self._cuts(x.shape[self.axis])
        head = (slice(None),) * (self.axis % x.ndim)
        return tuple(x[(*head, slice(a, b))] for a, b in pairwise(cuts))

    def grad_x(self, gys: Any) -> Any:
        return Concat(self.axis)(
            *with_zeros(gys, [spec.shape for spec in self.check(self.specs.x)])
        )


def split_axis(
    x: Any, indices_or_sections: int | Sequence[int], axis: int, force_tuple: bool = True
) -> Any:
    r"""Cuts an array along an axis.

    Args:
        x: array or Variable.
        indices_or_sections: the number of equal parts, or the indices before which to cut.
        axis: the axis to cut.
        force_tuple: return a tuple even if there is only one part.

    Returns:
        Tuple of arrays or Variables, views of ``x``.

    Raises:
        ShapeError: the axis does not divide into so many equal parts.
        RangeError: the indices do not rise or reach beyond the axis; or there is no such axis.

    >>> F.split_axis(np.arange(5), [2, 3], axis=0)
    (array([0, 1]), array([2]), array([3, 4]))
    """
    call, sections = "split_axis(x, indices_or_sections, axis)", indices_or_sections
    if hasattr(sections, "__index__") and not getattr(sections, "ndim", 0):
        parts: Any = operator.index(sections)  # type: ignore[arg-type]
    else:
        parts = integers(call, "indices_or_sections", sections)
    ys = SplitAxis(parts, axis)(x)
    return ys if force_tuple or len(ys) > 1 else ys[0]


class Stack(Function):
    """Joins arrays of one shape along a new axis."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def check(self, *xs: Any) -> Spec:
        call, shape = "stack(xs, axis)", xs[0].shape
        for i, x in enumerate(xs):
            if x.shape != shape:
                raise ShapeError(call, f"xs[0] {shape} and xs[{i}] {x.shape}", "equal shapes")
        axis = normalize_axis(call, self.axis, len(shape) + 1)
        return Spec((*shape[:axis], len(xs), *shape[axis:]), xs[0].dtype)

    def forward(self, *xs: Any) -> Any:
        return get_array_module(*xs).stack(xs, self.axis)

    def grads(self, wanted: tuple[bool, ...], gy: Any) -> Any:
        return Separate(self.axis)(gy)


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    r"""Joins arrays of one shape along a new axis.

    Args:
        xs: arrays or Variables of one shape with n axes, and of one dtype.
        axis: where the new axis shall be, in [-n-1, n].

    Returns:
        Array or Variable with n+1 axes.

    Raises:
        ShapeError: the list is empty, or the shapes differ.
        DtypeError: the dtypes differ.
        RangeError: ``axis`` is outside of its range.

    >>> F.stack([np.array([1, 2]), np.array([3, 4])], axis=1)
    array([[1, 3],
           [2, 4]])
    """
    return Stack(axis)(*listed("stack(xs, axis)", xs))


class Separate(Function):
    """The slices of an array along an axis, without that axis."""

    outputs = ("*ys",)

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def check(self, x: Any) -> tuple[Spec, ...]:
        axis = normalize_axis("separate(x, axis)", self.axis, x.ndim)
        return (Spec((*x.shape[:axis], *x.shape[axis + 1 :]), x.dtype),) * x.shape[axis]

    def forward(self, x: Any) -> tuple[Any, ...]:
        moved = get_array_module(x).moveaxis(x, self.axis, 0)
        # x[i] of a vector would be a NumPy scalar, x[i, ...] is a view without axes.
        return tuple(moved[i, ...] for i in range(len(moved)))

    def grad_x(self, gys: Any) -> Any:
        return Stack(self.axis)(*with_zeros(gys, [spec.shape for spec in self.check(self.specs.x)]))


def separate(x: Any, axis: int = 0) -> Any:
    r"""Takes an array apart along an axis: the inverse of ``stack``.

    Args:
        x: array or Variable.
        axis: the axis, which the results do not have.

    Returns:
        Tuple of ``x.shape[axis]`` arrays or Variables, views of ``x``.

    Raises:
        RangeError: ``x`` has no such axis.

    >>> F.separate(np.array([[1, 2], [3, 4]]), axis=1)
    (array([1, 3]), array([2, 4]))
    """
    return Separate(axis)(x)


def _ranks(call: str, xs: Any) -> tuple[Any, ...]:
    """The arrays of a list, which must have equal numbers of axes."""
    arrays = listed(call, xs)
    for i, x in enumerate(arrays):
        if x.ndim != arrays[0].ndim:
            got = f"xs[0] {arrays[0].shape} and xs[{i}] {x.shape}"
            raise ShapeError(call, got, "equal numbers of axes")
    return arrays


def hstack(xs: Sequence[Any]) -> Any:
    r"""Joins arrays side by side: along axis 1, vectors along axis 0.

    Args:
        xs: arrays or Variables with equal numbers of axes.

    Returns:
        Array or Variable.

    Raises:
        ShapeError: the list is empty, or the shapes do not fit.
        DtypeError: the dtypes differ.

    >>> F.hstack([np.array([1, 2]), np.array([3])])
    array([1, 2, 3])
    """
    arrays = _ranks("hstack(xs)", xs)
    if arrays[0].ndim == 0:
        arrays = tuple(reshape(x, (1,)) for x in arrays)
    return concat(arrays, 0 if arrays[0].ndim == 1 else 1)


def vstack(xs: Sequence[Any]) -> Any:
    r"""Joins arrays one below the other: along axis 0, vectors as rows.

    Args:
        xs: arrays or Variables with equal numbers of axes.

    Returns:
        Array or Variable with at least 2 axes.

    Raises:
        ShapeError: the list is empty, or the shapes do not fit.
        DtypeError: the dtypes differ.

    >>> F.vstack([np.array([1, 2]), np.array([3, 4])])
    array([[1, 2],
           [3, 4]])
    """
    arrays = _ranks("vstack(xs)", xs)
    if arrays[0].ndim < 2:
        arrays = tuple(reshape(x, (1, -1)) if x.size else reshape(x, (1, 0)) for x in arrays)
    return concat(arrays, 0)


def dstack(xs: Sequence[Any]) -> Any:
    r"""Joins arrays behind each other: along axis 2, which vectors and matrices get first.

    Args:
        xs: arrays or Variables with equal numbers of axes. A vector of n counts as (1, n, 1), a
            matrix (m, n) as (m, n, 1).

    Returns:
        Array or Variable with at least 3 axes.

    Raises:
        ShapeError: the list is empty, or the shapes do not fit.
        DtypeError: the dtypes differ.

    >>> F.dstack([np.array([1, 2]), np.array([3, 4])])
    array([[[1, 3],
            [2, 4]]])
    """
    arrays = _ranks("dstack(xs)", xs)
    if arrays[0].ndim < 2:
        arrays = tuple(reshape(x, (1, x.size, 1)) for x in arrays)
    elif arrays[0].ndim == 2:
        arrays = tuple(reshape(x, (*x.shape, 1)) for x in arrays)
    return concat(arrays, 2)


class TransposeSequence(Function):
    """Sequences of different lengths, the longest first, to one array per time step."""

    outputs = ("*ys",)

    def check(self, *xs: Any) -> tuple[Spec, ...]:
        call, tail = "transpose_sequence(xs)", xs[0].shape[1:]
        for i, x in enumerate(xs):
            if x.ndim == 0 or x.shape[1:] != tail:
                got = f"xs[0] {xs[0].shape} and xs[{i}] {x.shape}"
                raise ShapeError(call, got, "shapes that differ on axis 0 only")
        lengths = [x.shape[0] for x in xs]
        if lengths != sorted(lengths, reverse=True):
            raise ShapeError(call, f"lengths {lengths}", "the longest first", "Sort the sequences.")
        return tuple(Spec((n, *tail), xs[0].dtype) for n in _counts(lengths))

    def forward(self, *xs: Any) -> tuple[Any, ...]:
        xp = get_array_module(*xs)
        counts = _counts([x.shape[0] for x in xs])
        return tuple(xp.stack([x[t] for x in xs[:n]]) for t, n in enumerate(counts))

    def grads(self, wanted: tuple[bool, ...], gys: Any) -> Any:
        lengths, tail = (
            [self.specs[i].shape[0] for i in range(len(wanted))],
            self.specs[0].shape[1:],
        )
        gxs = TransposeSequence()(*with_zeros(gys, [(n, *tail) for n in _counts(lengths)]))
        return gxs + (None,) * (len(wanted) - len(gxs))  # sequences of length 0


def _counts(lengths: list[int]) -> list[int]:
    """For each time step, how many sequences are that long."""
    return [sum(n > t for n in lengths) for t in range(lengths[0])]


def transpose_sequence(xs: Sequence[Any]) -> tuple[Any, ...]:
    r"""Regroups sequences of different lengths by time step; twice gives them back.

    Args:
        xs: arrays or Variables of shapes (length_i, ...), the longest first.

    Returns:
        Tuple with one array or Variable per time step, of shape (sequences that long, ...).

    Raises:
        ShapeError: the sequences are not sorted, or differ in more than their length.
        DtypeError: the dtypes differ.

    >>> F.transpose_sequence([np.array([1, 2, 3]), np.array([4])])
    (array([1, 4]), array([2]), array([3]))
    """
    xs = tuple(xs)
    return TransposeSequence()(*listed("transpose_sequence(xs)", xs)) if xs else ()
