"""Relatives of the convolution: with holes, by channel, by place, bent, with layers behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, ClassVar

from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.parameter import Parameter
from renkei.core.shapes import conv_outsize, tuple_of
from renkei.functions.activation import relu
from renkei.functions.conv import depthwise_convolution_2d, dilated_convolution_2d
from renkei.functions.local_conv import local_convolution_2d
from renkei.functions.sampling import deformable_convolution_2d_sampler
from renkei.initializers import get_initializer
from renkei.links.chain import Chain, ChainList
from renkei.links.conv import Convolution2D, _Convolution
from renkei.links.link import Link
from renkei.links.sizes import check_sizes

__all__ = [
    "DeformableConvolution2D",
    "DepthwiseConvolution2D",
    "DilatedConvolution2D",
    "LocalConvolution2D",
    "MLPConvolution2D",
]


def _image_shape(link: Link, x: Any) -> tuple[int, ...]:
    """The shape of images; refused before a parameter is made of it."""
    shape = getattr(x, "shape", None)
    if shape is None or len(shape) != 4:
        call = f"{type(link).__name__}(...)(x)"
        raise ShapeError(call, f"x {describe(x)}", "images (batch, channel, height, width)")
    return shape


class DilatedConvolution2D(_Convolution):
    r"""Convolution of images whose windows have holes: ``Convolution2D`` by its older name.

    Yu and Koltun, "Multi-scale context aggregation by dilated convolutions" (2016).

    Args:
        in_channels: the number of input channels; None: taken from the first input.
            ``DilatedConvolution2D(16, 3)`` is ``DilatedConvolution2D(None, 16, 3)``.
        out_channels: the number of output channels.
        ksize: the size of the window in pixels: an integer or (height, width).
        stride: the step of the window: an integer or a pair.
        pad: rows and columns of zeros around the image: an integer or a pair.
        dilate: the distance of the window's pixels: an integer or a pair.
        nobias: leave ``b`` out.
        initialW: what fills ``W`` (out_channels, in_channels, height, width); None: LeCunNormal.
        initial_bias: what fills ``b`` (out_channels,); None: zeros.

    >>> L.DilatedConvolution2D(3, 8, 3, dilate=2)(np.zeros((1, 3, 7, 7), np.float32)).shape
    (1, 8, 3, 3)
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: Any = None,
        stride: Any = 1,
        pad: Any = 0,
        dilate: Any = 1,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        self.ndim, self.stride, self.pad = 2, stride, pad
        self.dilate, self.groups = dilate, 1
        self._make((in_channels, out_channels, ksize), nobias, initialW, initial_bias)

    def forward(self, x: Any) -> Any:
        """Applies the layer: x (batch, in_channels, h, w), y (batch, out_channels, h', w')."""
        if self.W._array is None:
            self._fill(x)
        return dilated_convolution_2d(x, self.W, self.b, self.stride, self.pad, self.dilate)


