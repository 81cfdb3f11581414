"""Unpooling and upsampling, painted window by window."""

from __future__ import annotations

import itertools

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def painted(x, ksize, stride=None, pad=0, outsize=None, cover_all=True, places=None):
    """Adds each value to all places of its window, or to the one that ``places`` tells."""
    n = x.ndim - 2
    ksize = ksize if isinstance(ksize, tuple) else (ksize,) * n
    stride = ksize if stride is None else (stride,) * n
    if outsize is None:
        axes = zip(x.shape[2:], ksize, stride)
        outsize = [s * (i - 1) + k - 2 * pad - (s - 1) * cover_all for i, k, s in axes]
    margin = [size + 2 * pad + k + s for size, k, s in zip(outsize, ksize, stride)]
    y = np.zeros((*x.shape[:2], *margin))
    offsets = list(itertools.product(*map(range, ksize)))
    for at in itertools.product(*map(range, x.shape[2:])):
        for place, offset in enumerate(offsets):
            value = x[(..., *at)]
            if places is not None:
                value = np.where(places[(..., *at)] == place, value, 0)
            y[(..., *(a * s + o for a, s, o in zip(at, stride, offset)))] += value
    return y[(..., *(slice(pad, pad + size) for size in outsize))]


def restored(x, indexes, ksize, **attrs):
    return painted(x, ksize, places=indexes, **attrs)


def places(*shape, n):
    return lambda rng: rng.integers(0, n, shape).astype(np.int32)


CASES = [
    Case(F.unpooling_2d, [(2, 3, 2, 3)], {"ksize": 2}, expected=painted, empty=True),
    Case(
        F.unpooling_2d,
        [(1, 2, 3, 2)],
        {"ksize": (2, 3), "cover_all": False},
        expected=painted,
        label="not cover_all",
    ),
    Case(
        F.unpooling_2d,
        [(1, 2, 3, 3)],
        {"ksize": 3, "stride": 2, "pad": 1},
        expected=painted,
        label="overlapping",
    ),
    Case(
        F.unpooling_2d,
        [(1, 2, 2, 2)],
        {"ksize": 2, "outsize": (4, 3)},
        expected=painted,
        label="outsize",
    ),
    Case(F.unpooling_nd, [(1, 2, 2, 3, 2)], {"ksize": 2, "stride": 1}, expected=painted),
    Case(F.unpooling_1d, [(2, 2, 4)], {"ksize": 3, "stride": 2}, expected=painted),
    Case(F.unpooling_3d, [(1, 2, 2, 2, 2)], {"ksize": 2}, expected=painted),
    Case(
        F.upsampling_2d,
        [(2, 3, 2, 3), places(2, 3, 2, 3, n=4)],
        {"ksize": 2, "cover_all": False},
        expected=restored,
    ),
    Case(
        F.upsampling_2d,
        [(1, 2, 3, 3), places(1, 2, 3, 3, n=9)],
        {"ksize": 3, "stride": 2, "pad": 1},
        expected=restored,
        label="overlapping",
    ),
]
