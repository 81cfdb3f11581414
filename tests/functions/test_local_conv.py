"""Mistakes and edge cases of local convolution and shifts."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

X = np.zeros((2, 3, 5, 6), np.float32)
W = np.zeros((4, 3, 5, 3, 3, 2), np.float32)
B = np.zeros((4, 3, 5), np.float32)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([X[0], W], ShapeError, "x \\(3, 5, 6\\)"),
        ([X[:, :2], W], ShapeError, "x \\(2, 2, 5, 6\\) and W"),
        ([X, W[:, :2]], ShapeError, r"W.shape\[1:3\] == \(3, 5\)"),
        ([X, W, None, 2], ShapeError, r"W.shape\[1:3\] == \(2, 3\)"),
        ([X[:, :, :2], W[:, :0]], ShapeError, r"W.shape\[1:3\] == \(0, 5\)"),
        ([X, W, B[0]], ShapeError, r"b \(3, 5\).*b.shape == \(4, 3, 5\)"),
        ([X.astype(int), W], DtypeError, "floats"),
        ([X, W, B, 0], RangeError, "stride=0"),
    ],
)
def test_mistakes_of_local_convolution(arguments, error, message):
    with pytest.raises(error, match=message):
        F.local_convolution_2d(*arguments)


@pytest.mark.parametrize(
    ("x", "ksize", "error", "message"),
    [
        (np.zeros((1, 9, 3, 3)), 2, RangeError, "ksize=2; expected odd"),
        (np.zeros((1, 8, 3, 3)), 3, ShapeError, "channel >= 9"),
        (np.zeros((9, 3, 3)), 3, ShapeError, "float64 \\(9, 3, 3\\)"),
        (np.zeros((1, 9, 3, 3), int), 3, DtypeError, "floats"),
    ],
)
def test_mistakes_of_shifts(x, ksize, error, message):
    with pytest.raises(error, match=message):
        F.shift(x, ksize)


def test_equal_weights_make_it_a_convolution():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 3, 5, 6)), rng.normal(size=(4, 1, 1, 3, 3, 2))
    y = F.local_convolution_2d(x, np.tile(w, (1, 3, 5, 1, 1, 1)))
    assert np.allclose(y, F.convolution_2d(x, w[:, 0, 0]))
