"""Evaluation functions: Variables, nothing to count, undefined ratios, weights, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

Y = np.array([[3.0, 1.0], [1.0, 2.0], [2.0, 0.0]], np.float32)  # predicts 0, 1, 0
T = np.array([0, 1, 1])


def test_variables_in_variables_out_without_a_graph():
    y = F.accuracy(rk.Variable(Y), T)
    assert isinstance(y, rk.Variable)
    assert not y.requires_grad
    assert y.dtype == np.float32
    assert float(y) == pytest.approx(2 / 3)
    assert isinstance(F.accuracy(Y, T), np.ndarray)
    assert all(isinstance(v, rk.Variable) for v in F.precision(rk.Variable(Y), rk.Variable(T)))


def test_trailing_axes_of_size_one():
    assert F.accuracy(Y[:, :, None, None], T) == F.accuracy(Y, T)


def test_nothing_to_count():
    assert F.binary_accuracy(Y, np.full((3, 2), -1)) == 0
    assert F.accuracy(np.zeros((0, 3)), np.zeros(0, int)) == 0
    p, n = F.precision(np.zeros((0, 3)), np.zeros(0, int))
    assert p.shape == n.shape == (0,)


def test_half_precision_counts_exactly():
    y = np.zeros((5000, 2), np.float16)
    y[:, 1] = 1
    t = np.ones(5000, int)
    t[0] = 0
    assert F.accuracy(y, t) == np.float16(4999 / 5000)
    assert F.precision(y, t)[1][1] == 4999


def test_undefined_ratios_are_nan_without_a_warning():
    p, r, f, n = F.classification_summary(Y, np.array([0, -1, 1]), label_num=3)
    np.testing.assert_array_equal(p, [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(r, [1, 0, np.nan])
    np.testing.assert_allclose(f, [2 / 3, np.nan, np.nan])
    np.testing.assert_array_equal(n, [1, 1, 0])


def test_r2_of_constant_truth_is_zero_and_weights_repeat_examples():
    assert F.r2_score(np.array([1.0, 2.0]), np.array([3.0, 3.0])) == 0
    pred, true = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.5, 3.0])
    weighted = F.r2_score(pred, true, sample_weight=np.array([1.0, 2.0, 1.0]))
    assert weighted == pytest.approx(float(F.r2_score(pred[[0, 1, 1, 2]], true[[0, 1, 1, 2]])))


REFUSED = [
    (lambda: F.accuracy(Y, T[:2]), ShapeError, r"y \(3, 2\) and t \(2,\)"),
    (lambda: F.accuracy(Y[:, 0], T), ShapeError, r"y \(n, classes"),
    (lambda: F.accuracy(Y, T.astype(float)), DtypeError, "t float64.*integer labels"),
    (lambda: F.accuracy(Y.astype(int), T), DtypeError, "y int64"),
    (lambda: F.accuracy(Y, [0, 1, 1]), DtypeError, "t list"),
    (lambda: F.binary_accuracy(Y, T), ShapeError, "equal shapes"),
    (lambda: F.r2_score(Y, Y[:2]), ShapeError, "equal shapes"),
    (lambda: F.r2_score(Y, Y, sample_weight=T[:2]), ShapeError, r"sample_weight \(2,\)"),
    (lambda: F.r2_score(Y, Y, multioutput="x"), RangeError, "'raw_values'"),
    (lambda: F.recall(Y, T[:2]), ShapeError, r"recall\(y, t\)"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()
