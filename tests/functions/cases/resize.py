"""Resizing against a loop over the output pixels."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def place(i, n, m, mode, align_corners):
    if mode == "nearest":
        return i * m // n
    if align_corners:
        return i * (m - 1) / (n - 1) if n > 1 else 0
    return max(0, (2 * i + 1) * m / (2 * n) - 0.5)


def resized(x, output_shape, mode="bilinear", align_corners=True):
    """A pixel is the sum over all input pixels, each weighted by its distance."""
    height, width = output_shape
    y = np.zeros((*x.shape[:2], height, width))
    rows, columns = np.arange(x.shape[2]), np.arange(x.shape[3])
    for i in range(height):
        for j in range(width):
            v = place(i, height, x.shape[2], mode, align_corners)
            u = place(j, width, x.shape[3], mode, align_corners)
            # beyond the last pixel it counts alone
            v, u = min(v, x.shape[2] - 1), min(u, x.shape[3] - 1)
            near = np.maximum(0, 1 - abs(rows - v))[:, None] * np.maximum(0, 1 - abs(columns - u))
            y[:, :, i, j] = (x * near).sum(axis=(2, 3))
    return y


def row(label, shape, size, **attrs):
    attrs = {"output_shape": size, **attrs}
    return Case(F.resize_images, [shape], attrs, expected=resized, label=label, empty=True)


CASES = [
    row("larger", (2, 3, 3, 4), (5, 7)),
    row("smaller", (2, 2, 6, 7), (3, 2)),
    row("one pixel", (1, 2, 1, 4), (3, 1)),
    row("same", (1, 2, 3, 4), (3, 4)),
    row("corners move, larger", (1, 2, 3, 4), (7, 8), align_corners=False),
    row("corners move, smaller", (2, 2, 7, 5), (3, 2), align_corners=False),
    row("nearest, larger", (2, 2, 3, 4), (6, 5), mode="nearest"),
    row("nearest, smaller", (1, 2, 6, 7), (4, 3), mode="nearest"),
]
