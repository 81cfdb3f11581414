"""Images looked at between their pixels: spatial transformers and deformable convolution."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, conv_outsize, need_arrays
from renkei.core.variable import Variable
from renkei.functions.conversion import cast
from renkei.functions.indexing import get_item
from renkei.functions.join_split import concat
from renkei.functions.linalg import matmul
from renkei.functions.reduction import sum
from renkei.functions.shape import moveaxis, reshape
from renkei.functions.windows import window_sizes

__all__ = [
    "deformable_convolution_2d_sampler",
    "spatial_transformer_grid",
    "spatial_transformer_sampler",
]

_Sizes = tuple[int, ...]


class BilinearSampling(Function):
    """Pixels at places between pixels; outside of the image there are zeros.

    ``at`` (batch, 2, *out) holds columns and rows, counted in pixels.
    """

    def check(self, x: Any, at: Any) -> Spec:
        return Spec((*x.shape[:2], *at.shape[2:]), x.dtype)

    def forward(self, x: Any, at: Any) -> Any:
        return self.kernel("bilinear_sampling", x, at)

    def grad_x(self, gy: Any, at: Any) -> Any:
        return BilinearSpreading(self.specs.x.shape[2:])(gy, at)

    def grad_at(self, gy: Any, x: Any, at: Any) -> Any:
        if isinstance(gy, Variable):
            return _slope(gy, x, at)
        return self.kernel("bilinear_slope", gy, x, at)


class BilinearSpreading(Function):
    """The adjoint of ``BilinearSampling`` at the same places: adds to the pixels around each."""

    outputs = ("gx",)

    def __init__(self, size: _Sizes) -> None:
        self.size = size

    def check(self, gy: Any, at: Any) -> Spec:
        return Spec((*gy.shape[:2], *self.size), gy.dtype)

    def forward(self, gy: Any, at: Any) -> Any:
        return self.kernel("bilinear_spreading", gy, at, size=self.size)

    def grad_gy(self, ggx: Any, at: Any) -> Any:
        return BilinearSampling()(ggx, at)

    def grad_at(self, ggx: Any, gy: Any, at: Any) -> Any:
        # <ggx, spreading of gy> is <sampling of ggx, gy>: its slope is that of sampling ggx
        if isinstance(ggx, Variable):
            return _slope(gy, ggx, at)
        return self.kernel("bilinear_slope", gy, ggx, at)


def _slope(gy: Any, x: Any, at: Any) -> Any:
    """What the kernel ``bilinear_slope`` computes, as a differentiable formula."""
    n, _, h, w = x.shape
    dtype = np.result_type(np.float32, x.dtype, at.dtype)
    places = reshape(cast(at, dtype), (n, 2, prod(at.shape[2:])))
    values = moveaxis(reshape(cast(gy, dtype), (n, gy.shape[1], places.shape[2])), 1, 2)
    pixels = moveaxis(reshape(cast(x, dtype), (n, x.shape[1], h * w)), 1, 2)
    right, down = places[:, 0] - _low(places, 0, w), places[:, 1] - _low(places, 1, h)
    across: Any = 0
    along: Any = 0
    for index, seen, i, j in _corners(places, (h, w)):
        inner = sum(get_item(pixels, index) * values, axis=2) * seen
        across = across + inner * (2 * j - 1) * (down if i else 1 - down)
        along = along + inner * (2 * i - 1) * (right if j else 1 - right)
    return cast(reshape(concat([across[:, None], along[:, None]], axis=1), at.shape), at.dtype)


def _low(places: Any, axis: int, size: int) -> Any:
    """The column or row before each place, as an array of floats."""
    place = getattr(places, "array", places)[:, axis]
    xp = get_array_module(place)
    return xp.floor(xp.where((place > -1) & (place < size), place, -2))


def _corners(places: Any, size: _Sizes) -> Iterator[tuple[Any, Any, int, int]]:
    """The four pixels around each place: their index, whether they exist, which one it is."""
    h, w = size
    row, column = _low(places, 1, h).astype(np.intp), _low(places, 0, w).astype(np.intp)
    batch = get_array_module(row).arange(len(row))[:, None]
    for i, j in itertools.product((0, 1), (0, 1)):
        r, c = row + i, column + j
        seen = (r >= 0) & (r < h) & (c >= 0) & (c < w)
        yield (batch, (r * w + c) * seen), seen.astype(places.dtype), i, j


class SpatialTransformerGrid(Function):
    """The node of ``spatial_transformer_grid``."""

    outputs = ("grid",)

    def __init__(self, outsize: _Sizes) -> None:
        self.outsize = outsize

    def check(self, theta: Any) -> Spec:
        call = "spatial_transformer_grid(theta, output_shape)"
        if theta.shape[1:] != (2, 3):
            raise ShapeError(call, f"theta {theta.shape}", "matrices (batch, 2, 3)")
        if theta.dtype.kind != "f":
            raise DtypeError(call, f"theta {describe(theta)}", "an array of floats")
        return Spec((theta.shape[0], 2, *self.outsize), theta.dtype)

    def forward(self, theta: Any) -> Any:
        return self.kernel("spatial_transformer_grid", theta, outsize=self.outsize)

    def grad_theta(self, ggrid: Any) -> Any:
        return SpatialTransformerGridGrad()(ggrid)


class SpatialTransformerGridGrad(Function):
    """The adjoint of ``SpatialTransformerGrid``."""

    outputs = ("gtheta",)

    def check(self, ggrid: Any) -> Spec:
        return Spec((ggrid.shape[0], 2, 3), ggrid.dtype)

    def forward(self, ggrid: Any) -> Any:
        return self.kernel("spatial_transformer_grid_grad", ggrid)

    def grad_ggrid(self, ggtheta: Any) -> Any:
        return SpatialTransformerGrid(self.specs.ggrid.shape[2:])(ggtheta)


def spatial_transformer_grid(theta: Any, output_shape: Any) -> Any:
    r"""The places that an affine map takes the pixels of an output image from.

    .. math:: \begin{pmatrix} u \\ v \end{pmatrix}
        = \theta \begin{pmatrix} u' \\ v' \\ 1 \end{pmatrix}

    where :math:`(u', v')` are column and row of an output pixel. Both images reach from -1, the
    centre of the first pixel, to 1, the centre of the last one.

    Args:
        theta: affine maps (batch, 2, 3), array or Variable of floats.
        output_shape: (height, width) of the output images in pixels.

    Returns:
        Array or Variable (batch, 2, height, width): columns u, then rows v.

    Raises:
        ShapeError: ``theta`` is not (batch, 2, 3).
        DtypeError: ``theta`` is no array of floats.

    Jaderberg et al., "Spatial transformer networks" (2015).

    >>> mirror = np.array([[[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> F.spatial_transformer_grid(mirror, (2, 3))[0, 0]
    array([[ 1.,  0., -1.],
           [ 1.,  0., -1.]])
    """
    call = "spatial_transformer_grid(theta, output_shape)"
    return SpatialTransformerGrid(window_sizes(call, "output_shape", output_shape, 2))(theta)


def spatial_transformer_sampler(x: Any, grid: Any) -> Any:
    r"""Takes pixels from the places of a grid, by bilinear interpolation.

    .. math:: y_{n,c,i,j} = \sum_{r,s} x_{n,c,r,s} \max(0, 1 - |\tilde v_{nij} - r|)
        \max(0, 1 - |\tilde u_{nij} - s|)

    where :math:`\tilde u = (u + 1)(width - 1) / 2` and :math:`\tilde v = (v + 1)(height - 1) / 2`
    count in pixels.

    Args:
        x: images (batch, channel, height, width), array or Variable of floats.
        grid: places (batch, 2, out height, out width), columns u and then rows v: -1 is the centre
            of the first pixel, 1 that of the last one. Outside of the image there are zeros.

    Returns:
        Array or Variable (batch, channel, out height, out width) of the dtype of ``x``.

    Raises:
        ShapeError: ``x`` or ``grid`` has not these axes, or they are of different batches.
        DtypeError: an argument is no array of floats.

    Jaderberg et al., "Spatial transformer networks" (2015).

    >>> mirror = np.array([[[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> x = np.array([[[[1.0, 2.0, 3.0]]]])
    >>> F.spatial_transformer_sampler(x, F.spatial_transformer_grid(mirror, (1, 3)))
    array([[[[3., 2., 1.]]]])
    """
    call = "spatial_transformer_sampler(x, grid)"
    _check_images(call, x=x, grid=grid)
    if grid.shape[1] != 2 or grid.shape[0] != x.shape[0]:
        raise ShapeError(
            call, f"x {x.shape} and grid {grid.shape}", f"grid ({x.shape[0]}, 2, height, width)"
        )
    # half-precision places would be off by a part of a pixel
    wide = cast(grid, np.result_type(np.float32, grid.dtype))
    u = (wide[:, :1] + 1) * ((x.shape[3] - 1) / 2)
    v = (wide[:, 1:] + 1) * ((x.shape[2] - 1) / 2)
    return BilinearSampling()(x, concat([u, v], axis=1))


def _check_images(call: str, **arrays: Any) -> None:
    for name, a in arrays.items():
        if getattr(a, "ndim", 0) != 4:
            raise ShapeError(call, f"{name} {describe(a)}", f"{name} of 4 axes")
        if a.dtype.kind != "f":
            raise DtypeError(call, f"{name} {describe(a)}", "an array of floats", "See F.cast.")


class WindowPlaces(Function):
    """Adds to offsets (n, 2, kh * kw, oh, ow) the places that a convolution's windows look at."""

    outputs = ("at",)

    def __init__(self, ksize: _Sizes, stride: _Sizes, pad: _Sizes) -> None:
        self.ksize, self.stride, self.pad = ksize, stride, pad

    def check(self, offset: Any) -> Spec:
        return Spec(offset.shape, offset.dtype)

    def forward(self, offset: Any) -> Any:
        xp = get_array_module(offset)
        at = offset.copy()
        row, column = (
            (xp.arange(k)[:, None] + xp.arange(out) * s - p).astype(offset.dtype)
            for k, out, s, p in zip(self.ksize, offset.shape[3:], self.stride, self.pad)
        )
        kh, kw = self.ksize
        # row: (kh, oh), column: (kw, ow)
        at[:, 0] += xp.tile(column, (kh, 1))[:, None, :]
        at[:, 1] += xp.repeat(row, kw, axis=0)[:, :, None]
        return at

    def grad_offset(self, gat: Any) -> Any:
        return gat


def deformable_convolution_2d_sampler(
    x: Any, offset: Any, W: Any, b: Any = None, stride: Any = 1, pad: Any = 0
) -> Any:
    r"""Convolution whose windows look at places moved by given offsets.

    .. math:: y_{n,o,i,j} = b_o + \sum_{c,k} W_{o,c,k}\, x_{n,c}(
        i s_h + k_h - p_h + \Delta v_{n,k,i,j},\; j s_w + k_w - p_w + \Delta u_{n,k,i,j})

    with bilinear interpolation between the pixels of x and zeros outside.

    Args:
        x: images (batch, in_channels, height, width), array or Variable of floats.
        offset: (batch, 2 * kh * kw, out height, out width): for each place k in the window,
            counted row by row, the offset to the right in pixels; then all offsets down.
        W: weight (out_channels, in_channels, kh, kw).
        b: bias (out_channels,), or None.
        stride: pixels between windows; an integer or (vertical, horizontal).
        pad: width of the margin of zeros; an integer or a pair.

    Returns:
        Array or Variable (batch, out_channels, out height, out width).

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: an argument is no array of floats.

    Dai et al., "Deformable convolutional networks" (2017).

    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> offset = np.concatenate([np.full((1, 1, 3, 3), 0.5), np.zeros((1, 1, 3, 3))], axis=1)
    >>> F.deformable_convolution_2d_sampler(x, offset, np.ones((1, 1, 1, 1)))
    array([[[[0.5, 1.5, 1. ],
             [3.5, 4.5, 2.5],
             [6.5, 7.5, 4. ]]]])
    """
    call = "deformable_convolution_2d_sampler(x, offset, W)"
    steps, pads = window_sizes(call, "stride", stride, 2), window_sizes(call, "pad", pad, 2, 0)
    _check_images(call, x=x, offset=offset, W=W)
    outsize = tuple(
        conv_outsize(n, k, s, p) for n, k, s, p in zip(x.shape[2:], W.shape[2:], steps, pads)
    )
    n, c = x.shape[:2]
    places = prod(W.shape[2:])
    if W.shape[1] != c or min(outsize) <= 0:
        raise ShapeError(
            call, f"x {x.shape} and W {W.shape}", "W (out_channels, in_channels, kh, kw)"
        )
    if offset.shape != (n, 2 * places, *outsize):
        raise ShapeError(call, f"offset {offset.shape}", f"offset {(n, 2 * places, *outsize)}")
    if b is not None:
        need_arrays(call, b=b)
    if b is not None and b.shape != W.shape[:1]:
        raise ShapeError(call, f"b {b.shape} and W {W.shape}", f"b.shape == {W.shape[:1]}")
    wide = cast(offset, np.result_type(np.float32, offset.dtype))
    at = WindowPlaces(W.shape[2:], steps, pads)(reshape(wide, (n, 2, places, *outsize)))
    # col: (n, c * kh * kw, oh * ow), as of a convolution
    col = reshape(BilinearSampling()(x, at), (n, c * places, prod(outsize)))
    y = matmul(reshape(W, (1, W.shape[0], c * places)), col)
    y = reshape(y, (n, W.shape[0], *outsize))
    return y if b is None else y + reshape(cast(b, y.dtype), (1, b.shape[0], 1, 1))
