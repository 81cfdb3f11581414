"""Pooling over regions of interest: parts of images, of any size, to grids of one size."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.config import current
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_arrays, need_number
from renkei.core.variable import Variable
from renkei.functions.windows import window_sizes

__all__ = [
    "roi_average_align_2d",
    "roi_average_pooling_2d",
    "roi_max_align_2d",
    "roi_max_pooling_2d",
    "roi_pooling_2d",
]

_Sizes = tuple[int, ...]
_INT32 = np.dtype(np.int32)


class RoiMaxPooling(Function):
    """The node of ``roi_max_pooling_2d`` and ``roi_pooling_2d``.

    ``places`` are those of the largest values in their images, counted row by row; -1 where a bin
    lies outside of the image and is ``nothing``.
    """

    outputs = ("y", "places")

    def __init__(
        self, outsize: _Sizes, spatial_scale: float, inclusive: bool, nothing: float
    ) -> None:
        self.outsize, self.spatial_scale = outsize, spatial_scale
        self.inclusive, self.nothing = inclusive, nothing

    def check(self, x: Any, rois: Any, roi_indices: Any) -> tuple[Spec, Spec]:
        shape = (rois.shape[0], x.shape[1], *self.outsize)
        return Spec(shape, x.dtype), Spec(shape, _INT32)

    def forward(self, x: Any, rois: Any, roi_indices: Any) -> Any:
        return self.kernel("roi_max_pooling", x, rois, roi_indices, **self.attrs)

    def grad_x(self, gy: Any, roi_indices: Any, places: Any) -> Any:
        places = getattr(places, "array", places)
        return RoiSpreading(self.specs.x.shape)(gy, roi_indices, places)


class RoiSpreading(Function):
    """Adds values of regions to places in their images."""

    outputs = ("gx",)

    def __init__(self, shape: _Sizes) -> None:
        self.shape = shape

    def check(self, gy: Any, roi_indices: Any, places: Any) -> Spec:
        return Spec(self.shape, gy.dtype)

    def forward(self, gy: Any, roi_indices: Any, places: Any) -> Any:
        return self.kernel("roi_spreading", gy, roi_indices, places, shape=self.shape)

    def grad_gy(self, ggx: Any, roi_indices: Any, places: Any) -> Any:
        return RoiPicking()(ggx, roi_indices, places)


class RoiPicking(Function):
    """Takes the values at places in the images of regions: the adjoint of ``RoiSpreading``."""

    def check(self, x: Any, roi_indices: Any, places: Any) -> Spec:
        return Spec(places.shape, x.dtype)

    def forward(self, x: Any, roi_indices: Any, places: Any) -> Any:
        return self.kernel("roi_picking", x, roi_indices, places)

    def grad_x(self, gy: Any, roi_indices: Any, places: Any) -> Any:
        return RoiSpreading(self.specs.x.shape)(gy, roi_indices, places)


class RoiAverage(Function):
    """The node of ``roi_average_pooling_2d`` (no ``samples``) and ``roi_average_align_2d``.

    ``samples`` are those of a bin along both axes; 0: as many as it has pixels.
    """

    def __init__(self, outsize: _Sizes, spatial_scale: float, samples: _Sizes | None) -> None:
        self.outsize, self.spatial_scale, self.samples = outsize, spatial_scale, samples

    def check(self, x: Any, rois: Any, roi_indices: Any) -> Spec:
        return Spec((rois.shape[0], x.shape[1], *self.outsize), x.dtype)

    def forward(self, x: Any, rois: Any, roi_indices: Any) -> Any:
        return self.kernel("roi_average", x, rois, roi_indices, **self.attrs)

    def grad_x(self, gy: Any, rois: Any, roi_indices: Any) -> Any:
        node = RoiAverageGrad(self.specs.x.shape, self.spatial_scale, self.samples)
        return node(gy, rois, roi_indices)


class RoiAverageGrad(Function):
    """The adjoint of ``RoiAverage``: spreads values over the bins of regions."""

    outputs = ("gx",)

    def __init__(self, shape: _Sizes, spatial_scale: float, samples: _Sizes | None) -> None:
        self.shape, self.spatial_scale, self.samples = shape, spatial_scale, samples

    def check(self, gy: Any, rois: Any, roi_indices: Any) -> Spec:
        return Spec(self.shape, gy.dtype)

    def forward(self, gy: Any, rois: Any, roi_indices: Any) -> Any:
        return self.kernel("roi_average_grad", gy, rois, roi_indices, **self.attrs)

    def grad_gy(self, ggx: Any, rois: Any, roi_indices: Any) -> Any:
        node = RoiAverage(self.specs.gy.shape[2:], self.spatial_scale, self.samples)
        return node(ggx, rois, roi_indices)


class RoiMaxAlign(Function):
    """The node of ``roi_max_align_2d``; ``chosen`` is the number of a sample in its bin."""

    outputs = ("y", "chosen")

    def __init__(self, outsize: _Sizes, spatial_scale: float, samples: _Sizes) -> None:
        self.outsize, self.spatial_scale, self.samples = outsize, spatial_scale, samples

    def check(self, x: Any, rois: Any, roi_indices: Any) -> tuple[Spec, Spec]:
        shape = (rois.shape[0], x.shape[1], *self.outsize)
        return Spec(shape, x.dtype), Spec(shape, _INT32)

    def forward(self, x: Any, rois: Any, roi_indices: Any) -> Any:
        return self.kernel("roi_max_align", x, rois, roi_indices, **self.attrs)

    def grad_x(self, gy: Any, rois: Any, roi_indices: Any, chosen: Any) -> Any:
        chosen = getattr(chosen, "array", chosen)
        node = RoiAlignSpreading(self.specs.x.shape, self.spatial_scale, self.samples)
        return node(gy, rois, roi_indices, chosen)


class RoiAlignSpreading(Function):
    """Adds values of regions to the pixels around chosen samples."""

    outputs = ("gx",)

    def __init__(self, shape: _Sizes, spatial_scale: float, samples: _Sizes) -> None:
        self.shape, self.spatial_scale, self.samples = shape, spatial_scale, samples

    def check(self, gy: Any, rois: Any, roi_indices: Any, chosen: Any) -> Spec:
        return Spec(self.shape, gy.dtype)

    def forward(self, gy: Any, rois: Any, roi_indices: Any, chosen: Any) -> Any:
        return self.kernel("roi_align_spreading", gy, rois, roi_indices, chosen, **self.attrs)

    def grad_gy(self, ggx: Any, rois: Any, roi_indices: Any, chosen: Any) -> Any:
        return RoiAlignPicking(self.spatial_scale, self.samples)(ggx, rois, roi_indices, chosen)


class RoiAlignPicking(Function):
    """The values of images at chosen samples: the adjoint of ``RoiAlignSpreading``."""

    def __init__(self, spatial_scale: float, samples: _Sizes) -> None:
        self.spatial_scale, self.samples = spatial_scale, samples

    def check(self, x: Any, rois: Any, roi_indices: Any, chosen: Any) -> Spec:
        return Spec(chosen.shape, x.dtype)

    def forward(self, x: Any, rois: Any, roi_indices: Any, chosen: Any) -> Any:
        return self.kernel("roi_align_picking", x, rois, roi_indices, chosen, **self.attrs)

    def grad_x(self, gy: Any, rois: Any, roi_indices: Any, chosen: Any) -> Any:
        node = RoiAlignSpreading(self.specs.x.shape, self.spatial_scale, self.samples)
        return node(gy, rois, roi_indices, chosen)


def _array(a: Any) -> Any:
    return a._values() if isinstance(a, Variable) else a


def _checked(call: str, x: Any, rois: Any, roi_indices: Any) -> tuple[Any, Any]:
    """The arrays of regions and of their images' numbers; raises if they are not that."""
    need_arrays(call, x=x, rois=rois, roi_indices=roi_indices)
    rois, roi_indices = _array(rois), _array(roi_indices)
    if getattr(x, "ndim", 0) != 4 or 0 in x.shape[2:]:
        raise ShapeError(call, f"x {describe(x)}", "images (batch, channel, height, width)")
    for name, a in (("x", x), ("rois", rois)):
        if a.dtype.kind != "f":
            raise DtypeError(call, f"{name} {describe(a)}", "an array of floats", "See F.cast.")
    if roi_indices.dtype.kind not in "iu":
        raise DtypeError(call, f"roi_indices {describe(roi_indices)}", "an array of integers")
    if rois.shape[1:] != (4,) or roi_indices.shape != rois.shape[:1]:
        raise ShapeError(
            call,
            f"rois {rois.shape} and roi_indices {roi_indices.shape}",
            "rois (regions, 4) and roi_indices (regions,)",
            "A region is (top, left, bottom, right).",
        )
    _check_numbers(call, x.shape[0], roi_indices)
    return rois, roi_indices


