"""Padding: errors and gradients that a case cannot show; the values are in cases/padding.py."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.core.variable import Variable

X = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (
            RangeError,
            lambda: F.pad(X, 1, "median"),
            "mode='median'; expected one of constant, edge",
        ),
        (
            RangeError,
            lambda: F.pad(X, -1, "constant"),
            "pad_width=-1; expected widths of 0 or more",
        ),
        (DtypeError, lambda: F.pad(X, 1.5, "constant"), "pad_width=1.5; expected integers"),
        (ShapeError, lambda: F.pad(X, ((1, 1),) * 3, "edge"), "a pair for each of 2 axes"),
        (DtypeError, lambda: F.pad(X, 1, "edge", constant_values=1), "expected no keyword"),
        (DtypeError, lambda: F.pad(X, 1, "mean", end_values=1), r"expected stat_length=\.\.\."),
        (RangeError, lambda: F.pad(X, 1, "reflect", reflect_type="odd"), "expected 'even'"),
        (RangeError, lambda: F.pad(X, 1, "mean", stat_length=0), "stat_length=0"),
        (ShapeError, lambda: F.pad(X[:0], 1, "edge"), "expected elements along axis 0"),
        (ShapeError, lambda: F.pad(X[:0], 1, "mean"), "expected elements along axis 0"),
        (DtypeError, lambda: F.pad(X.astype(int), 1, "mean"), "expected a float array"),
        (DtypeError, lambda: F.pad([1], 1, "edge"), "expected an array or a Variable"),
        (ShapeError, lambda: F.pad_sequence([X, X[:1]], length=1), "length=1; expected at least 2"),
        (ShapeError, lambda: F.pad_sequence([X, X.T]), "differ on axis 0 only"),
        (ShapeError, lambda: F.pad_sequence([np.array(1.0)]), "differ on axis 0 only"),
        (ShapeError, lambda: F.pad_sequence([]), "an empty list"),
    ],
)
def test_errors(error, call, message):
    with pytest.raises(error, match=message):
        call()


def test_integers_and_scalars_are_padded():
    assert F.pad(np.array([1, 2]), 1, "edge").dtype == int
    np.testing.assert_array_equal(F.pad(np.array(3.0), 1, "constant"), 3.0)


def test_every_copy_passes_its_gradient_back():
    x = Variable(np.arange(3.0))
    y = F.pad(x, (2, 1), "reflect")  # 2 1 0 1 2 1
    y.grad = np.array([1.0, 2, 4, 8, 16, 32])
    y.backward()
    np.testing.assert_array_equal(x.grad, [4, 42, 17])