class DepthwiseConvolution2D(Link):
    r"""Convolves each channel by itself with ``channel_multiplier`` kernels.

    Chollet, "Xception: deep learning with depthwise separable convolutions" (2017).

    Args:
        in_channels: the number of input channels; None: taken from the first input.
        channel_multiplier: the number of outputs of each channel.
        ksize: the size of the window in pixels: an integer or (height, width).
        stride: the step of the window: an integer or a pair.
        pad: rows and columns of zeros around the image: an integer or a pair.
        nobias: leave ``b`` out.
        initialW: what fills ``W`` (channel_multiplier, in_channels, height, width); None:
            LeCunNormal.
        initial_bias: what fills ``b`` (channel_multiplier * in_channels,); None: zeros.

    >>> L.DepthwiseConvolution2D(3, 2, 3)(np.zeros((1, 3, 5, 5), np.float32)).shape
    (1, 6, 3, 3)
    """

    _shown: ClassVar[tuple[str, ...]] = ("channel_multiplier", "ksize", "stride", "pad")

    def __init__(
        self,
        in_channels: int | None,
        channel_multiplier: int,
        ksize: Any,
        stride: Any = 1,
        pad: Any = 0,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        check_sizes(
            "DepthwiseConvolution2D",
            in_channels=in_channels,
            channel_multiplier=channel_multiplier,
        )
        self.channel_multiplier = channel_multiplier
        self.ksize, self.stride, self.pad = ksize, stride, pad
        self.W = Parameter(get_initializer(initialW))
        self.b = None if nobias else Parameter(get_initializer(initial_bias, 0))
        if in_channels is not None:
            self._make(in_channels)

    def _make(self, in_channels: int) -> None:
        window = tuple_of("DepthwiseConvolution2D(...)", "ksize", self.ksize, 2)
        self.W.initialize((self.channel_multiplier, in_channels, *window))
        if self.b is not None:
            self.b.initialize(self.channel_multiplier * in_channels)

    @property
    def nobias(self) -> bool:
        """Whether there is no bias."""
        return self.b is None

    def forward(self, x: Any) -> Any:
        """Applies the layer: x (batch, c, h, w), y (batch, c * channel_multiplier, h', w')."""
        if self.W._array is None:
            self._make(_image_shape(self, x)[1])
        return depthwise_convolution_2d(x, self.W, self.b, self.stride, self.pad)


class LocalConvolution2D(Link):
    r"""Convolution of images of one size in which each window has its own weight.

    Args:
        in_channels: the number of input channels; None: taken from the first input.
        out_channels: the number of output channels.
        in_size: the size of the images in pixels: an integer or (height, width); None: taken from
            the first input.
        ksize: the size of the window in pixels: an integer or a pair.
        stride: the step of the window: an integer or a pair.
        nobias: leave ``b`` out.
        initialW: what fills ``W`` (out_channels, out height, out width, in_channels, height,
            width); None: LeCunNormal.
        initial_bias: what fills ``b`` (out_channels, out height, out width); None: zeros.

    Raises:
        DtypeError: there is no ``ksize``.

    >>> L.LocalConvolution2D(3, 8, 7, 5)(np.zeros((1, 3, 7, 7), np.float32)).shape
    (1, 8, 3, 3)
    """

    _shown: ClassVar[tuple[str, ...]] = ("out_channels", "ksize", "stride", "nobias")

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        in_size: Any = None,
        ksize: Any = None,
        stride: Any = 1,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        check_sizes("LocalConvolution2D", in_channels=in_channels, out_channels=out_channels)
        self.out_channels, self.stride = out_channels, stride
        self.ksize = tuple_of("LocalConvolution2D(...)", "ksize", ksize, 2)
        self.W = Parameter(get_initializer(initialW))
        self.b = None if nobias else Parameter(get_initializer(initial_bias, 0))
        if in_channels is not None and in_size is not None:
            self._make(in_channels, tuple_of("LocalConvolution2D(...)", "in_size", in_size, 2))

    def _make(self, in_channels: int, in_size: tuple[int, ...]) -> None:
        call = "LocalConvolution2D(...)"
        steps = tuple_of(call, "stride", self.stride, 2)
        outsize = tuple(conv_outsize(n, k, s, 0) for n, k, s in zip(in_size, self.ksize, steps))
        if min(outsize) <= 0:
            got = f"images of {in_size} pixels and ksize={self.ksize}"
            raise ShapeError(call, got, "windows that fit into the images")
        self.W.initialize((self.out_channels, *outsize, in_channels, *self.ksize))
        if self.b is not None:
            self.b.initialize((self.out_channels, *outsize))

    @property
    def nobias(self) -> bool:
        """Whether there is no bias."""
        return self.b is None

    def forward(self, x: Any) -> Any:
        """Applies the layer: x (batch, in_channels, h, w), y (batch, out_channels, h', w')."""
        if self.W._array is None:
            shape = _image_shape(self, x)
            self._make(shape[1], shape[2:])
        return local_convolution_2d(x, self.W, self.b, self.stride)


class DeformableConvolution2D(Chain):
    r"""Convolution of images whose windows bend as another convolution tells them.

    ``offset_conv`` computes the offsets, ``deform_conv`` convolves. Without initial values all
    weights of ``deform_conv`` are zero.

    Dai et al., "Deformable convolutional networks" (2017).

    Args:
        in_channels: the number of input channels; None: taken from the first input.
        out_channels: the number of output channels.
        ksize: the size of the window in pixels: an integer or (height, width).
        stride: the step of the window: an integer or a pair.
        pad: rows and columns of zeros around the image: an integer or a pair.
        offset_nobias: leave the bias of ``offset_conv`` out.
        offset_initialW: what fills the weight of ``offset_conv``; None: LeCunNormal.
        offset_initial_bias: what fills its bias; None: zeros.
        deform_nobias: leave the bias of ``deform_conv`` out.
        deform_initialW: what fills the weight of ``deform_conv``; None: zeros.
        deform_initial_bias: what fills its bias; None: zeros.

    >>> L.DeformableConvolution2D(3, 8, 3, pad=1)(np.zeros((1, 3, 5, 5), np.float32)).shape
    (1, 8, 5, 5)
    """

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        ksize: Any,
        stride: Any = 1,
        pad: Any = 0,
        offset_nobias: bool = False,
        offset_initialW: Any = None,
        offset_initial_bias: Any = None,
        deform_nobias: bool = False,
        deform_initialW: Any = None,
        deform_initial_bias: Any = None,
    ) -> None:
        super().__init__()
        kh, kw = tuple_of("DeformableConvolution2D(...)", "ksize", ksize, 2)
        geometry = ksize, stride, pad
        offset = offset_nobias, offset_initialW, offset_initial_bias
        self.offset_conv = Convolution2D(in_channels, 2 * kh * kw, *geometry, *offset)
        deform = deform_nobias, deform_initialW, deform_initial_bias
        self.deform_conv = _Deformed(in_channels, out_channels, geometry, *deform)

    def forward(self, x: Any) -> Any:
        """Applies the layer: x (batch, in_channels, h, w), y (batch, out_channels, h', w')."""
        return self.deform_conv(x, self.offset_conv(x))