def _check_numbers(call: str, n: int, roi_indices: Any) -> None:
    # Elsewhere than on the host a look at the values would wait for the device.
    if isinstance(roi_indices, np.ndarray) or current().debug:
        wrong = (roi_indices < 0) | (roi_indices >= n)
        if wrong.any():
            i = int(wrong.argmax())
            raise RangeError(
                call, f"roi_indices[{i}] = {int(roi_indices[i])}", f"images in [0, {n})"
            )


def _geometry(call: str, outsize: Any, spatial_scale: float) -> tuple[_Sizes, float]:
    need_number(call, "spatial_scale", spatial_scale)
    if not spatial_scale > 0:
        raise RangeError(call, f"spatial_scale={spatial_scale!r}", "a positive number")
    return window_sizes(call, "outsize", outsize, 2), float(spatial_scale)


def _samples(call: str, sampling_ratio: Any) -> _Sizes:
    """The samples of a bin along both axes; 0 for None."""
    pair = sampling_ratio if isinstance(sampling_ratio, (tuple, list)) else (sampling_ratio,) * 2
    if len(pair) != 2:
        raise ShapeError(call, f"sampling_ratio={sampling_ratio!r}", "an integer, None or a pair")
    return tuple(
        0 if value is None else window_sizes(call, "sampling_ratio", value, 1)[0] for value in pair
    )


