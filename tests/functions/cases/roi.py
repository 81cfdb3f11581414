"""Regions of interest against loops over bins, and over samples that see all pixels."""

from __future__ import annotations

import math

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def edges(first, last, out, limit):
    """Whole pixels [first, last) in bins: first and last pixel of each, cut to the image."""
    size = max(last - first, 1)
    for i in range(out):
        low, high = first + i * size // out, first - (-(i + 1) * size // out)
        yield slice(min(max(low, 0), limit), min(max(high, 0), limit))


def pooled(x, boxes, images, outsize, reduce, nothing):
    y = np.full((len(boxes), x.shape[1], *outsize), nothing)
    for r, (top, left, bottom, right) in enumerate(boxes):
        for i, rows in enumerate(edges(top, bottom, outsize[0], x.shape[2])):
            for j, columns in enumerate(edges(left, right, outsize[1], x.shape[3])):
                part = x[images[r]][:, rows, columns]
                if part.size:
                    y[r, :, i, j] = reduce(part, axis=(1, 2))
    return y


def max_pooled(x, rois, roi_indices, outsize, spatial_scale):
    boxes = [[round(v * spatial_scale) for v in roi] for roi in rois.tolist()]
    return pooled(x, boxes, roi_indices, outsize, np.max, -np.inf)


def average_pooled(x, rois, roi_indices, outsize, spatial_scale):
    boxes = [[round(v * spatial_scale) for v in roi] for roi in rois.tolist()]
    return pooled(x, boxes, roi_indices, outsize, np.mean, 0.0)


def older_pooled(x, rois, outh, outw, spatial_scale):
    rounded = [[round(v * spatial_scale) for v in roi[1:]] for roi in rois.tolist()]
    boxes = [
        (top, left, max(bottom, top) + 1, max(right, left) + 1)
        for left, top, right, bottom in rounded
    ]
    return pooled(x, boxes, rois[:, 0].astype(int), (outh, outw), np.max, 0.0)


def tent(place, size):
    """The weights of all pixels at a place; None beyond one pixel outside."""
    if not -1 <= place <= size:
        return None
    return np.maximum(0, 1 - abs(np.arange(size) - min(max(place, 0), size - 1)))


def samples(first, last, i, out, ratio):
    size = max(last - first, 1.0) / out
    count = ratio or math.ceil(size)
    return [first + i * size + (k + 0.5) * size / count for k in range(count)]


def aligned(x, rois, roi_indices, outsize, spatial_scale, ratio, reduce):
    y = np.zeros((len(rois), x.shape[1], *outsize))
    for (r, i, j), _ in np.ndenumerate(y[:, 0]):
        top, left, bottom, right = rois[r] * spatial_scale
        image, values = x[roi_indices[r]], []
        for v in samples(top, bottom, i, outsize[0], ratio[0]):
            for u in samples(left, right, j, outsize[1], ratio[1]):
                rows, columns = tent(v, x.shape[2]), tent(u, x.shape[3])
                seen = rows is not None and columns is not None
                values.append(np.einsum("chw,h,w->c", image, rows, columns) if seen else None)
        y[r, :, i, j] = reduce(values)
    return y


def mean_of(values):
    return sum(v for v in values if v is not None) / len(values)


def max_of(values):
    seen = [v for v in values if v is not None]
    return np.max(seen, axis=0) if seen else -np.inf


def average_aligned(x, rois, roi_indices, outsize, spatial_scale, sampling_ratio=None):
    ratio = sampling_ratio or (None, None)
    return aligned(x, rois, roi_indices, outsize, spatial_scale, ratio, mean_of)


def max_aligned(x, rois, roi_indices, outsize, spatial_scale, sampling_ratio=None):
    ratio = sampling_ratio or (None, None)
    return aligned(x, rois, roi_indices, outsize, spatial_scale, ratio, max_of)


def distinct(*shape):
    """A permutation of numbers that are far apart, so that no difference step swaps two."""
    return lambda rng: (rng.permutation(np.prod(shape)) / 32 - 1).reshape(shape)


# whole numbers of eighths, which all dtypes hold; the second reaches over the border
ROIS = np.array([[2.0, 4.0, 21.5, 17.0], [-6.0, 9.0, 14.0, 40.0], [5.0, 6.0, 6.0, 8.0]])
IMAGES = np.array([1, 0, 1], np.int32)
INSIDE = ROIS[[0, 2]]
OLDER = np.array([[1.0, 4.0, 2.0, 17.0, 21.5], [0.0, 9.0, -6.0, 40.0, 14.0]])
GRID = {"outsize": (3, 2), "spatial_scale": 0.25}
X = (2, 2, 7, 6)
HALF = {"float16": (1e-2, 1e-2)}


def row(function, expected, rois=ROIS, label="", x=X, **attrs):
    images = np.resize(IMAGES, len(rois))
    attrs = {**GRID, **attrs}
    inputs = [distinct(*x), rois, images]
    return Case(function, inputs, attrs, expected, label, wrt=[0], tol=HALF)


CASES = [
    row(F.roi_max_pooling_2d, max_pooled, INSIDE),
    row(F.roi_max_pooling_2d, max_pooled, INSIDE, "more bins than pixels", outsize=(4, 5)),
    row(F.roi_average_pooling_2d, average_pooled),
    row(F.roi_average_pooling_2d, average_pooled, label="fine", outsize=(5, 4)),
    row(F.roi_average_pooling_2d, average_pooled, ROIS[:0], "no regions"),
    Case(
        F.roi_pooling_2d,
        [distinct(*X), OLDER],
        {"outh": 3, "outw": 4, "spatial_scale": 0.25},
        older_pooled,
        wrt=[0],
    ),
    row(F.roi_average_align_2d, average_aligned),
    row(F.roi_average_align_2d, average_aligned, label="ratio", sampling_ratio=(2, 3)),
    row(F.roi_max_align_2d, max_aligned, INSIDE),
    row(F.roi_max_align_2d, max_aligned, INSIDE, "ratio", sampling_ratio=(2, 1)),
    row(F.roi_max_align_2d, max_aligned, ROIS[:0], "no regions"),
]
