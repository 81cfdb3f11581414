"""The inverses of pooling: values spread over their windows, or put back at their places."""

from __future__ import annotations

from math import prod
from typing import Any

from renkei.core.device import get_array_module
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.shapes import deconv_outsize, need_arrays
from renkei.functions.pooling import Unpooling, Upsampling, pooling_sizes
from renkei.functions.windows import spatial_axes, window_sizes

__all__ = ["unpooling_1d", "unpooling_2d", "unpooling_3d", "unpooling_nd", "upsampling_2d"]

_Sizes = tuple[int, ...]


def _outsize(
    call: str, n: int, x: Any, sizes: tuple[_Sizes, _Sizes, _Sizes], outsize: Any, cover_all: bool
) -> _Sizes:
    if outsize is not None:
        return window_sizes(call, "outsize", outsize, n)
    need_arrays(call, x=x)
    return tuple(
        deconv_outsize(size, k, s, p, cover_all) for size, k, s, p in zip(x.shape[2:], *sizes)
    )


def _unpooling(
    n: int, x: Any, ksize: Any, stride: Any, pad: Any, outsize: Any, cover_all: bool
) -> Any:
    call = f"unpooling_{n}d(x, ksize)"
    sizes = pooling_sizes(call, n, ksize, stride, pad)
    return Unpooling(*sizes, "one", _outsize(call, n, x, sizes, outsize, cover_all))(x)


def unpooling_2d(
    x: Any,
    ksize: Any,
    stride: Any = None,
    pad: Any = 0,
    outsize: Any = None,
    cover_all: bool = True,
) -> Any:
    r"""Spreads each pixel over a window; where windows overlap the values add up.

    Args:
        x: images (batch, channel, height, width), array or Variable of floats.
        ksize: size of the window in pixels; an integer or (height, width).
        stride: pixels between windows; None: the size of the window.
        pad: width of the margin that is cut off the output; an integer or a pair.
        outsize: (height, width) of the output, or None for the smallest that a pooling with the
            same window and ``cover_all`` takes to the size of ``x``.
        cover_all: whether that pooling lets its last windows reach over the border (note that this
            is the default here).

    Returns:
        Array or Variable (batch, channel, out height, out width).

    Raises:
        ShapeError: ``x`` has not 4 axes, or no pooling leads back from ``outsize``.
        DtypeError: ``x`` is no array of floats.

    >>> F.unpooling_2d(np.array([[[[1.0, 2.0]]]]), 2, cover_all=False)
    array([[[[1., 1., 2., 2.],
             [1., 1., 2., 2.]]]])
    """
    return _unpooling(2, x, ksize, stride, pad, outsize, cover_all)


def unpooling_nd(
    x: Any,
    ksize: Any,
    stride: Any = None,
    pad: Any = 0,
    outsize: Any = None,
    cover_all: bool = True,
) -> Any:
    r"""Spreads each value over a window of any number of spatial axes; see ``unpooling_2d``.

    Args:
        x: (batch, channel, size 1, ..., size n), array or Variable of floats.
        ksize, stride, pad, outsize, cover_all: as for ``unpooling_2d``, one integer or n.

    Returns:
        Array or Variable (batch, channel, out 1, ..., out n).

    >>> F.unpooling_nd(np.ones((1, 1, 2, 2, 2)), 2, cover_all=False).shape
    (1, 1, 4, 4, 4)
    """
    n = spatial_axes("unpooling_nd(x, ksize)", x)
    return _unpooling(n, x, ksize, stride, pad, outsize, cover_all)


def unpooling_1d(
    x: Any,
    ksize: Any,
    stride: Any = None,
    pad: Any = 0,
    outsize: Any = None,
    cover_all: bool = True,
) -> Any:
    r"""Spreads each value of a sequence over a window; see ``unpooling_2d``.

    Args:
        x: (batch, channel, length), array or Variable of floats.
        ksize, stride, pad, outsize, cover_all: as for ``unpooling_2d``.

    Returns:
        Array or Variable (batch, channel, out length).

    >>> F.unpooling_1d(np.array([[[1.0, 2.0]]]), 2)
    array([[[1., 1., 2.]]])
    """
    return _unpooling(1, x, ksize, stride, pad, outsize, cover_all)


def unpooling_3d(
    x: Any,
    ksize: Any,
    stride: Any = None,
    pad: Any = 0,
    outsize: Any = None,
    cover_all: bool = True,
) -> Any:
    r"""Spreads each value of a volume over a window; see ``unpooling_2d``.

    Args:
        x: (batch, channel, depth, height, width), array or Variable of floats.
        ksize, stride, pad, outsize, cover_all: as for ``unpooling_2d``.

    Returns:
        Array or Variable (batch, channel, out depth, out height, out width).

    >>> F.unpooling_3d(np.ones((1, 1, 1, 1, 1)), 2, cover_all=False).sum()
    np.float64(8.0)
    """
    return _unpooling(3, x, ksize, stride, pad, outsize, cover_all)


def upsampling_2d(
    x: Any,
    indexes: Any,
    ksize: Any,
    stride: Any = None,
    pad: Any = 0,
    outsize: Any = None,
    cover_all: bool = True,
) -> Any:
    r"""Puts each value back to where max pooling found it, zeros elsewhere.

    Args:
        x: images (batch, channel, height, width), array or Variable of floats.
        indexes: places in the window, integers of the shape of ``x``, as ``max_pooling_2d`` returns
            them with ``return_indices=True``.
        ksize, stride, pad, outsize, cover_all: as for ``unpooling_2d``.

    Returns:
        Array or Variable (batch, channel, out height, out width).

    Raises:
        ShapeError: ``indexes`` and ``x`` differ in shape.
        DtypeError: ``indexes`` is no array of integers.
        RangeError: an index lies outside the window.

    Badrinarayanan et al., "SegNet: a deep convolutional encoder-decoder architecture for image
    segmentation" (2015).

    >>> y, places = F.max_pooling_2d(np.array([[[[1.0, 2.0]]]]), (1, 2), return_indices=True)
    >>> F.upsampling_2d(y, places, (1, 2), cover_all=False)
    array([[[[0., 2.]]]])
    """
    call = "upsampling_2d(x, indexes, ksize)"
    indices = getattr(indexes, "array", indexes)
    if getattr(indices, "dtype", None) is None or indices.dtype.kind not in "iu":
        raise DtypeError(call, f"indexes {describe(indexes)}", "an array of integers")
    need_arrays(call, x=x)
    if x.ndim != 4 or x.dtype.kind != "f" or indices.shape != x.shape:
        raise ShapeError(
            call,
            f"x {describe(x)} and indexes {describe(indices)}",
            "images of floats (batch, channel, height, width) and an index for each value",
        )
    sizes = pooling_sizes(call, 2, ksize, stride, pad)
    places = prod(sizes[0])
    if get_array_module(indices).any((indices < 0) | (indices >= places)):
        got = f"indexes from {indices.min()} to {indices.max()}"
        raise RangeError(call, got, f"places in a window, 0 to {places - 1}")
    return Upsampling(*sizes, _outsize(call, 2, x, sizes, outsize, cover_all))(x, indices)