def roi_max_pooling_2d(
    x: Any, rois: Any, roi_indices: Any, outsize: Any, spatial_scale: float
) -> Any:
    r"""The largest value in each bin of regions of interest.

    A region, rounded to whole pixels, is divided into bins that overlap where they share a pixel.

    Args:
        x: images (batch, channel, height, width), array or Variable of floats.
        rois: regions (regions, 4): (top, left, bottom, right), the last two just behind the region,
            in units of ``1 / spatial_scale`` pixels.
        roi_indices: which image each region belongs to, integers (regions,).
        outsize: bins of a region, an integer or (vertical, horizontal).
        spatial_scale: size of a pixel of the input of a network in pixels of x, such as 1 / 16.

    Returns:
        Array or Variable (regions, channel) + outsize; -inf for bins outside of the image.

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: ``x`` or ``rois`` is no array of floats, or ``roi_indices`` none of integers.
        RangeError: an image does not exist, or a size or ``spatial_scale`` is not positive.

    Girshick, "Fast R-CNN" (2015).

    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> rois = np.array([[0.0, 0.0, 4.0, 2.0]])
    >>> F.roi_max_pooling_2d(x, rois, np.array([0]), (2, 1), 1.0)
    array([[[[ 5.],
             [13.]]]])
    """
    call = "roi_max_pooling_2d(x, rois, roi_indices, outsize, spatial_scale)"
    arrays = _checked(call, x, rois, roi_indices)
    node = RoiMaxPooling(*_geometry(call, outsize, spatial_scale), False, -np.inf)
    return node(x, *arrays)[0]


def roi_pooling_2d(x: Any, rois: Any, outh: int, outw: int, spatial_scale: float) -> Any:
    r"""The largest value in each bin of regions of interest, by the older form of regions.

    Args:
        x: images (batch, channel, height, width), array or Variable of floats.
        rois: regions (regions, 5): (number of the image, left, top, right, bottom), the last two
            being the last pixel of the region, in units of ``1 / spatial_scale`` pixels.
        outh: bins of a region from top to bottom.
        outw: bins of a region from left to right.
        spatial_scale: size of a pixel of the input of a network in pixels of x, such as 1 / 16.

    Returns:
        Array or Variable (regions, channel, outh, outw); 0 for bins outside of the image.

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: ``x`` or ``rois`` is no array of floats.
        RangeError: an image does not exist, or a size or ``spatial_scale`` is not positive.

    Girshick, "Fast R-CNN" (2015).

    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> F.roi_pooling_2d(x, np.array([[0.0, 0.0, 0.0, 1.0, 3.0]]), 2, 1, 1.0)
    array([[[[ 5.],
             [13.]]]])
    """
    call = "roi_pooling_2d(x, rois, outh, outw, spatial_scale)"
    need_arrays(call, rois=rois)
    rois = _array(rois)
    if rois.ndim != 2 or rois.shape[1] != 5:
        hint = "A region is (number of the image, left, top, right, bottom)."
        raise ShapeError(call, f"rois {rois.shape}", "rois (regions, 5)", hint)
    arrays = _checked(call, x, rois[:, [2, 1, 4, 3]], rois[:, 0].astype(np.int32))
    node = RoiMaxPooling(*_geometry(call, (outh, outw), spatial_scale), True, 0.0)
    return node(x, *arrays)[0]


