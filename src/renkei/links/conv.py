"""Convolutions and their transposes, for images and for any number of axes."""

from __future__ import annotations

from typing import Any, ClassVar

from renkei.core.errors import RangeError, ShapeError
from renkei.core.parameter import Parameter
from renkei.core.shapes import tuple_of
from renkei.functions.conv import (
    convolution_2d,
    convolution_nd,
    deconvolution_2d,
    deconvolution_nd,
)
from renkei.initializers import get_initializer
from renkei.links.link import Link
from renkei.links.sizes import check_sizes

__all__ = [
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "ConvolutionND",
    "Deconvolution1D",
    "Deconvolution2D",
    "Deconvolution3D",
    "DeconvolutionND",
]


class _Convolution(Link):
    """What convolutions of any number of axes have in common: their arguments and parameters."""

    _sizes: ClassVar[tuple[str, ...]] = ("in_channels", "out_channels")
    _shown: ClassVar[tuple[str, ...]] = (
        "in_channels",
        "out_channels",
        "ksize",
        "stride",
        "pad",
        "nobias",
        "dilate",
        "groups",
    )
    _in_axis: ClassVar[int] = 1  # the axis of W that in_channels / groups stand in

    ndim: int
    stride: Any
    pad: Any
    dilate: Any
    groups: int
    out_channels: int
    ksize: Any

    def _make(self, sizes: tuple[Any, ...], nobias: bool, initial_w: Any, bias: Any) -> None:
        """Makes the parameters for (in_channels, out_channels, ksize)."""
        in_channels, out_channels, ksize = sizes
        if ksize is None:  # Convolution2D(out_channels, ksize)
            in_channels, out_channels, ksize = None, in_channels, out_channels
        name = type(self).__name__
        check_sizes(
            name,
            in_channels=in_channels,
            out_channels=out_channels,
            groups=self.groups,
            ndim=self.ndim,
        )
        if min(tuple_of(f"{name}(...)", "ksize", ksize, self.ndim), default=1) < 1:
            raise RangeError(f"{name}(...)", f"ksize={ksize!r}", "positive integers")
        if self.groups < 1:
            raise RangeError(f"{name}(...)", f"groups={self.groups!r}", "at least 1")
        self.out_channels, self.ksize = out_channels, ksize
        self.W = Parameter(get_initializer(initial_w))
        if in_channels is not None:
            self.W.initialize(self._w_shape(in_channels))
        self.b = None if nobias else Parameter(get_initializer(bias, 0), out_channels)

    def _w_shape(self, in_channels: int) -> tuple[int, ...]:
        call, groups = f"{type(self).__name__}(...)", self.groups
        if in_channels % groups or self.out_channels % groups:
            raise ShapeError(
                call,
                f"{in_channels} input and {self.out_channels} output channels in {groups} groups",
                "numbers of channels that the number of groups divides",
            )
        window = tuple_of(call, "ksize", self.ksize, self.ndim)
        if self._in_axis:
            return self.out_channels, in_channels // groups, *window
        return in_channels, self.out_channels // groups, *window

    @property
    def in_channels(self) -> int | None:
        """The number of input channels; None while it is open."""
        if not self.W.is_initialized:
            return None
        return self.W.shape[self._in_axis] * (self.groups if self._in_axis else 1)

    @property
    def nobias(self) -> bool:
        """Whether there is no bias."""
        return self.b is None

    def _fill(self, x: Any) -> None:
        """Makes ``W`` for an input."""
        shape: Any = getattr(x, "shape", ())
        if len(shape) != self.ndim + 2:
            raise ShapeError(
                f"{type(self).__name__}(...)(x)",
                f"x {shape}",
                f"{self.ndim + 2} axes: (batch, channel, {self.ndim} of the image)",
            )
        self.W.initialize(self._w_shape(shape[1]))


