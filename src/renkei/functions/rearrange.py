"""Elements repeated, reversed, or picked by a pattern of places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from renkei.core.broadcast import broadcast_to
from renkei.core.device import get_array_module
from renkei.core.errors import RangeError, ShapeError
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_integer, normalize_axes, normalize_axis
from renkei.functions.indexing import get_item
from renkei.functions.shape import (
    expand_dims,
    flatten,
    integers,
    moveaxis,
    ndim_of,
    reshape,
    transpose,
)

__all__ = [
    "as_strided",
    "depth2space",
    "diagonal",
    "flip",
    "fliplr",
    "flipud",
    "repeat",
    "space2depth",
    "tile",
]


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
    n = max(ndim_of(call, x), len(counts))
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
    axis = normalize_axis(call, axis, ndim_of(call, x))
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
    offset = need_integer(call, "offset", offset)
    axes = normalize_axes(call, (axis1, axis2), ndim_of(call, x))
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
    if min(sizes, default=0) < 0:
        raise RangeError(call, f"shape={sizes}", "sizes of 0 or more")
    if storage_offset is not None:
        need_integer(call, "storage_offset", storage_offset)
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
    r = need_integer("depth2space(X, r)", "r", r)
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
    r = need_integer("space2depth(X, r)", "r", r)
    if r < 1 or height % r or width % r:
        raise ShapeError(
            "space2depth(X, r)", f"X {X.shape}, r={r}", "sides that are multiples of r"
        )
    h, w = height // r, width // r
    blocks = transpose(reshape(X, (n, c, h, r, w, r)), (0, 3, 5, 1, 2, 4))  # (n, r, r, c, h, w)
    return reshape(blocks, (n, r * r * c, h, w))


def _image_shape(call: str, X: Any) -> tuple[int, int, int, int]:
    if ndim_of(call, X) != 4:
        raise ShapeError(call, f"X {X.shape}", "4 axes: (batch, channel, height, width)")
    return X.shape
