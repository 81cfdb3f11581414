"""Local convolution by its definition; shifts as convolutions with one weight of 1."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def local(x, W, b=None, stride=1):
    out, height, width, _, kh, kw = W.shape
    y = np.zeros((len(x), out, height, width))
    sh, sw = stride if isinstance(stride, tuple) else (stride, stride)
    for i, j in np.ndindex(height, width):
        part = x[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
        y[:, :, i, j] = np.einsum("ncuv,ocuv->no", part, W[:, i, j])
    return y if b is None else y + b


def shifted(x, ksize=3, dilate=1):
    """Rolls each group, then clears what came in from the other side."""
    kh, kw = ksize if isinstance(ksize, tuple) else (ksize, ksize)
    dy, dx = dilate if isinstance(dilate, tuple) else (dilate, dilate)
    moves = [((i - kh // 2) * dy, (j - kw // 2) * dx) for i in range(kh) for j in range(kw)]
    centre = len(moves) // 2
    moves[centre], moves[-1] = moves[-1], moves[centre]
    y, size = x.copy(), x.shape[1] // len(moves)
    rows, columns = np.arange(x.shape[2]), np.arange(x.shape[3])
    for group, (down, right) in enumerate(moves):
        c = slice(group * size, (group + 1) * size)
        if group == len(moves) - 1:
            c = slice(group * size, None)
        y[:, c] = np.roll(x[:, c], (down, right), (2, 3))
        lost = (rows - down < 0) | (rows - down >= len(rows))
        y[:, c, lost] = 0
        lost = (columns - right < 0) | (columns - right >= len(columns))
        y[:, c, :, lost] = 0
    return y


CASES = [
    Case(F.local_convolution_2d, [(2, 3, 4, 5), (2, 3, 3, 3, 2, 3), (2, 3, 3)], expected=local),
    Case(
        F.local_convolution_2d,
        [(2, 2, 5, 5), (3, 2, 4, 2, 3, 2)],
        {"stride": (2, 1)},
        expected=local,
        label="stride",
    ),
    Case(F.shift, [(2, 11, 3, 4)], expected=shifted, empty=True),
    Case(
        F.shift,
        [(1, 6, 3, 5)],
        {"ksize": (1, 3), "dilate": (1, 2)},
        expected=shifted,
        label="dilate",
    ),
    Case(F.shift, [(1, 9, 3, 3)], {"dilate": -1}, expected=shifted, label="other way"),
    Case(F.shift, [(1, 2, 2, 3)], {"ksize": 1}, expected=shifted, label="one place"),
]
