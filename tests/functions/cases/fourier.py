"""Rows of renkei.functions.fourier: sums of products with cosines and sines."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def _sums(real, imag, sign):
    n = real.shape[-1]
    angle = 2 * np.pi * sign * np.outer(np.arange(n), np.arange(n)) / n
    c, s = np.cos(angle), np.sin(angle)
    return real @ c - imag @ s, real @ s + imag @ c


CASES = [
    Case(
        F.fft,
        [(2, 3, 5), (2, 3, 5)],
        variadic=True,
        empty=True,
        expected=lambda x: _sums(*x, -1),
        bench=[(64, 1024)] * 2,
    ),
    Case(F.fft, [(8,), (8,)], label="vector", variadic=True, expected=lambda x: _sums(*x, -1)),
    Case(
        F.fft,
        [(3, 6), (3, 6)],
        label="one-part",
        variadic=True,
        output=lambda y: y[1],
        expected=lambda x: _sums(*x, -1)[1],
    ),
    Case(
        F.ifft,
        [(2, 6), (2, 6)],
        variadic=True,
        expected=lambda x: [y / 6 for y in _sums(*x, 1)],
    ),
]
