"""Mistakes, running averages and constant factors of batch renormalization."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

X = np.random.default_rng(0).normal(1, 2, (6, 3, 4))
ONES, ZEROS = np.ones(3), np.zeros(3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X, ONES, ZEROS, 2, 1, 0, None, ONES), DtypeError, "running_mean NoneType"),
        ((X, ONES, ZEROS, 2, 1, 0, ZEROS, None), DtypeError, "running_var NoneType"),
        ((X, ONES[:2], ZEROS, 2, 1, 0, ZEROS, ONES), ShapeError, r"gamma.shape == \(3,\)"),
        ((X, ONES, ZEROS, 2, 1, 0, ZEROS[:1], ONES), ShapeError, r"running_mean \(1,\)"),
        ((X[:0], ONES, ZEROS, 2, 1, 0, ZEROS, ONES), ShapeError, "not empty"),
        ((X.astype(int), ONES, ZEROS, 2, 1, 0, ZEROS, ONES), DtypeError, "x int64"),
        ((X, ONES, ZEROS, 0.5, 1, 0, ZEROS, ONES), RangeError, "rmax=0.5"),
        ((X, ONES, ZEROS, 2, -1, 0, ZEROS, ONES), RangeError, "dmax=-1"),
        ((X, ONES, ZEROS, 2, 1, -1, ZEROS, ONES), RangeError, "eps=-1"),
    ],
)
def test_mistakes(arguments, error, message):
    with pytest.raises(error, match=message):
        F.batch_renormalization(*arguments)


def test_without_corrections_it_is_batch_normalization():
    means = [np.zeros(3), np.zeros(3)]
    variances = [np.ones(3), np.ones(3)]
    y = F.batch_normalization(X, ONES, ZEROS, 1e-3, means[0], variances[0], 0.7)
    z = F.batch_renormalization(X, ONES, ZEROS, 1, 0, 1e-3, means[1], variances[1], 0.7, True)
    assert np.allclose(y, z)
    assert np.allclose(*means) and np.allclose(*variances)


def test_averages_stay_unless_asked():
    mean, var = np.zeros(3), np.ones(3)
    F.batch_renormalization(X, ONES, ZEROS, 2, 1, 1e-3, mean, var)
    assert (mean == 0).all() and (var == 1).all()


def test_inside_the_limits_training_gives_what_testing_gives():
    mean, var = np.array([0.5, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])
    y = F.batch_renormalization(X, ONES, ZEROS, 99, 99, 1e-3, mean, var)
    assert np.allclose(y, F.fixed_batch_normalization(X, ONES, ZEROS, mean, var, 1e-3))


def test_no_gradient_goes_through_the_factors():
    """Inside the limits the gradient is r / sigma of that of plain batch normalization."""
    mean, var = np.array([0.5, 1.0, 2.0]), np.array([1.0, 3.0, 5.0])
    gy, gradients = np.random.default_rng(1).normal(size=X.shape), []
    for call in (
        lambda x: F.batch_normalization(x, ONES, ZEROS, 1e-3),
        lambda x: F.batch_renormalization(x, ONES, ZEROS, 99, 99, 1e-3, mean, var),
    ):
        x = rk.Variable(X)
        y = call(x)
        y.grad = gy
        y.backward()
        gradients.append(x.grad)
    r = np.sqrt(X.var(axis=(0, 2)) + 1e-3) / np.sqrt(var + 1e-3)
    assert np.allclose(gradients[1], gradients[0] * r[:, None])
