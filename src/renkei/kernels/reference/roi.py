"""Pooling over regions of interest, one region after the other.

The geometry is computed on the host: it is small, and the sizes of what is read depend on it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

__all__ = [
    "roi_align_picking",
    "roi_align_spreading",
    "roi_average",
    "roi_average_grad",
    "roi_max_align",
    "roi_max_pooling",
    "roi_picking",
    "roi_spreading",
]

_Sizes = tuple[int, ...]


def _working(x: Any) -> Any:
    return np.result_type(np.float32, x.dtype)


def _host(a: Any) -> Any:
    return a if isinstance(a, np.ndarray) else a.get()


def _scaled(rois: Any, spatial_scale: float) -> Any:
    """Regions (n, 4) in pixels of the image: top, left, bottom, right."""
    rois = _host(rois)
    return rois.astype(_working(rois), copy=False) * spatial_scale


class _Bins(NamedTuple):
    """Where the bins of a region start and end along one axis."""

    starts: Any
    ends: Any

    @classmethod
    def of(cls, first: Any, last: Any, out: int, limit: int, inclusive: bool) -> _Bins:
        first, last = int(np.rint(first)), int(np.rint(last))
        step = max(last - first + inclusive, 1) / out
        i = np.arange(out)
        edges = np.floor(i * step) + first, np.ceil((i + 1) * step) + first
        return cls(*(np.clip(e, 0, limit).astype(np.intp) for e in edges))

    @property
    def empty(self) -> Any:
        return self.ends <= self.starts

    def elements(self, limit: int) -> Any:
        """The places in each bin, the last one repeated where a bin is smaller than others."""
        longest = max(int((self.ends - self.starts).max()), 1)
        places = np.minimum(self.starts[:, None] + np.arange(longest), self.ends[:, None] - 1)
        return np.clip(places, 0, limit - 1)

    def weights(self, limit: int) -> Any:
        """A matrix (bins, limit) that takes the mean over each bin; that of nothing is 0."""
        i = np.arange(limit)
        inside = (i >= self.starts[:, None]) & (i < self.ends[:, None])
        return inside / np.maximum(inside.sum(axis=1, keepdims=True), 1)


class _Samples(NamedTuple):
    """The places between pixels that the bins of a region look at along one axis."""

    low: Any
    high: Any
    weight: Any  # of the second pixel
    seen: Any
    per_bin: int

    @classmethod
    def of(cls, first: Any, last: Any, out: int, limit: int, per_bin: int) -> _Samples:
        """``per_bin`` 0: as many as a bin has pixels."""
        size = max(last - first, 1)
        per_bin = per_bin or int(np.ceil(size / out))
        place = first + (np.arange(out * per_bin) + 0.5) * (size / out / per_bin)
        seen = (place >= -1) & (place <= limit)
        place = np.clip(np.where(seen, place, 0), 0, limit - 1)
        low = place.astype(np.intp)
        return cls(low, np.minimum(low + 1, limit - 1), place - low, seen, per_bin)

    def weights(self, limit: int) -> Any:
        """A matrix (bins, limit) that takes the mean over the samples of each bin."""
        matrix = np.zeros((len(self.low), limit))
        each = np.arange(len(self.low))
        matrix[each, self.low] = (1 - self.weight) * self.seen
        matrix[each, self.high] += self.weight * self.seen
        return matrix.reshape(-1, self.per_bin, limit).mean(axis=1)


def _crop(matrix: Any, like: Any, dtype: Any) -> tuple[Any, slice]:
    """The columns of a matrix from the first to the last that is not zero, and where they are."""
    used = matrix.any(axis=0).nonzero()[0]
    part = slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)
    return get_array_module(like).asarray(matrix[:, part], dtype), part


def _means(
    rois: Any, roi_indices: Any, like: Any, size: _Sizes, outsize: _Sizes, attrs: dict[str, Any]
) -> Iterator[tuple[int, int, tuple[Any, Any], tuple[slice, slice]]]:
    """For each region: its number, its image, the matrices to multiply with and on what part."""
    dtype, samples = _working(like), attrs["samples"]
    boxes = _scaled(rois, attrs["spatial_scale"])
    for r, (n, box) in enumerate(zip(_host(roi_indices).tolist(), boxes)):
        matrices = []
        for axis in (0, 1):
            first, last, out, limit = box[axis], box[axis + 2], outsize[axis], size[axis]
            if samples is None:
                matrix = _Bins.of(first, last, out, limit, False).weights(limit)
            else:
                matrix = _Samples.of(first, last, out, limit, samples[axis]).weights(limit)
            matrices.append(_crop(matrix, like, dtype))
        (rows, down), (columns, right) = matrices
        yield r, n, (rows, columns), (down, right)


@kernel("roi_average", backend="reference")
def roi_average(x: Any, rois: Any, roi_indices: Any, *, outsize: _Sizes, **attrs: Any) -> Any:
    """The mean over each bin is a matrix product from both sides; ``samples`` None: of pixels."""
    xp = get_array_module(x)
    y = xp.zeros((len(rois), x.shape[1], *outsize), _working(x))
    for r, n, (rows, columns), part in _means(rois, roi_indices, x, x.shape[2:], outsize, attrs):
        y[r] = rows @ x[n][:, part[0], part[1]].astype(y.dtype, copy=False) @ columns.T
    return y.astype(x.dtype, copy=False)


@kernel("roi_average_grad", backend="reference")
def roi_average_grad(
    gy: Any, rois: Any, roi_indices: Any, *, shape: tuple[int, ...], **attrs: Any
) -> Any:
    gx = get_array_module(gy).zeros(shape, _working(gy))
    each = _means(rois, roi_indices, gy, shape[2:], gy.shape[2:], attrs)
    for r, n, (rows, columns), part in each:
        gx[n][:, part[0], part[1]] += rows.T @ gy[r].astype(gx.dtype, copy=False) @ columns
    return gx.astype(gy.dtype, copy=False)


@kernel("roi_max_pooling", backend="reference")
def roi_max_pooling(
    x: Any,
    rois: Any,
    roi_indices: Any,
    *,
    outsize: _Sizes,
    spatial_scale: float,
    inclusive: bool,
    nothing: float,
) -> tuple[Any, Any]:
    """Also the flat places of the largest values in their images; -1 for a bin of nothing."""
    xp = get_array_module(x)
    _, c, h, w = x.shape
    y = xp.empty((len(rois), c, *outsize), x.dtype)
    places = xp.empty(y.shape, np.int32)
    boxes = _scaled(rois, spatial_scale)
    for r, (n, box) in enumerate(zip(_host(roi_indices).tolist(), boxes)):
        down = _Bins.of(box[0], box[2], outsize[0], h, inclusive)
        right = _Bins.of(box[1], box[3], outsize[1], w, inclusive)
        rows, columns = down.elements(h), right.elements(w)
        # place: (oh, ow, elements of a bin)
        place = rows[:, None, :, None] * w + columns[:, None, :]
        place = xp.asarray(place.reshape(*outsize, -1))
        values = x[n].reshape(c, h * w)[:, place]
        best = values.argmax(axis=3)[..., None]
        empty = xp.asarray(down.empty[:, None] | right.empty)
        y[r] = xp.where(empty, nothing, xp.take_along_axis(values, best, 3)[..., 0])
        each = xp.broadcast_to(place, values.shape)
        places[r] = xp.where(empty, -1, xp.take_along_axis(each, best, 3)[..., 0])
    return y, places


def _flat(roi_indices: Any, c: int, area: int, xp: Any) -> Any:
    """Where the planes (regions, c, 1, 1) begin in flat memory."""
    images = xp.asarray(roi_indices).astype(np.intp)[:, None] * c
    return ((images + xp.arange(c)) * area)[:, :, None, None]


@kernel("roi_picking", backend="reference")
def roi_picking(x: Any, roi_indices: Any, places: Any) -> Any:
    """What the images have at the places; 0 at place -1."""
    xp = get_array_module(x)
    base = _flat(roi_indices, x.shape[1], x.shape[2] * x.shape[3], xp)
    return xp.where(places >= 0, x.ravel()[base + xp.maximum(places, 0)], x.dtype.type(0))


@kernel("roi_spreading", backend="reference")
def roi_spreading(gy: Any, roi_indices: Any, places: Any, *, shape: tuple[int, ...]) -> Any:
    """The adjoint of ``roi_picking``."""
    xp = get_array_module(gy)
    n, c, h, w = shape
    gx = xp.zeros(n * c * h * w, _working(gy))
    flat = _flat(roi_indices, c, h * w, xp) + xp.maximum(places, 0)
    # One flat index: add.at has a quick loop for that alone.
    xp.add.at(gx, flat.ravel(), xp.where(places >= 0, gy, 0).ravel().astype(gx.dtype))
    return gx.reshape(shape).astype(gy.dtype, copy=False)


def _grids(
    rois: Any, roi_indices: Any, size: _Sizes, outsize: _Sizes, attrs: dict[str, Any]
) -> Iterator[tuple[int, int, tuple[_Samples, _Samples]]]:
    """For each region: its number, its image, and the samples along both axes."""
    boxes = _scaled(rois, attrs["spatial_scale"])
    for r, (n, box) in enumerate(zip(_host(roi_indices).tolist(), boxes)):
        down, right = (
            _Samples.of(box[i], box[i + 2], outsize[i], size[i], attrs["samples"][i])
            for i in (0, 1)
        )
        yield r, n, (down, right)


def _interpolated(x: Any, axis: int, samples: _Samples) -> Any:
    xp = get_array_module(x)
    shape = [-1 if i == axis else 1 for i in range(x.ndim)]
    weight = xp.asarray(samples.weight, x.dtype).reshape(shape)
    low, high = (xp.take(x, xp.asarray(i), axis) for i in (samples.low, samples.high))
    return low * (1 - weight) + high * weight


@kernel("roi_max_align", backend="reference")
def roi_max_align(
    x: Any, rois: Any, roi_indices: Any, *, outsize: _Sizes, **attrs: Any
) -> tuple[Any, Any]:
    """Also which sample of each bin is the largest, row by row; -1 where all lie outside."""
    xp = get_array_module(x)
    c, (oh, ow) = x.shape[1], outsize
    y = xp.empty((len(rois), c, oh, ow), _working(x))
    chosen = xp.empty(y.shape, np.int32)
    for r, n, (down, right) in _grids(rois, roi_indices, x.shape[2:], outsize, attrs):
        values = _interpolated(x[n].astype(y.dtype, copy=False), 1, down)
        values = _interpolated(values, 2, right)
        values = xp.where(xp.asarray(down.seen[:, None] & right.seen), values, -np.inf)
        bins = values.reshape(c, oh, down.per_bin, ow, right.per_bin).swapaxes(2, 3)
        bins = bins.reshape(c, oh, ow, down.per_bin * right.per_bin)
        best = bins.argmax(axis=3)
        y[r] = bins.max(axis=3)
        chosen[r] = xp.where(y[r] == -np.inf, -1, best)
    return y.astype(x.dtype, copy=False), chosen


def _corners(chosen: Any, down: _Samples, right: _Samples, w: int) -> Iterator[tuple[Any, Any]]:
    """The four pixels around the chosen samples (c, oh, ow): flat places and weights."""
    xp = get_array_module(chosen)
    _, oh, ow = chosen.shape
    sample = xp.maximum(chosen, 0)
    i = xp.arange(oh)[:, None] * down.per_bin + sample // right.per_bin
    j = xp.arange(ow) * right.per_bin + sample % right.per_bin
    for k, l in itertools.product((0, 1), (0, 1)):
        rows, columns = (down.low, down.high)[k], (right.low, right.high)[l]
        above, left = (1 - down.weight, down.weight)[k], (1 - right.weight, right.weight)[l]
        place = xp.asarray(rows)[i] * w + xp.asarray(columns)[j]
        yield place, xp.asarray(above)[i] * xp.asarray(left)[j] * (chosen >= 0)


@kernel("roi_align_picking", backend="reference")
def roi_align_picking(x: Any, rois: Any, roi_indices: Any, chosen: Any, **attrs: Any) -> Any:
    """What the images have at the chosen samples; 0 at sample -1."""
    c, h, w = x.shape[1:]
    y = get_array_module(x).zeros(chosen.shape, _working(x))
    each = (x.shape[2:], chosen.shape[2:], attrs)
    for r, n, (down, right) in _grids(rois, roi_indices, *each):
        for place, weight in _corners(chosen[r], down, right, w):
            channel = get_array_module(x).arange(c)[:, None, None]
            y[r] += x[n].reshape(c, h * w)[channel, place] * weight.astype(y.dtype)
    return y.astype(x.dtype, copy=False)


@kernel("roi_align_spreading", backend="reference")
def roi_align_spreading(
    gy: Any, rois: Any, roi_indices: Any, chosen: Any, *, shape: tuple[int, ...], **attrs: Any
) -> Any:
    """The adjoint of ``roi_align_picking``."""
    xp = get_array_module(gy)
    _, c, h, w = shape
    gx = xp.zeros((shape[0], c * h * w), _working(gy))
    base = xp.arange(c)[:, None, None] * (h * w)
    each = (shape[2:], chosen.shape[2:], attrs)
    for r, n, (down, right) in _grids(rois, roi_indices, *each):
        for place, weight in _corners(chosen[r], down, right, w):
            part = gy[r] * weight.astype(gx.dtype)
            xp.add.at(gx[n], (base + place).ravel(), part.ravel())
    return gx.reshape(shape).astype(gy.dtype, copy=False)
