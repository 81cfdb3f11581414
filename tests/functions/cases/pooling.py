"""Pooling against loops over the output; the kinks of max pooling lie between distinct values."""

from __future__ import annotations

import itertools

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def sizes(value, n):
    return value if isinstance(value, tuple) else (value,) * n


def seen(x, ksize, stride, pad, cover_all):
    """Each output place with what its window sees inside the array."""
    n = x.ndim - 2
    ksize, pad = sizes(ksize, n), sizes(pad, n)
    stride = ksize if stride is None else sizes(stride, n)
    counts = []
    for size, k, s, p in zip(x.shape[2:], ksize, stride, pad):
        free = size + 2 * p - k
        counts.append((-(-free // s) if cover_all else free // s) + 1)
    for place in itertools.product(*map(range, counts)):
        axes = zip(place, ksize, stride, pad)
        cut = [slice(max(o * s - p, 0), max(o * s - p + k, 0)) for o, k, s, p in axes]
        yield place, counts, x[(slice(None), slice(None), *cut)]


def pooled(x, reduce, *window):
    y = None
    for place, counts, values in seen(x, *window):
        y = np.empty((*x.shape[:2], *counts)) if y is None else y
        y[(..., *place)] = reduce(values, axis=tuple(range(2, x.ndim)))
    return y


def largest(x, ksize, stride=None, pad=0, cover_all=True):
    return pooled(x, np.max, ksize, stride, pad, cover_all)


def averaged(x, ksize, stride=None, pad=0, pad_value=0):
    total = np.prod(sizes(ksize, x.ndim - 2))
    mean = (lambda v, axis: v.sum(axis) / total) if pad_value == 0 else np.mean
    return pooled(x, mean, ksize, stride, pad, False)


def pyramid(x, pyramid_height):
    """Sizes that the bins divide evenly: then each bin is a plain block."""
    n, c, h, w = x.shape
    parts = []
    for bins in (2**level for level in range(pyramid_height)):
        blocks = x.reshape(n, c, bins, h // bins, bins, w // bins)
        parts.append(blocks.max(axis=(3, 5)).reshape(n, -1, 1, 1))
    return np.concatenate(parts, axis=1)


def distinct(*shape):
    """A permutation of numbers that are far apart, so that no difference step swaps two."""
    return lambda rng: (rng.permutation(np.prod(shape)) / 16 - 2).reshape(shape)


def largest2(label, shape, **attrs):
    return Case(F.max_pooling_2d, [distinct(*shape)], attrs, expected=largest, label=label)


def averaged2(label, shape, **attrs):
    return Case(F.average_pooling_2d, [shape], attrs, expected=averaged, label=label)


CASES = [
    Case(
        F.max_pooling_2d,
        [distinct(2, 3, 4, 6)],
        {"ksize": 2},
        expected=largest,
        label="plain",
        bench=[(32, 64, 56, 56)],
    ),
    Case(
        F.max_pooling_2d,
        [(2, 2, 4, 4)],
        {"ksize": 2},
        expected=largest,
        label="empty batch",
        empty=True,
    ),
    largest2("cover_all", (2, 2, 5, 7), ksize=(2, 3)),
    largest2("not cover_all", (2, 2, 5, 7), ksize=(2, 3), cover_all=False),
    largest2("overlapping", (1, 2, 6, 5), ksize=3, stride=(2, 1), pad=1),
    largest2("apart", (1, 2, 6, 5), ksize=2, stride=3, cover_all=False),
    largest2("uneven", (1, 2, 5, 6), ksize=(3, 2), stride=2, pad=(1, 0), cover_all=False),
    largest2("whole image", (2, 3, 4, 3), ksize=(4, 3)),
    Case(F.max_pooling_nd, [distinct(1, 2, 3, 4, 3)], {"ksize": 2, "stride": 1}, expected=largest),
    Case(
        F.max_pooling_1d, [distinct(2, 2, 7)], {"ksize": 3, "stride": 2, "pad": 1}, expected=largest
    ),
    Case(
        F.max_pooling_3d,
        [distinct(1, 2, 4, 3, 4)],
        {"ksize": 2, "cover_all": False},
        expected=largest,
    ),
    Case(
        F.average_pooling_2d,
        [(2, 3, 4, 6)],
        {"ksize": 2},
        expected=averaged,
        label="plain",
        empty=True,
        bench=[(32, 64, 56, 56)],
    ),
    averaged2("overlapping", (1, 2, 6, 5), ksize=3, stride=(2, 1), pad=1),
    averaged2("apart", (1, 2, 7, 5), ksize=2, stride=3),
    averaged2("whole image", (2, 3, 4, 3), ksize=(4, 3)),
    averaged2("larger than the image", (1, 2, 2, 3), ksize=4, stride=2, pad=(1, 2)),
    Case(F.average_pooling_nd, [(1, 2, 3, 4, 3)], {"ksize": 2, "stride": 1}, expected=averaged),
    Case(
        F.average_pooling_nd,
        [(1, 2, 5, 6)],
        {"ksize": (3, 2), "stride": 2, "pad": 1, "pad_value": None},
        expected=averaged,
        label="without the margin",
    ),
    Case(
        F.average_pooling_1d,
        [(2, 2, 7)],
        {"ksize": 3, "stride": 2, "pad": 1, "pad_value": None},
        expected=averaged,
    ),
    Case(F.average_pooling_3d, [(1, 2, 4, 3, 4)], {"ksize": 2, "pad": 1}, expected=averaged),
    Case(
        F.spatial_pyramid_pooling_2d,
        [distinct(2, 2, 4, 8)],
        {"pyramid_height": 3},
        expected=pyramid,
    ),
]
