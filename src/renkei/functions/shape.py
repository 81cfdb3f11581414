"""The same elements in another form: shapes, orders of axes, repeats."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

from renkei.core.device import get_array_module
from renkei.core.elementwise import broadcast_to
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, normalize_axes, normalize_axis
from renkei.functions.indexing import get_item

__all__ = [
    "as_strided",
    "depth2space",
    "diagonal",
    "expand_dims",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "moveaxis",
    "repeat",
    "reshape",
    "rollaxis",
    "space2depth",
    "squeeze",
    "swapaxes",
    "tile",
    "transpose",
]


def integers(call: str, name: str, values: Any) -> tuple[int, ...]:
    """A tuple of integers from one integer or a sequence of them."""
    try:
        if hasattr(values, "__index__"):
            return (operator.index(values),)
        return tuple(operator.index(value) for value in values)
    except TypeError:
        raise DtypeError(call, f"{name}={values!r}", "an integer or a tuple of them") from None


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
    call, n = "swapaxes(x, axis1, axis2)", _ndim("swapaxes(x, axis1, axis2)", x)
    i, j = normalize_axis(call, axis1, n), normalize_axis(call, axis2, n)
    axes = list(range(n))
    axes[i], axes[j] = j, i
    return Transpose(tuple(axes))(x)


def _ndim(call: str, x: Any) -> int:
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
    n = _ndim(call, x)
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
    n = _ndim(call, x)
    old = normalize_axis(call, axis, n)
    [place] = integers(call, "start", start)
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


def tile(x: Any, reps: int | Sequence[int]) -> Any:
    r"""Lays copies of an array side by side.

    Args:
        x: array or Variable with n axes.
        reps: how often along each axis, aligned at the last; ``x`` gets leading axes if there are
            more than n.

    Returns:
        Array or Variable whose size along each axis is the old one times ``reps``.

    Raises:
        RangeError: a number is negative.

    >>> F.tile(np.array([1, 2]), (2, 2))
    array([[1, 2, 1, 2],
           [1, 2, 1, 2]])
    """
    call = "tile(x, reps)"
    counts = integers(call, "reps", reps)
    if any(count < 0 for count in counts):
        raise RangeError(call, f"reps={reps}", "numbers of 0 or more")
    n = max(_ndim(call, x), len(counts))
    counts = (1,) * (n - len(counts)) + counts
    shape = (1,) * (n - x.ndim) + tuple(x.shape)
    # (s0, s1) -> (1, s0, 1, s1) -> (r0, s0, r1, s1) -> (r0 s0, r1 s1)
    spread = reshape(x, [size for s in shape for size in (1, s)])
    repeated = broadcast_to(spread, tuple(size for pair in zip(counts, shape) for size in pair))
    return reshape(repeated, [r * s for r, s in zip(counts, shape)])


def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    r"""Repeats each element, or each slice along an axis.

    Args:
        x: array or Variable.
        repeats: how often; one number for all, or one for each slice.
        axis: the axis to repeat along; None flattens ``x`` first.

    Returns:
        Array or Variable, longer along ``axis``.

    Raises:
        ShapeError: as many numbers were given as ``x`` has no slices.
        RangeError: a number is negative, or ``x`` has no such axis.

    >>> F.repeat(np.array([1, 2]), (2, 3))
    array([1, 1, 2, 2, 2])
    """
    call = "repeat(x, repeats, axis)"
    if axis is None:
        x, axis = flatten(x), 0
    axis = normalize_axis(call, axis, _ndim(call, x))
    counts, size = integers(call, "repeats", repeats), x.shape[axis]
    if any(count < 0 for count in counts):
        raise RangeError(call, f"repeats={repeats}", "numbers of 0 or more")
    if len(counts) == 1:
        shape = [*x.shape[: axis + 1], counts[0], *x.shape[axis + 1 :]]
        repeated = broadcast_to(expand_dims(x, axis + 1), tuple(shape))
        return reshape(repeated, [*x.shape[:axis], size * counts[0], *x.shape[axis + 1 :]])
    if len(counts) != size:
        raise ShapeError(call, f"{len(counts)} repeats", f"1 or {size}, for x {x.shape}")
    xp = get_array_module(x)
    index = xp.asarray([i for i, count in enumerate(counts) for _ in range(count)], xp.intp)
    return get_item(x, (slice(None),) * axis + (index,))


class Flip(Function):
    """The elements along some axes in the opposite order."""

    def __init__(self, axis: tuple[int, ...]) -> None:
        self.axis = axis

    def check(self, x: Any) -> Spec:
        normalize_axes("flip(x, axis)", self.axis, x.ndim)
        return Spec(x.shape, x.dtype)

    def forward(self, x: Any) -> Any:
        return get_array_module(x).flip(x, self.axis)

    def grad_x(self, gy: Any) -> Any:
        return Flip(self.axis)(gy)


def flip(x: Any, axis: int | Sequence[int]) -> Any:
    r"""Reverses the order of the elements along an axis, or several.

    Args:
        x: array or Variable.
        axis: the axis or axes.

    Returns:
        Array or Variable, a view of ``x``.

    Raises:
        RangeError: ``x`` has no such axis.

    >>> F.flip(np.array([[1, 2], [3, 4]]), 1)
    array([[2, 1],
           [4, 3]])
    """
    return Flip(integers("flip(x, axis)", "axis", axis))(x)


def fliplr(a: Any) -> Any:
    r"""Reverses the order along axis 1: left and right change places.

    Args:
        a: array or Variable with at least 2 axes.

    Returns:
        Array or Variable, a view of ``a``.

    Raises:
        RangeError: ``a`` has fewer than 2 axes.

    >>> F.fliplr(np.array([[1, 2], [3, 4]]))
    array([[2, 1],
           [4, 3]])
    """
    return flip(a, 1)


def flipud(a: Any) -> Any:
    r"""Reverses the order along axis 0: up and down change places.

    Args:
        a: array or Variable with at least 1 axis.

    Returns:
        Array or Variable, a view of ``a``.

    Raises:
        RangeError: ``a`` has no axis.

    >>> F.flipud(np.array([[1, 2], [3, 4]]))
    array([[3, 4],
           [1, 2]])
    """
    return flip(a, 0)


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    r"""The diagonal of the matrices that two axes span: :math:`y_{\ldots i} = x_{\ldots i, i + k}`.

    Args:
        x: array or Variable with at least 2 axes.
        offset: k: 0 for the main diagonal, above it positive.
        axis1: the axis of the rows.
        axis2: the axis of the columns.

    Returns:
        Array or Variable without those two axes and with the diagonal as its last.

    Raises:
        RangeError: ``x`` has no such axis.
        ShapeError: the two axes are the same.

    >>> F.diagonal(np.array([[1, 2], [3, 4]]))
    array([1, 4])
    """
    call = "diagonal(x, offset, axis1, axis2)"
    axes = normalize_axes(call, (axis1, axis2), _ndim(call, x))
    x = moveaxis(x, axes, (-2, -1))
    rows, columns = x.shape[-2:]
    first = max(0, -offset)
    length = max(0, min(rows - first, columns - first - offset))
    xp = get_array_module(x)
    i = xp.arange(first, first + length)
    return get_item(x, (Ellipsis, i, i + offset))


def as_strided(
    x: Any, shape: Sequence[int], strides: Sequence[int], storage_offset: int | None = None
) -> Any:
    r"""Reads an array's elements in C order with strides of one's own.

    :math:`y_{i_0 i_1 \ldots} = \mathrm{flatten}(x)_{o + i_0 s_0 + i_1 s_1 + \ldots}`. Elements may
    be read several times; their gradients add up.

    Args:
        x: array or Variable of any shape and memory order.
        shape: the shape of the result.
        strides: s, in elements, one for each axis of the result.
        storage_offset: o, the element to begin with; None is 0.

    Returns:
        Array or Variable of shape ``shape``, a copy.

    Raises:
        ShapeError: ``shape`` and ``strides`` differ in length.
        RangeError: an element outside of ``x`` would be read.

    >>> F.as_strided(np.arange(5), (3, 2), (1, 2))
    array([[0, 2],
           [1, 3],
           [2, 4]])
    """
    call = "as_strided(x, shape, strides, storage_offset)"
    sizes, steps = integers(call, "shape", shape), integers(call, "strides", strides)
    if len(sizes) != len(steps):
        raise ShapeError(call, f"shape={sizes} and strides={steps}", "as many of each")
    xp = get_array_module(x)
    index = xp.full(sizes, storage_offset or 0, xp.intp)
    for axis, (size, step) in enumerate(zip(sizes, steps)):
        index += (xp.arange(size) * step).reshape((size,) + (1,) * (len(sizes) - axis - 1))
    flat = flatten(x)
    if index.size and not 0 <= int(index.min()) <= int(index.max()) < flat.shape[0]:
        raise RangeError(
            call,
            f"elements {int(index.min())} to {int(index.max())}",
            f"elements in [0, {flat.shape[0]})",
        )
    return get_item(flat, index)


def depth2space(X: Any, r: int) -> Any:
    r"""Moves channels into blocks of pixels.

    :math:`y_{n, c, h r + i, w r + j} = X_{n, (i r + j) C' + c, h, w}` with :math:`C' = C / r^2`.

    Args:
        X: images of shape (n, C, h, w), C a multiple of r².
        r: the side of a block.

    Returns:
        Images of shape (n, C / r², h r, w r).

    Raises:
        ShapeError: ``X`` has no 4 axes, or its channels do not divide by r².

    W. Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network, CVPR 2016.

    >>> F.depth2space(np.arange(4).reshape(1, 4, 1, 1), 2)
    array([[[[0, 1],
             [2, 3]]]])
    """
    n, channels, h, w = _image_shape("depth2space(X, r)", X)
    if r < 1 or channels % (r * r):
        raise ShapeError("depth2space(X, r)", f"X {X.shape}, r={r}", "X.shape[1] a multiple of r²")
    c = channels // (r * r)
    blocks = transpose(reshape(X, (n, r, r, c, h, w)), (0, 3, 4, 1, 5, 2))  # (n, c, h, r, w, r)
    return reshape(blocks, (n, c, h * r, w * r))


def space2depth(X: Any, r: int) -> Any:
    r"""Moves blocks of pixels into channels: the inverse of ``depth2space``.

    Args:
        X: images of shape (n, c, h, w), h and w multiples of r.
        r: the side of a block.

    Returns:
        Images of shape (n, c r², h / r, w / r).

    Raises:
        ShapeError: ``X`` has no 4 axes, or height or width does not divide by r.

    >>> F.space2depth(np.arange(4).reshape(1, 1, 2, 2), 2).ravel()
    array([0, 1, 2, 3])
    """
    n, c, height, width = _image_shape("space2depth(X, r)", X)
    if r < 1 or height % r or width % r:
        raise ShapeError(
            "space2depth(X, r)", f"X {X.shape}, r={r}", "sides that are multiples of r"
        )
    h, w = height // r, width // r
    blocks = transpose(reshape(X, (n, c, h, r, w, r)), (0, 3, 5, 1, 2, 4))  # (n, r, r, c, h, w)
    return reshape(blocks, (n, r * r * c, h, w))


def _image_shape(call: str, X: Any) -> tuple[int, int, int, int]:
    if _ndim(call, X) != 4:
        raise ShapeError(call, f"X {X.shape}", "4 axes: (batch, channel, height, width)")
    return X.shape
