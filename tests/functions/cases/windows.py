"""Unrolled windows, gathered one place at a time."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def gathered(x, ksize, stride=1, pad=0, cover_all=False, dilate=1):
    n, c, h, w = x.shape
    span = [dilate * (k - 1) + 1 for k in ksize]
    wide = np.pad(x, [(0, 0), (0, 0), (pad, pad + 9), (pad, pad + 9)])
    count = [
        (size + 2 * pad - s + (stride - 1 if cover_all else 0)) // stride + 1
        for size, s in zip((h, w), span)
    ]
    col = np.empty((n, c * ksize[0] * ksize[1], *count))
    for i in range(count[0]):
        for j in range(count[1]):
            top, left = i * stride, j * stride
            seen = wide[:, :, top : top + span[0] : dilate, left : left + span[1] : dilate]
            col[:, :, i, j] = seen.reshape(n, col.shape[1])
    return col


CASES = [
    Case(F.im2col, [(2, 3, 4, 5)], {"ksize": (3, 2)}, expected=gathered, empty=True),
    Case(
        F.im2col,
        [(1, 2, 6, 5)],
        {"ksize": (2, 3), "stride": 2, "pad": 1},
        expected=gathered,
        label="strided",
    ),
    Case(
        F.im2col,
        [(1, 2, 6, 5)],
        {"ksize": (2, 2), "stride": 3, "pad": 1, "cover_all": True, "dilate": 2},
        expected=gathered,
        label="cover_all",
    ),
    Case(F.im2col, [(2, 3, 4, 5)], {"ksize": (1, 1)}, expected=gathered, label="one pixel"),
]
