"""Convolutions and transposed convolutions of any number of spatial axes.

Three operations are each other's gradients: ``Convolution`` (what the window sees), its adjoint
``Deconvolution``, and ``ConvolutionGradW``, the gradient by the weight.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, conv_outsize, deconv_outsize, need_arrays
from renkei.functions.conversion import cast
from renkei.functions.reduction import sum
from renkei.functions.shape import reshape, swapaxes
from renkei.functions.windows import spatial_axes, window_sizes

__all__ = [
    "convolution_1d",
    "convolution_2d",
    "convolution_3d",
    "convolution_nd",
    "deconvolution_1d",
    "deconvolution_2d",
    "deconvolution_3d",
    "deconvolution_nd",
    "depthwise_convolution_2d",
    "dilated_convolution_2d",
]

_Sizes = tuple[int, ...]

_AXES = {
    1: "(batch, channel, length)",
    2: "(batch, channel, height, width)",
    3: "(batch, channel, depth, height, width)",
}
_DATA = {1: "Sequences", 2: "Images", 3: "Volumes"}


class _Windowed(Function):
    """What the three operations have in common: the geometry of the window."""

    _name = "convolution"

    def __init__(self, stride: _Sizes, pad: _Sizes, dilate: _Sizes, groups: int) -> None:
        self.stride, self.pad, self.dilate, self.groups = stride, pad, dilate, groups

    @property
    def _geometry(self) -> dict[str, Any]:
        names = "stride", "pad", "dilate", "groups"
        return {name: getattr(self, name) for name in names}

    def _call(self, b: Any) -> str:
        n = len(self.stride)
        kind = f"{n}d" if n in _AXES else "nd"
        return f"{self._name}_{kind}(x, W)" if b is None else f"{self._name}_{kind}(x, W, b)"

    def _checked(self, x: Any, W: Any, b: Any, inputs: int, outputs: int) -> Any:
        """The dtype of the result; raises for what kernels would not refuse clearly."""
        n = len(self.stride)
        call = self._call(b)
        if x.ndim != n + 2 or W.ndim != n + 2:
            raise ShapeError(
                call,
                f"x {x.shape} and W {W.shape}",
                f"x and W of {n + 2} axes",
                self._about_axes(),
            )
        if x.dtype.kind != "f" or W.dtype.kind != "f":
            raise DtypeError(
                call, f"x {describe(x)} and W {describe(W)}", "arrays of floats", "See F.cast."
            )
        if b is not None and b.shape != (outputs,):
            raise ShapeError(
                call,
                f"b {b.shape} and W {W.shape}",
                f"b.shape == ({outputs},)",
                "There is one bias for each output channel.",
            )
        if self.groups < 1 or W.shape[0] % self.groups or x.shape[1] % self.groups:
            raise ShapeError(
                call,
                f"groups={self.groups}, x {x.shape} and W {W.shape}",
                "a number of groups that divides the channels of input and output",
            )
        if x.shape[1] != inputs:
            deconvolution = self._name == "deconvolution"
            times = "W.shape[0]" if deconvolution else "W.shape[1] * groups"
            raise ShapeError(
                call,
                f"x {x.shape} and W {W.shape}",
                f"x.shape[1] == {times}, here {x.shape[1]} != {inputs}",
                self._about_axes(),
            )
        return np.result_type(x.dtype, W.dtype)

    def _about_axes(self) -> str:
        n = len(self.stride)
        return f"{_DATA.get(n, 'Arrays')} are {_AXES.get(n, '(batch, channel, axis 1, ...)')}."


class Convolution(_Windowed):
    """The node of ``convolution_nd``.

    ``cover_all`` holds one truth value per axis: whether the windows go on until they cover
    the last element.
    """

    def __init__(
        self,
        stride: _Sizes,
        pad: _Sizes,
        dilate: _Sizes,
        groups: int,
        cover_all: tuple[bool, ...],
    ) -> None:
        super().__init__(stride, pad, dilate, groups)
        self.cover_all = cover_all

    def _outsize(self, x: Any, W: Any) -> _Sizes:
        axes = zip(x.shape[2:], W.shape[2:], self.stride, self.pad, self.cover_all, self.dilate)
        return tuple(conv_outsize(*axis) for axis in axes)

    def check(self, x: Any, W: Any, b: Any = None) -> Spec:
        dtype = self._checked(x, W, b, W.shape[1] * self.groups if W.ndim > 1 else 0, len(W))
        outsize = self._outsize(x, W)
        if min(outsize) <= 0 or min(W.shape[2:]) <= 0:
            got = f"x {x.shape}, W {W.shape}, pad={self.pad}, dilate={self.dilate}"
            raise ShapeError(
                self._call(b), got, "a kernel that fits into the padded input", "Raise pad?"
            )
        return Spec((x.shape[0], W.shape[0], *outsize), dtype)

    def forward(self, x: Any, W: Any, b: Any = None) -> Any:
        return self.kernel("convolution", x, W, b, outsize=self._outsize(x, W), **self._geometry)

    def grad_x(self, gy: Any, W: Any) -> Any:
        spec = self.specs.x
        gx = Deconvolution(**self._geometry, outsize=spec.shape[2:])(gy, W)
        return cast(gx, spec.dtype)

    def grad_W(self, gy: Any, x: Any) -> Any:
        spec = self.specs.W
        gW = ConvolutionGradW(**self._geometry, ksize=spec.shape[2:])(x, gy)
        return cast(gW, spec.dtype)

    def grad_b(self, gy: Any) -> Any:
        return cast(_channel_sum(gy), self.specs.b.dtype)


class Deconvolution(_Windowed):
    """The node of ``deconvolution_nd``: the adjoint of ``Convolution`` with the same weight."""

    _name = "deconvolution"

    def __init__(
        self, stride: _Sizes, pad: _Sizes, dilate: _Sizes, groups: int, outsize: _Sizes
    ) -> None:
        super().__init__(stride, pad, dilate, groups)
        self.outsize = outsize

    def check(self, x: Any, W: Any, b: Any = None) -> Spec:
        outputs = W.shape[1] * self.groups if W.ndim > 1 else 0
        dtype = self._checked(x, W, b, len(W), outputs)
        if min(self.outsize) <= 0 or min(W.shape[2:]) <= 0:
            got = f"x {x.shape}, W {W.shape}, stride={self.stride}, pad={self.pad}"
            raise ShapeError(
                self._call(b), got, f"an output of positive size, not {self.outsize}", "Lower pad?"
            )
        axes = zip(self.outsize, W.shape[2:], self.stride, self.pad, self.dilate, x.shape[2:])
        for size, k, s, p, d, n in axes:
            if (
                not conv_outsize(size, k, s, p, False, d)
                <= n
                <= conv_outsize(size, k, s, p, True, d)
            ):
                raise ShapeError(
                    self._call(b),
                    f"outsize={self.outsize} for x {x.shape} and W {W.shape}",
                    "a size that a convolution with the same window takes to the size of x",
                )
        return Spec((x.shape[0], outputs, *self.outsize), dtype)

    def forward(self, x: Any, W: Any, b: Any = None) -> Any:
        return self.kernel("deconvolution", x, W, b, outsize=self.outsize, **self._geometry)

    def grad_x(self, gy: Any, W: Any) -> Any:
        spec = self.specs.x
        gx = _convolution_to(spec.shape[2:], self._geometry, gy, W)
        return cast(gx, spec.dtype)

    def grad_W(self, gy: Any, x: Any) -> Any:
        spec = self.specs.W
        gW = ConvolutionGradW(**self._geometry, ksize=spec.shape[2:])(gy, x)
        return cast(gW, spec.dtype)

    def grad_b(self, gy: Any) -> Any:
        return cast(_channel_sum(gy), self.specs.b.dtype)


class ConvolutionGradW(_Windowed):
    """The gradient of a convolution by its weight, from input and output gradient."""

    outputs = ("gW",)

    def __init__(
        self, stride: _Sizes, pad: _Sizes, dilate: _Sizes, groups: int, ksize: _Sizes
    ) -> None:
        super().__init__(stride, pad, dilate, groups)
        self.ksize = ksize

    def check(self, x: Any, gy: Any) -> Spec:
        shape = (gy.shape[1], x.shape[1] // self.groups, *self.ksize)
        return Spec(shape, np.result_type(x.dtype, gy.dtype))

    def forward(self, x: Any, gy: Any) -> Any:
        return self.kernel("convolution_grad_w", x, gy, ksize=self.ksize, **self._geometry)

    def grad_x(self, ggW: Any, gy: Any) -> Any:
        spec = self.specs.x
        gx = Deconvolution(**self._geometry, outsize=spec.shape[2:])(gy, ggW)
        return cast(gx, spec.dtype)

    def grad_gy(self, ggW: Any, x: Any) -> Any:
        spec = self.specs.gy
        return cast(_convolution_to(spec.shape[2:], self._geometry, x, ggW), spec.dtype)


def _convolution_to(outsize: _Sizes, geometry: dict[str, Any], x: Any, W: Any) -> Any:
    """The convolution whose result has the size ``outsize``."""
    axes = zip(
        x.shape[2:], W.shape[2:], geometry["stride"], geometry["pad"], geometry["dilate"], outsize
    )
    covers = tuple(conv_outsize(n, k, s, p, False, d) != out for n, k, s, p, d, out in axes)
    return Convolution(**geometry, cover_all=covers)(x, W)


def _channel_sum(gy: Any) -> Any:
    return sum(gy, axis=(0, *range(2, gy.ndim)))


def _convolution(
    n: int, x: Any, W: Any, b: Any, stride: Any, pad: Any, cover_all: Any, dilate: Any, groups: int
) -> Any:
    call = f"convolution_{n}d(x, W, b)"
    node = Convolution(
        window_sizes(call, "stride", stride, n),
        window_sizes(call, "pad", pad, n, 0),
        window_sizes(call, "dilate", dilate, n),
        groups,
        (bool(cover_all),) * n,
    )
    return node(x, W) if b is None else node(x, W, b)


def _deconvolution(
    n: int, x: Any, W: Any, b: Any, stride: Any, pad: Any, outsize: Any, dilate: Any, groups: int
) -> Any:
    call = f"deconvolution_{n}d(x, W, b)"
    steps = window_sizes(call, "stride", stride, n)
    pads = window_sizes(call, "pad", pad, n, 0)
    dilates = window_sizes(call, "dilate", dilate, n)
    if outsize is None:
        shapes = [getattr(a, "shape", ())[2:] for a in (x, W)]
        axes = zip(*shapes, steps, pads, dilates)
        sizes = tuple(deconv_outsize(size, k, s, p, d=d) for size, k, s, p, d in axes)
        sizes += (1,) * (n - len(sizes))  # wrong numbers of axes are check's business
    else:
        sizes = window_sizes(call, "outsize", outsize, n)
    node = Deconvolution(steps, pads, dilates, groups, sizes)
    return node(x, W) if b is None else node(x, W, b)


def convolution_2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    cover_all: bool = False,
    *,
    dilate: Any = 1,
    groups: int = 1,
) -> Any:
    r"""Two-dimensional convolution (cross-correlation) of images.

    .. math:: y_{n,o,i,j} = b_o + \sum_{c,u,v} W_{o,c,u,v}
        \, x_{n,c,\; i s_h + u d_h - p_h,\; j s_w + v d_w - p_w}

    with stride s, dilation d and zeros around the image up to a margin of p.

    Args:
        x: images (batch, in_channels, height, width), array or Variable of floats.
        W: weight (out_channels, in_channels / groups, kernel height, kernel width).
        b: bias (out_channels,), or None.
        stride: pixels between windows; an integer or (vertical, horizontal).
        pad: width of the margin of zeros; an integer or a pair.
        cover_all: let the last windows reach over the border until every pixel is seen.
        dilate: distance between the pixels that a window sees; an integer or a pair.
        groups: number of parts into which the channels fall; each output part sees one of them.

    Returns:
        Array or Variable (batch, out_channels, out height, out width) with
        ``out = (size + 2 * pad - dilate * (kernel - 1) - 1) // stride + 1``.

    Raises:
        ShapeError: the shapes do not fit together, or the kernel is larger than the padded image.
        DtypeError: an argument is no array of floats.
        RangeError: stride or dilate is not positive, or pad is negative.

    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> F.convolution_2d(x, np.ones((1, 1, 2, 2)), np.array([100.0]))
    array([[[[108., 112.],
             [120., 124.]]]])
    """
    return _convolution(2, x, W, b, stride, pad, cover_all, dilate, groups)


def convolution_nd(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    cover_all: bool = False,
    dilate: Any = 1,
    groups: int = 1,
) -> Any:
    r"""Convolution over any number of spatial axes; see ``convolution_2d``.

    Args:
        x: (batch, in_channels, size 1, ..., size n), array or Variable of floats.
        W: weight (out_channels, in_channels / groups, kernel 1, ..., kernel n).
        b: bias (out_channels,), or None.
        stride: elements between windows; an integer or n of them.
        pad: width of the margin of zeros; an integer or n of them.
        cover_all: let the last windows reach over the border until every element is seen.
        dilate: distance between the elements that a window sees; an integer or n of them.
        groups: number of parts into which the channels fall.

    Returns:
        Array or Variable (batch, out_channels, out 1, ..., out n).

    Raises:
        ShapeError: the shapes do not fit together.

    >>> F.convolution_nd(np.ones((1, 2, 3, 4, 5)), np.ones((6, 2, 2, 2, 2))).shape
    (1, 6, 2, 3, 4)
    """
    n = spatial_axes("convolution_nd(x, W, b)", x)
    return _convolution(n, x, W, b, stride, pad, cover_all, dilate, groups)


def convolution_1d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    cover_all: bool = False,
    dilate: Any = 1,
    groups: int = 1,
) -> Any:
    r"""Convolution of sequences; see ``convolution_2d``.

    Args:
        x: (batch, in_channels, length), array or Variable of floats.
        W: weight (out_channels, in_channels / groups, kernel length).
        b, stride, pad, cover_all, dilate, groups: as for ``convolution_2d``.

    Returns:
        Array or Variable (batch, out_channels, out length).

    >>> F.convolution_1d(np.arange(4.0).reshape(1, 1, 4), np.ones((1, 1, 2)))
    array([[[1., 3., 5.]]])
    """
    return _convolution(1, x, W, b, stride, pad, cover_all, dilate, groups)


def convolution_3d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    cover_all: bool = False,
    dilate: Any = 1,
    groups: int = 1,
) -> Any:
    r"""Convolution of volumes; see ``convolution_2d``.

    Args:
        x: (batch, in_channels, depth, height, width), array or Variable of floats.
        W: weight (out_channels, in_channels / groups, kernel depth, height, width).
        b, stride, pad, cover_all, dilate, groups: as for ``convolution_2d``.

    Returns:
        Array or Variable (batch, out_channels, out depth, out height, out width).

    >>> F.convolution_3d(np.ones((1, 1, 3, 3, 3)), np.ones((1, 1, 3, 3, 3)))
    array([[[[[27.]]]]])
    """
    return _convolution(3, x, W, b, stride, pad, cover_all, dilate, groups)


def deconvolution_2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    outsize: Any = None,
    *,
    dilate: Any = 1,
    groups: int = 1,
) -> Any:
    r"""Two-dimensional transposed convolution: each input pixel paints the window on the output.

    It is the adjoint of ``convolution_2d`` with the same weight, stride, pad and dilate:
    :math:`\langle \mathrm{conv}(u, W), x \rangle = \langle u, \mathrm{deconv}(x, W) \rangle`.

    Args:
        x: (batch, in_channels, height, width), array or Variable of floats.
        W: weight (in_channels, out_channels / groups, kernel height, kernel width).
        b: bias (out_channels,), or None.
        stride: pixels between the painted windows; an integer or (vertical, horizontal).
        pad: width of the margin that is cut off the output; an integer or a pair.
        outsize: (height, width) of the output where several are possible, or None for
            ``stride * (size - 1) + dilate * (kernel - 1) + 1 - 2 * pad``.
        dilate: distance between the pixels of a window; an integer or a pair.
        groups: number of parts into which the channels fall.

    Returns:
        Array or Variable (batch, out_channels, out height, out width).

    Raises:
        ShapeError: the shapes do not fit together, or no convolution leads back from ``outsize``.
        DtypeError: an argument is no array of floats.
        RangeError: stride or dilate is not positive, or pad is negative.

    Zeiler et al., "Deconvolutional networks" (2010).

    >>> x = np.array([[[[1.0, 2.0]]]])
    >>> F.deconvolution_2d(x, np.ones((1, 1, 2, 2)), stride=2)
    array([[[[1., 1., 2., 2.],
             [1., 1., 2., 2.]]]])
    """
    return _deconvolution(2, x, W, b, stride, pad, outsize, dilate, groups)


def deconvolution_nd(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    outsize: Any = None,
    dilate: Any = 1,
    groups: int = 1,
) -> Any:
    r"""Transposed convolution over any number of spatial axes; see ``deconvolution_2d``.

    Args:
        x: (batch, in_channels, size 1, ..., size n), array or Variable of floats.
        W: weight (in_channels, out_channels / groups, kernel 1, ..., kernel n).
        b, stride, pad, outsize, dilate, groups: as for ``deconvolution_2d``, one integer or n.

    Returns:
        Array or Variable (batch, out_channels, out 1, ..., out n).

    >>> F.deconvolution_nd(np.ones((1, 2, 3, 4, 5)), np.ones((2, 6, 2, 2, 2))).shape
    (1, 6, 4, 5, 6)
    """
    n = spatial_axes("deconvolution_nd(x, W, b)", x)
    return _deconvolution(n, x, W, b, stride, pad, outsize, dilate, groups)


def deconvolution_1d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    outsize: Any = None,
    dilate: Any = 1,
    groups: int = 1,
) -> Any:
    r"""Transposed convolution of sequences; see ``deconvolution_2d``.

    Args:
        x: (batch, in_channels, length), array or Variable of floats.
        W: weight (in_channels, out_channels / groups, kernel length).
        b, stride, pad, outsize, dilate, groups: as for ``deconvolution_2d``.

    Returns:
        Array or Variable (batch, out_channels, out length).

    >>> F.deconvolution_1d(np.array([[[1.0, 2.0]]]), np.ones((1, 1, 2)))
    array([[[1., 3., 2.]]])
    """
    return _deconvolution(1, x, W, b, stride, pad, outsize, dilate, groups)


def deconvolution_3d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    outsize: Any = None,
    dilate: Any = 1,
    groups: int = 1,
) -> Any:
    r"""Transposed convolution of volumes; see ``deconvolution_2d``.

    Args:
        x: (batch, in_channels, depth, height, width), array or Variable of floats.
        W: weight (in_channels, out_channels / groups, kernel depth, height, width).
        b, stride, pad, outsize, dilate, groups: as for ``deconvolution_2d``.

    Returns:
        Array or Variable (batch, out_channels, out depth, out height, out width).

    >>> F.deconvolution_3d(np.ones((1, 1, 1, 1, 1)), np.ones((1, 2, 3, 3, 3))).shape
    (1, 2, 3, 3, 3)
    """
    return _deconvolution(3, x, W, b, stride, pad, outsize, dilate, groups)


def dilated_convolution_2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = 1,
    pad: Any = 0,
    dilate: Any = 1,
    cover_all: bool = False,
) -> Any:
    r"""Two-dimensional convolution with holes: ``convolution_2d`` by another order of arguments.

    Args:
        x, W, b, stride, pad, dilate, cover_all: as for ``convolution_2d``.

    Returns:
        Array or Variable (batch, out_channels, out height, out width).

    >>> F.dilated_convolution_2d(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3)), dilate=2)
    array([[[[9.]]]])
    """
    return _convolution(2, x, W, b, stride, pad, cover_all, dilate, 1)


def depthwise_convolution_2d(x: Any, W: Any, b: Any = None, stride: Any = 1, pad: Any = 0) -> Any:
    r"""Convolves each channel by itself with ``multiplier`` kernels.

    Args:
        x: images (batch, channels, height, width), array or Variable of floats.
        W: weight (multiplier, channels, kernel height, kernel width).
        b: bias (channels * multiplier,), or None.
        stride, pad: as for ``convolution_2d``.

    Returns:
        Array or Variable (batch, channels * multiplier, out height, out width): the results of the
        first channel come first.

    Raises:
        ShapeError: the shapes do not fit together.

    Chollet, "Xception: deep learning with depthwise separable convolutions" (2017).

    >>> F.depthwise_convolution_2d(np.ones((1, 3, 4, 4)), np.ones((2, 3, 3, 3))).shape
    (1, 6, 2, 2)
    """
    need_arrays("depthwise_convolution_2d(x, W, b)", x=x, W=W)
    if x.ndim != 4 or W.ndim != 4 or x.shape[1] != W.shape[1]:
        raise ShapeError(
            "depthwise_convolution_2d(x, W, b)",
            f"x {x.shape} and W {W.shape}",
            "x (batch, channels, height, width) and W (multiplier, channels, height, width)",
        )
    multiplier, channels, *ksize = W.shape
    kernels = reshape(swapaxes(W, 0, 1), (channels * multiplier, 1, *ksize))
    return _convolution(2, x, kernels, b, stride, pad, False, 1, channels)
