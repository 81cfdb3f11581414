"""Relatives of convolution: windows with weights of their own, and shifts without weights."""

from __future__ import annotations

from math import prod
from typing import Any

from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.shapes import conv_outsize, need_arrays, tuple_of
from renkei.functions.conversion import cast
from renkei.functions.indexing import get_item
from renkei.functions.join_split import concat
from renkei.functions.linalg import matmul
from renkei.functions.padding import pad
from renkei.functions.shape import reshape, transpose
from renkei.functions.windows import im2col, window_sizes

__all__ = ["local_convolution_2d", "shift"]


def _check_floats(call: str, **arrays: Any) -> None:
    for name, a in arrays.items():
        if a is not None and a.dtype.kind != "f":
            raise DtypeError(call, f"{name} {describe(a)}", "an array of floats", "See F.cast.")


def local_convolution_2d(x: Any, W: Any, b: Any = None, stride: Any = 1) -> Any:
    r"""Convolution in which each window has its own weight.

    .. math:: y_{n,o,i,j} = b_{o,i,j} + \sum_{c,u,v} W_{o,i,j,c,u,v}\, x_{n,c,i s_h + u,j s_w + v}

    Args:
        x: images (batch, in_channels, height, width), array or Variable of floats.
        W: weight (out_channels, out height, out width, in_channels, kernel height, kernel width).
        b: bias (out_channels, out height, out width), or None.
        stride: pixels between windows; an integer or (vertical, horizontal).

    Returns:
        Array or Variable (batch, out_channels, out height, out width) with
        ``out = (size - kernel) // stride + 1``.

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: an argument is no array of floats.
        RangeError: ``stride`` is not positive.

    >>> x = np.arange(4.0).reshape(1, 1, 1, 4)
    >>> W = np.array([1.0, 10.0, 100.0]).reshape(1, 1, 3, 1, 1, 1)
    >>> F.local_convolution_2d(x[..., :3], W)
    array([[[[  0.,  10., 200.]]]])
    """
    call = "local_convolution_2d(x, W, b)"
    need_arrays(call, x=x, W=W, **({} if b is None else {"b": b}))
    if x.ndim != 4 or W.ndim != 6 or x.shape[1] != W.shape[3]:
        raise ShapeError(
            call,
            f"x {x.shape} and W {W.shape}",
            "x (batch, in_channels, height, width) and W (out_channels, out height, out width, "
            "in_channels, kernel height, kernel width)",
        )
    _check_floats(call, x=x, W=W, b=b)
    steps = window_sizes(call, "stride", stride, 2)
    outsize = tuple(conv_outsize(n, k, s, 0) for n, k, s in zip(x.shape[2:], W.shape[4:], steps))
    if W.shape[1:3] != outsize or min(outsize) <= 0:
        raise ShapeError(
            call, f"x {x.shape}, W {W.shape} and stride={stride}", f"W.shape[1:3] == {outsize}"
        )
    if b is not None and b.shape != W.shape[:3]:
        raise ShapeError(call, f"b {b.shape} and W {W.shape}", f"b.shape == {W.shape[:3]}")
    n, o = x.shape[0], W.shape[0]
    places, depth = prod(outsize), prod(W.shape[3:])
    col = reshape(im2col(x, W.shape[4:], steps), (n, depth, places))
    # one product for each window: (batch, depth) times (depth, out_channels)
    weight = transpose(reshape(W, (o, places, depth)), (1, 2, 0))
    y = matmul(transpose(col, (2, 0, 1)), weight)
    y = reshape(transpose(y, (1, 2, 0)), (n, o, *outsize))
    return y if b is None else y + cast(b, y.dtype)


def shift(x: Any, ksize: Any = 3, dilate: Any = 1) -> Any:
    r"""Moves groups of channels by different distances: a convolution without weights.

    The channels fall into as many groups as the window has places; each group is moved so that
    its pixels see what the window has at that place, with zeros from outside. The last group,
    which takes the channels left over, stays where it is.

    Args:
        x: images (batch, channel, height, width), array or Variable of floats.
        ksize: size of the window in pixels; an odd integer or (height, width).
        dilate: distance between the places of the window; an integer or a pair.

    Returns:
        Array or Variable of the shape of ``x``.

    Raises:
        ShapeError: ``x`` has not 4 axes, or fewer channels than the window has places.
        RangeError: a size of the window is even.
        DtypeError: ``x`` is no array of floats.

    Wu et al., "Shift: a zero FLOP, zero parameter alternative to spatial convolutions" (2018).

    >>> F.shift(np.array([[[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]]]]), (1, 3))[0, :, 0]
    array([[2., 0.],
           [0., 3.],
           [5., 6.]])
    """
    call = "shift(x, ksize)"
    ksizes, steps = window_sizes(call, "ksize", ksize, 2), tuple_of(call, "dilate", dilate, 2)
    if any(k % 2 == 0 for k in ksizes):
        raise RangeError(call, f"ksize={ksize!r}", "odd integers")
    groups = prod(ksizes)
    if getattr(x, "ndim", 0) != 4 or x.shape[1] < groups:
        raise ShapeError(
            call, f"x {describe(x)}", f"images (batch, channel, height, width), channel >= {groups}"
        )
    _check_floats(call, x=x)
    margins = [k // 2 * abs(d) for k, d in zip(ksizes, steps)]
    wide = pad(x, ((0, 0), (0, 0), *((m, m) for m in margins)), "constant")
    size, parts = x.shape[1] // groups, []
    for i, place in enumerate(_places(groups)):
        at = place // ksizes[1], place % ksizes[1]
        starts = [m - (a - k // 2) * d for m, a, k, d in zip(margins, at, ksizes, steps)]
        seen = [slice(start, start + n) for start, n in zip(starts, x.shape[2:])]
        channels = slice(i * size, (i + 1) * size if i < groups - 1 else None)
        parts.append(get_item(wide, (slice(None), channels, *seen)))
    return concat(parts, axis=1)


def _places(groups: int) -> list[int]:
    """The place of each group in the window: that of the last one is the centre."""
    places, centre = list(range(groups)), (groups - 1) // 2
    places[centre], places[-1] = places[-1], places[centre]
    return places