def roi_average_pooling_2d(
    x: Any, rois: Any, roi_indices: Any, outsize: Any, spatial_scale: float
) -> Any:
    r"""The mean over each bin of regions of interest.

    Args:
        x, rois, roi_indices, outsize, spatial_scale: as for ``roi_max_pooling_2d``.

    Returns:
        Array or Variable (regions, channel) + outsize; 0 for bins outside of the image.

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: ``x`` or ``rois`` is no array of floats, or ``roi_indices`` none of integers.
        RangeError: an image does not exist, or a size or ``spatial_scale`` is not positive.

    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> rois = np.array([[0.0, 0.0, 4.0, 2.0]])
    >>> F.roi_average_pooling_2d(x, rois, np.array([0]), (2, 1), 1.0)
    array([[[[ 2.5],
             [10.5]]]])
    """
    call = "roi_average_pooling_2d(x, rois, roi_indices, outsize, spatial_scale)"
    arrays = _checked(call, x, rois, roi_indices)
    return RoiAverage(*_geometry(call, outsize, spatial_scale), None)(x, *arrays)


def roi_average_align_2d(
    x: Any,
    rois: Any,
    roi_indices: Any,
    outsize: Any,
    spatial_scale: float,
    sampling_ratio: Any = None,
) -> Any:
    r"""The mean of samples in each bin of regions of interest, which are not rounded.

    Samples lie evenly in a bin and are interpolated between pixels; they are 0 more than one pixel
    outside of the image.

    Args:
        x, rois, roi_indices, outsize, spatial_scale: as for ``roi_max_pooling_2d``.
        sampling_ratio: samples of a bin along each axis, an integer or (vertical, horizontal);
            None: one per pixel, rounded up.

    Returns:
        Array or Variable (regions, channel) + outsize.

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: ``x`` or ``rois`` is no array of floats, or ``roi_indices`` none of integers.
        RangeError: an image does not exist, or a size or ``spatial_scale`` is not positive.

    He et al., "Mask R-CNN" (2017).

    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> rois = np.array([[0.0, 0.0, 3.0, 1.0]])
    >>> F.roi_average_align_2d(x, rois, np.array([0]), (2, 1), 1.0, sampling_ratio=1)
    array([[[[3.5],
             [9.5]]]])
    """
    call = "roi_average_align_2d(x, rois, roi_indices, outsize, spatial_scale)"
    arrays = _checked(call, x, rois, roi_indices)
    geometry = _geometry(call, outsize, spatial_scale)
    return RoiAverage(*geometry, _samples(call, sampling_ratio))(x, *arrays)


def roi_max_align_2d(
    x: Any,
    rois: Any,
    roi_indices: Any,
    outsize: Any,
    spatial_scale: float,
    sampling_ratio: Any = None,
) -> Any:
    r"""The largest sample in each bin of regions of interest, which are not rounded.

    Args:
        x, rois, roi_indices, outsize, spatial_scale: as for ``roi_max_pooling_2d``.
        sampling_ratio: as for ``roi_average_align_2d``.

    Returns:
        Array or Variable (regions, channel) + outsize; -inf for bins outside of the image.

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: ``x`` or ``rois`` is no array of floats, or ``roi_indices`` none of integers.
        RangeError: an image does not exist, or a size or ``spatial_scale`` is not positive.

    He et al., "Mask R-CNN" (2017).

    >>> x = np.arange(16.0).reshape(1, 1, 4, 4)
    >>> rois = np.array([[0.0, 0.0, 3.0, 1.0]])
    >>> F.roi_max_align_2d(x, rois, np.array([0]), (1, 1), 1.0, sampling_ratio=(2, 1))
    array([[[[9.5]]]])
    """
    call = "roi_max_align_2d(x, rois, roi_indices, outsize, spatial_scale)"
    arrays = _checked(call, x, rois, roi_indices)
    geometry = _geometry(call, outsize, spatial_scale)
    return RoiMaxAlign(*geometry, _samples(call, sampling_ratio))(x, *arrays)[0]