class Convolution2D(_Convolution):
    r"""Convolution of images: :math:`y_{n,o} = \sum_i W_{o,i} \star x_{n,i} + b_o`.

    Args:
        in_channels: the number of input channels; None: taken from the first input.
            ``Convolution2D(16, 3)`` is ``Convolution2D(None, 16, 3)``.
        out_channels: the number of output channels.
        ksize: the size of the window in pixels: an integer or (height, width).
        stride: the step of the window: an integer or a pair.
        pad: rows and columns of zeros around the image: an integer or a pair.
        nobias: leave ``b`` out.
        initialW: what fills ``W`` (out_channels, in_channels / groups, height, width); None:
            LeCunNormal.
        initial_bias: what fills ``b`` (out_channels,); None: zeros.
        cover_all: let the last window reach over the border, so that every pixel is covered.
        dilate: the distance of the window's pixels: an integer or a pair.
        groups: into how many groups the channels fall; outputs see only inputs of their group.

    Raises:
        ShapeError: ``groups`` does not divide the numbers of channels.

    >>> conv = L.Convolution2D(3, 8, 5, pad=2)
    >>> conv(np.zeros((1, 3, 12, 12), np.float32)).shape
    (1, 8, 12, 12)
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: Any = None,
        stride: Any = 1,
        pad: Any = 0,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
        *,
        cover_all: bool = False,
        dilate: Any = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.ndim, self.stride, self.pad = 2, stride, pad
        self.cover_all, self.dilate, self.groups = cover_all, dilate, groups
        self._make((in_channels, out_channels, ksize), nobias, initialW, initial_bias)

    def forward(self, x: Any) -> Any:
        """Applies the layer: x (batch, in_channels, h, w), y (batch, out_channels, h', w')."""
        if self.W._array is None:
            self._fill(x)
        return convolution_2d(
            x,
            self.W,
            self.b,
            self.stride,
            self.pad,
            self.cover_all,
            dilate=self.dilate,
            groups=self.groups,
        )


class ConvolutionND(_Convolution):
    r"""Convolution over any number of axes.

    Args:
        ndim: the number of axes besides batch and channel.
        in_channels: the number of input channels; None: taken from the first input.
        out_channels: the number of output channels.
        ksize: the size of the window: an integer or ``ndim`` of them.
        stride: the step of the window: an integer or ``ndim`` of them.
        pad: zeros on both sides of each axis: an integer or ``ndim`` of them.
        nobias: leave ``b`` out.
        initialW: what fills ``W`` (out_channels, in_channels / groups, ...); None: LeCunNormal.
        initial_bias: what fills ``b`` (out_channels,); None: zeros.
        cover_all: let the last window reach over the border.
        dilate: the distance of the window's elements: an integer or ``ndim`` of them.
        groups: into how many groups the channels fall.

    Raises:
        ShapeError: ``groups`` does not divide the numbers of channels.

    >>> L.ConvolutionND(1, 3, 8, 5)(np.zeros((2, 3, 20), np.float32)).shape
    (2, 8, 16)
    """

    def __init__(
        self,
        ndim: int,
        in_channels: int | None,
        out_channels: int,
        ksize: Any = None,
        stride: Any = 1,
        pad: Any = 0,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
        cover_all: bool = False,
        dilate: Any = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.ndim, self.stride, self.pad = ndim, stride, pad
        self.cover_all, self.dilate, self.groups = cover_all, dilate, groups
        self._make((in_channels, out_channels, ksize), nobias, initialW, initial_bias)

    def forward(self, x: Any) -> Any:
        """Applies the layer: x (batch, in_channels, ...), y (batch, out_channels, ...)."""
        if self.W._array is None:
            self._fill(x)
        return convolution_nd(
            x,
            self.W,
            self.b,
            self.stride,
            self.pad,
            self.cover_all,
            dilate=self.dilate,
            groups=self.groups,
        )


class Convolution1D(ConvolutionND):
    r"""Convolution of sequences.

    Args:
        in_channels: the number of input channels; None: taken from the first input.
        out_channels: the number of output channels.
        args, kwargs: as for ``ConvolutionND``.

    >>> L.Convolution1D(3, 8, 5)(np.zeros((2, 3, 20), np.float32)).shape
    (2, 8, 16)
    """

    def __init__(
        self, in_channels: int | None, out_channels: int, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(1, in_channels, out_channels, *args, **kwargs)


class Convolution3D(ConvolutionND):
    r"""Convolution of volumes.

    Args:
        in_channels: the number of input channels; None: taken from the first input.
        out_channels: the number of output channels.
        args, kwargs: as for ``ConvolutionND``.

    >>> L.Convolution3D(3, 8, 2)(np.zeros((1, 3, 4, 4, 4), np.float32)).shape
    (1, 8, 3, 3, 3)
    """

    def __init__(
        self, in_channels: int | None, out_channels: int, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(3, in_channels, out_channels, *args, **kwargs)


class Deconvolution2D(_Convolution):
    r"""Transposed convolution of images, the adjoint of ``Convolution2D``: it enlarges.

    Args:
        in_channels: the number of input channels; None: taken from the first input.
            ``Deconvolution2D(16, 3)`` is ``Deconvolution2D(None, 16, 3)``.
        out_channels: the number of output channels.
        ksize: the size of the window in pixels: an integer or (height, width).
        stride: by what the image is enlarged: an integer or a pair.
        pad: rows and columns cut off around the result: an integer or a pair.
        nobias: leave ``b`` out.
        outsize: (height, width) of the result, where stride leaves a choice; None: the smallest.
        initialW: what fills ``W`` (in_channels, out_channels / groups, height, width); None:
            LeCunNormal.
        initial_bias: what fills ``b`` (out_channels,); None: zeros.
        dilate: the distance of the window's pixels: an integer or a pair.
        groups: into how many groups the channels fall.

    Raises:
        ShapeError: ``groups`` does not divide the numbers of channels.

    >>> L.Deconvolution2D(8, 3, 4, stride=2, pad=1)(np.zeros((1, 8, 5, 5), np.float32)).shape
    (1, 3, 10, 10)
    """

    _in_axis: ClassVar[int] = 0

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: Any = None,
        stride: Any = 1,
        pad: Any = 0,
        nobias: bool = False,
        outsize: Any = None,
        initialW: Any = None,
        initial_bias: Any = None,
        *,
        dilate: Any = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.ndim, self.stride, self.pad = 2, stride, pad
        self.outsize, self.dilate, self.groups = outsize, dilate, groups
        self._make((in_channels, out_channels, ksize), nobias, initialW, initial_bias)

    def forward(self, x: Any) -> Any:
        """Applies the layer: x (batch, in_channels, h, w), y (batch, out_channels, h', w')."""
        if self.W._array is None:
            self._fill(x)
        return deconvolution_2d(
            x,
            self.W,
            self.b,
            self.stride,
            self.pad,
            self.outsize,
            dilate=self.dilate,
            groups=self.groups,
        )


class DeconvolutionND(_Convolution):
    r"""Transposed convolution over any number of axes, the adjoint of ``ConvolutionND``.

    Args:
        ndim: the number of axes besides batch and channel.
        in_channels: the number of input channels; None: taken from the first input.
        out_channels: the number of output channels.
        ksize: the size of the window: an integer or ``ndim`` of them.
        stride: by what the axes are enlarged: an integer or ``ndim`` of them.
        pad: what is cut off on both sides of each axis: an integer or ``ndim`` of them.
        nobias: leave ``b`` out.
        outsize: the sizes of the result, where stride leaves a choice; None: the smallest.
        initialW: what fills ``W`` (in_channels, out_channels / groups, ...); None: LeCunNormal.
        initial_bias: what fills ``b`` (out_channels,); None: zeros.
        dilate: the distance of the window's elements: an integer or ``ndim`` of them.
        groups: into how many groups the channels fall.

    Raises:
        ShapeError: ``groups`` does not divide the numbers of channels.

    >>> L.DeconvolutionND(1, 8, 3, 4, stride=2)(np.zeros((2, 8, 5), np.float32)).shape
    (2, 3, 12)
    """

    _in_axis: ClassVar[int] = 0

    def __init__(
        self,
        ndim: int,
        in_channels: int | None,
        out_channels: int,
        ksize: Any = None,
        stride: Any = 1,
        pad: Any = 0,
        nobias: bool = False,
        outsize: Any = None,
        initialW: Any = None,
        initial_bias: Any = None,
        dilate: Any = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.ndim, self.stride, self.pad = ndim, stride, pad
        self.outsize, self.dilate, self.groups = outsize, dilate, groups
        self._make((in_channels, out_channels, ksize), nobias, initialW, initial_bias)

    def forward(self, x: Any) -> Any:
        """Applies the layer: x (batch, in_channels, ...), y (batch, out_channels, ...)."""
        if self.W._array is None:
            self._fill(x)
        return deconvolution_nd(
            x,
            self.W,
            self.b,
            self.stride,
            self.pad,
            self.outsize,
            dilate=self.dilate,
            groups=self.groups,
        )


class Deconvolution1D(DeconvolutionND):
    r"""Transposed convolution of sequences.

    Args:
        in_channels: the number of input channels; None: taken from the first input.
        out_channels: the number of output channels.
        args, kwargs: as for ``DeconvolutionND``.

    >>> L.Deconvolution1D(8, 3, 4, stride=2)(np.zeros((2, 8, 5), np.float32)).shape
    (2, 3, 12)
    """

    def __init__(
        self, in_channels: int | None, out_channels: int, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(1, in_channels, out_channels, *args, **kwargs)


class Deconvolution3D(DeconvolutionND):
    r"""Transposed convolution of volumes.

    Args:
        in_channels: the number of input channels; None: taken from the first input.
        out_channels: the number of output channels.
        args, kwargs: as for ``DeconvolutionND``.

    >>> L.Deconvolution3D(8, 3, 2)(np.zeros((1, 8, 3, 3, 3), np.float32)).shape
    (1, 3, 4, 4, 4)
    """

    def __init__(
        self, in_channels: int | None, out_channels: int, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(3, in_channels, out_channels, *args, **kwargs)
