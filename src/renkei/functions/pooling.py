"""Pooling over windows of any number of spatial axes, and its inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, conv_outsize, need_integer
from renkei.functions.join_split import concat
from renkei.functions.shape import reshape
from renkei.functions.windows import spatial_axes, window_sizes

__all__ = [
    "average_pooling_1d",
    "average_pooling_2d",
    "average_pooling_3d",
    "average_pooling_nd",
    "max_pooling_1d",
    "max_pooling_2d",
    "max_pooling_3d",
    "max_pooling_nd",
    "spatial_pyramid_pooling_2d",
]

_Sizes = tuple[int, ...]


class _Pooling(Function):
    """What the nodes have in common: the geometry of the windows.

    ``cover_all`` holds one truth value per axis: whether the windows go on until they cover the
    last element.
    """

    def __init__(
        self, ksize: _Sizes, stride: _Sizes, pad: _Sizes, cover_all: tuple[bool, ...]
    ) -> None:
        self.ksize, self.stride, self.pad, self.cover_all = ksize, stride, pad, cover_all

    @property
    def _window(self) -> dict[str, Any]:
        return {"ksize": self.ksize, "stride": self.stride, "pad": self.pad}

    def _outsize(self, x: Any) -> _Sizes:
        axes = zip(x.shape[2:], self.ksize, self.stride, self.pad, self.cover_all)
        return tuple(conv_outsize(*axis) for axis in axes)

    def _pooled(self, name: str, x: Any) -> Spec:
        outsize = self._outsize(_checked(f"{name}_{len(self.ksize)}d(x, ksize)", x, self.ksize))
        if min(outsize) <= 0:
            raise ShapeError(
                f"{name}_{len(self.ksize)}d(x, ksize)",
                f"x {x.shape}, ksize={self.ksize}, pad={self.pad}",
                "a window that fits into the padded input",
            )
        return Spec((*x.shape[:2], *outsize), x.dtype)


def _checked(call: str, x: Any, ksize: _Sizes) -> Any:
    if x.ndim != len(ksize) + 2:
        raise ShapeError(
            call,
            f"x {x.shape}",
            f"an array of {len(ksize) + 2} axes",
            "The first two are batch and channel.",
        )
    if x.dtype.kind != "f":
        raise DtypeError(call, f"x {describe(x)}", "an array of floats", "See F.cast.")
    return x


class MaxPooling(_Pooling):
    """The node of ``max_pooling_nd``; ``indices`` are places in the window, row by row."""

    outputs = ("y", "indices")

    def check(self, x: Any) -> tuple[Spec, Spec]:
        y = self._pooled("max_pooling", x)
        return y, Spec(y.shape, np.dtype(np.int32))

    def forward(self, x: Any) -> Any:
        return self.kernel("max_pooling", x, outsize=self._outsize(x), **self._window)

    def grad_x(self, gy: Any, indices: Any) -> Any:
        indices = getattr(indices, "array", indices)
        return Upsampling(**self._window, outsize=self.specs.x.shape[2:])(gy, indices)


class Upsampling(Function):
    """Puts each value at its place in its window: the adjoint of taking values from there."""

    def __init__(self, ksize: _Sizes, stride: _Sizes, pad: _Sizes, outsize: _Sizes) -> None:
        self.ksize, self.stride, self.pad, self.outsize = ksize, stride, pad, outsize

    @property
    def _window(self) -> dict[str, Any]:
        return {"ksize": self.ksize, "stride": self.stride, "pad": self.pad}

    def check(self, x: Any, indices: Any) -> Spec:
        return Spec((*x.shape[:2], *self.outsize), x.dtype)

    def forward(self, x: Any, indices: Any) -> Any:
        return self.kernel("upsampling", x, indices, outsize=self.outsize, **self._window)

    def grad_x(self, gy: Any, indices: Any) -> Any:
        return PoolingAt(**self._window)(gy, indices)


class PoolingAt(Function):
    """Takes one value from each window, at a given place: what max pooling does to a change."""

    def __init__(self, ksize: _Sizes, stride: _Sizes, pad: _Sizes) -> None:
        self.ksize, self.stride, self.pad = ksize, stride, pad

    @property
    def _window(self) -> dict[str, Any]:
        return {"ksize": self.ksize, "stride": self.stride, "pad": self.pad}

    def check(self, x: Any, indices: Any) -> Spec:
        return Spec(indices.shape, x.dtype)

    def forward(self, x: Any, indices: Any) -> Any:
        return self.kernel("pooling_at", x, indices, **self._window)

    def grad_x(self, gy: Any, indices: Any) -> Any:
        return Upsampling(**self._window, outsize=self.specs.x.shape[2:])(gy, indices)


class AveragePooling(_Pooling):
    """The node of ``average_pooling_nd``.

    ``divisor`` says what window sums are divided by: the elements of a ``"window"``, those that it
    has ``"seen"`` inside the array, or ``"one"``.
    """

    def __init__(
        self,
        ksize: _Sizes,
        stride: _Sizes,
        pad: _Sizes,
        cover_all: tuple[bool, ...],
        divisor: str,
    ) -> None:
        super().__init__(ksize, stride, pad, cover_all)
        self.divisor = divisor

    def check(self, x: Any) -> Spec:
        return self._pooled("average_pooling", x)

    def forward(self, x: Any) -> Any:
        return self.kernel(
            "average_pooling", x, divisor=self.divisor, outsize=self._outsize(x), **self._window
        )

    def grad_x(self, gy: Any) -> Any:
        return Unpooling(**self._window, divisor=self.divisor, outsize=self.specs.x.shape[2:])(gy)


class Unpooling(Function):
    """The node of ``unpooling_nd``: spreads values over windows, the adjoint of pooling."""

    def __init__(
        self, ksize: _Sizes, stride: _Sizes, pad: _Sizes, divisor: str, outsize: _Sizes
    ) -> None:
        self.ksize, self.stride, self.pad = ksize, stride, pad
        self.divisor, self.outsize = divisor, outsize

    def check(self, x: Any) -> Spec:
        call = f"unpooling_{len(self.ksize)}d(x, ksize)"
        _checked(call, x, self.ksize)
        axes = zip(self.outsize, self.ksize, self.stride, self.pad, x.shape[2:])
        for size, k, s, p, n in axes:
            low, high = conv_outsize(size, k, s, p), conv_outsize(size, k, s, p, True)
            if size <= 0 or not low <= n <= high:
                raise ShapeError(
                    call,
                    f"x {x.shape}, ksize={self.ksize} and outsize={self.outsize}",
                    "an output that a pooling with the same window takes to the size of x",
                )
        return Spec((*x.shape[:2], *self.outsize), x.dtype)

    def forward(self, x: Any) -> Any:
        return self.kernel(
            "unpooling",
            x,
            ksize=self.ksize,
            stride=self.stride,
            pad=self.pad,
            divisor=self.divisor,
            outsize=self.outsize,
        )

    def grad_x(self, gy: Any) -> Any:
        sizes = self.specs.x.shape[2:]
        axes = zip(self.outsize, self.ksize, self.stride, self.pad, sizes)
        covers = tuple(conv_outsize(size, k, s, p) != n for size, k, s, p, n in axes)
        return AveragePooling(self.ksize, self.stride, self.pad, covers, self.divisor)(gy)


def pooling_sizes(
    call: str, n: int, ksize: Any, stride: Any, pad: Any
) -> tuple[_Sizes, _Sizes, _Sizes]:
    window = window_sizes(call, "ksize", ksize, n)
    steps = window if stride is None else window_sizes(call, "stride", stride, n)
    return window, steps, window_sizes(call, "pad", pad, n, 0)


def _max_pooling(
    n: int, x: Any, ksize: Any, stride: Any, pad: Any, cover_all: bool, return_indices: bool
) -> Any:
    sizes = pooling_sizes(f"max_pooling_{n}d(x, ksize)", n, ksize, stride, pad)
    y, indices = MaxPooling(*sizes, (bool(cover_all),) * n)(x)
    return (y, getattr(indices, "array", indices)) if return_indices else y


def _average_pooling(n: int, x: Any, ksize: Any, stride: Any, pad: Any, pad_value: Any) -> Any:
    call = f"average_pooling_{n}d(x, ksize)"
    if pad_value is not None and pad_value != 0:
        raise RangeError(call, f"pad_value={pad_value!r}", "0 or None")
    sizes = pooling_sizes(call, n, ksize, stride, pad)
    return AveragePooling(*sizes, (False,) * n, "seen" if pad_value is None else "window")(x)


def max_pooling_2d(
    x: Any,
    ksize: Any,
    stride: Any = None,
    pad: Any = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any:
    r"""The largest value of each window of an image.

    .. math:: y_{n,c,i,j} = \max_{u,v} x_{n,c,\; i s_h + u - p_h,\; j s_w + v - p_w}

    The margin counts as minus infinity. Of equal values the first one, row by row, gets the
    gradient.

    Args:
        x: images (batch, channel, height, width), array or Variable of floats.
        ksize: size of the window in pixels; an integer or (height, width).
        stride: pixels between windows; None: the size of the window.
        pad: width of the margin; an integer or a pair.
        cover_all: let the last windows reach over the border until every pixel is seen (note that
            this is the default here).
        return_indices: also return where the largest values are.

    Returns:
        Array or Variable (batch, channel, out height, out width); with ``return_indices`` also an
        int32 array of that shape with places in the window, counted row by row.

    Raises:
        ShapeError: ``x`` has not 4 axes, or the window is larger than the padded image.
        DtypeError: ``x`` is no array of floats.
        RangeError: ``ksize`` or ``stride`` is not positive, or ``pad`` is negative.

    >>> F.max_pooling_2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    return _max_pooling(2, x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_nd(
    x: Any,
    ksize: Any,
    stride: Any = None,
    pad: Any = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any:
    r"""The largest value of each window over any number of spatial axes; see ``max_pooling_2d``.

    Args:
        x: (batch, channel, size 1, ..., size n), array or Variable of floats.
        ksize, stride, pad, cover_all, return_indices: as for ``max_pooling_2d``, one integer or n.

    Returns:
        Array or Variable (batch, channel, out 1, ..., out n), and the places if asked for.

    >>> F.max_pooling_nd(np.ones((1, 2, 4, 4, 4)), 2).shape
    (1, 2, 2, 2, 2)
    """
    n = spatial_axes("max_pooling_nd(x, ksize)", x)
    return _max_pooling(n, x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_1d(
    x: Any,
    ksize: Any,
    stride: Any = None,
    pad: Any = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any:
    r"""The largest value of each window of a sequence; see ``max_pooling_2d``.

    Args:
        x: (batch, channel, length), array or Variable of floats.
        ksize, stride, pad, cover_all, return_indices: as for ``max_pooling_2d``.

    Returns:
        Array or Variable (batch, channel, out length), and the places if asked for.

    >>> F.max_pooling_1d(np.array([[[1.0, 3.0, 2.0]]]), 2)
    array([[[3., 2.]]])
    """
    return _max_pooling(1, x, ksize, stride, pad, cover_all, return_indices)


def max_pooling_3d(
    x: Any,
    ksize: Any,
    stride: Any = None,
    pad: Any = 0,
    cover_all: bool = True,
    return_indices: bool = False,
) -> Any:
    r"""The largest value of each window of a volume; see ``max_pooling_2d``.

    Args:
        x: (batch, channel, depth, height, width), array or Variable of floats.
        ksize, stride, pad, cover_all, return_indices: as for ``max_pooling_2d``.

    Returns:
        Array or Variable (batch, channel, out depth, out height, out width), and the places if
        asked for.

    >>> F.max_pooling_3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 2)
    array([[[[[7.]]]]])
    """
    return _max_pooling(3, x, ksize, stride, pad, cover_all, return_indices)


def average_pooling_2d(x: Any, ksize: Any, stride: Any = None, pad: Any = 0) -> Any:
    r"""The mean of each window of an image; the margin counts as zeros.

    Args:
        x: images (batch, channel, height, width), array or Variable of floats.
        ksize: size of the window in pixels; an integer or (height, width).
        stride: pixels between windows; None: the size of the window.
        pad: width of the margin of zeros; an integer or a pair.

    Returns:
        Array or Variable (batch, channel, out height, out width). What no whole window reaches is
        left out.

    Raises:
        ShapeError: ``x`` has not 4 axes, or the window is larger than the padded image.
        DtypeError: ``x`` is no array of floats.
        RangeError: ``ksize`` or ``stride`` is not positive, or ``pad`` is negative.

    >>> F.average_pooling_2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """
    return _average_pooling(2, x, ksize, stride, pad, 0)


def average_pooling_nd(
    x: Any, ksize: Any, stride: Any = None, pad: Any = 0, pad_value: int | None = 0
) -> Any:
    r"""The mean of each window over any number of spatial axes.

    Args:
        x: (batch, channel, size 1, ..., size n), array or Variable of floats.
        ksize, stride, pad: as for ``average_pooling_2d``, one integer or n.
        pad_value: 0: the margin counts as zeros; None: only what lies inside the array counts.

    Returns:
        Array or Variable (batch, channel, out 1, ..., out n).

    Raises:
        RangeError: ``pad_value`` is neither 0 nor None.

    >>> F.average_pooling_nd(np.ones((1, 1, 4)), 3, pad=1, pad_value=None)
    array([[[1., 1.]]])
    """
    n = spatial_axes("average_pooling_nd(x, ksize)", x)
    return _average_pooling(n, x, ksize, stride, pad, pad_value)


def average_pooling_1d(
    x: Any, ksize: Any, stride: Any = None, pad: Any = 0, pad_value: int | None = 0
) -> Any:
    r"""The mean of each window of a sequence; see ``average_pooling_nd``.

    Args:
        x: (batch, channel, length), array or Variable of floats.
        ksize, stride, pad, pad_value: as for ``average_pooling_nd``.

    Returns:
        Array or Variable (batch, channel, out length).

    >>> F.average_pooling_1d(np.array([[[1.0, 3.0, 2.0]]]), 2, stride=1)
    array([[[2. , 2.5]]])
    """
    return _average_pooling(1, x, ksize, stride, pad, pad_value)


def average_pooling_3d(
    x: Any, ksize: Any, stride: Any = None, pad: Any = 0, pad_value: int | None = 0
) -> Any:
    r"""The mean of each window of a volume; see ``average_pooling_nd``.

    Args:
        x: (batch, channel, depth, height, width), array or Variable of floats.
        ksize, stride, pad, pad_value: as for ``average_pooling_nd``.

    Returns:
        Array or Variable (batch, channel, out depth, out height, out width).

    >>> F.average_pooling_3d(np.arange(8.0).reshape(1, 1, 2, 2, 2), 2)
    array([[[[[3.5]]]]])
    """
    return _average_pooling(3, x, ksize, stride, pad, pad_value)


def spatial_pyramid_pooling_2d(x: Any, pyramid_height: int, pooling: str = "max") -> Any:
    r"""Pools images of any size to a vector of one length: bins of 1, 2, 4, ... along each side.

    Level l of the pyramid divides the image into 2^l times 2^l bins and takes the largest value of
    each.

    Args:
        x: images (batch, channel, height, width), array or Variable of floats.
        pyramid_height: number of levels.
        pooling: ``"max"``, the only kind there is.

    Returns:
        Array or Variable (batch, channel * (4^pyramid_height - 1) / 3, 1, 1).

    Raises:
        RangeError: ``pooling`` is not ``"max"``, or ``pyramid_height`` is not positive.
        ShapeError: an image is too small for so many bins.

    He et al., "Spatial pyramid pooling in deep convolutional networks for visual recognition"
    (2014).

    >>> F.spatial_pyramid_pooling_2d(np.ones((2, 3, 9, 7)), 3).shape
    (2, 63, 1, 1)
    """
    call = "spatial_pyramid_pooling_2d(x, pyramid_height, pooling)"
    if pooling != "max":
        raise RangeError(call, f"pooling={pooling!r}", "'max'")
    pyramid_height = need_integer(call, "pyramid_height", pyramid_height)
    if pyramid_height < 1:
        raise RangeError(call, f"pyramid_height={pyramid_height}", "a positive number of levels")
    if getattr(x, "ndim", 0) != 4:
        raise ShapeError(call, f"x {describe(x)}", "images (batch, channel, height, width)")
    levels = [_bins(call, x, 2**level) for level in range(pyramid_height)]
    return concat(levels, axis=1)


def _bins(call: str, x: Any, count: int) -> Any:
    """The largest values in count times count bins, as (batch, channel * count * count, 1, 1)."""
    ksize = [-(-size // count) for size in x.shape[2:]]
    pad = [(k * count - size) // 2 for k, size in zip(ksize, x.shape[2:])]
    y = _max_pooling(2, x, ksize, None, pad, True, False)
    if y.shape[2:] != (count, count):
        raise ShapeError(call, f"x {x.shape}", f"images of at least {count} times {count} pixels")
    return reshape(y, (y.shape[0], y.shape[1] * count * count, 1, 1))