class _Deformed(_Convolution):
    """The convolution by given offsets."""

    def __init__(
        self,
        in_channels: int | None,
        out_channels: int,
        geometry: tuple[Any, Any, Any],
        nobias: bool,
        initialW: Any,
        initial_bias: Any,
    ) -> None:
        super().__init__()
        self.ndim, self.dilate, self.groups = 2, 1, 1
        ksize, self.stride, self.pad = geometry
        weight = get_initializer(initialW, 0)
        self._make((in_channels, out_channels, ksize), nobias, weight, initial_bias)

    def forward(self, x: Any, offset: Any) -> Any:
        if self.W._array is None:
            self._fill(x)
        return deformable_convolution_2d_sampler(x, offset, self.W, self.b, self.stride, self.pad)


class MLPConvolution2D(ChainList):
    r"""A convolution, then convolutions of one pixel: a small network slides over the image.

    Lin et al., "Network in network" (2013).

    Args:
        in_channels: the number of input channels; None: taken from the first input.
            ``MLPConvolution2D((16, 8), 3)`` is ``MLPConvolution2D(None, (16, 8), 3)``.
        out_channels: the numbers of output channels, one for each layer.
        ksize: the size of the first layer's window in pixels: an integer or (height, width).
        stride: the step of that window: an integer or a pair.
        pad: rows and columns of zeros around the image: an integer or a pair.
        activation: the function between the layers.
        conv_init: what fills the weights; None: LeCunNormal.
        bias_init: what fills the biases; None: zeros.

    Raises:
        DtypeError: ``out_channels`` is no list of numbers, or an empty one.

    >>> L.MLPConvolution2D(3, (16, 8), 5)(np.zeros((1, 3, 9, 9), np.float32)).shape
    (1, 8, 5, 5)
    """

    def __init__(
        self,
        in_channels: Any,
        out_channels: Any,
        ksize: Any = None,
        stride: Any = 1,
        pad: Any = 0,
        activation: Callable[[Any], Any] = relu,
        *,
        conv_init: Any = None,
        bias_init: Any = None,
    ) -> None:
        if ksize is None:  # MLPConvolution2D(out_channels, ksize)
            in_channels, out_channels, ksize = None, in_channels, out_channels
        if not isinstance(out_channels, Sequence) or not out_channels:
            got = f"out_channels={describe(out_channels)}"
            raise DtypeError("MLPConvolution2D(...)", got, "a list of one or more integers")
        fill = {"initialW": conv_init, "initial_bias": bias_init}
        super().__init__(
            Convolution2D(in_channels, out_channels[0], ksize, stride, pad, **fill),
            *(Convolution2D(a, b, 1, **fill) for a, b in pairwise(out_channels)),
        )
        self.activation = activation

    def forward(self, x: Any) -> Any:
        """Applies the layers: x (batch, in_channels, h, w), y (batch, out_channels[-1], h', w')."""
        *inner, last = self
        for layer in inner:
            x = self.activation(layer(x))
        return last(x)
