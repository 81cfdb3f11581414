"""Mistakes, running averages and degenerate data of decorrelated batch normalization."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.testing import gradient_check

X = np.random.default_rng(0).normal(size=(7, 6, 3))


@pytest.mark.parametrize(
    ("x", "attrs", "error", "message"),
    [
        (X[0, 0], {}, ShapeError, r"float64 \(3,\)"),
        (X.astype(int), {"groups": 2}, DtypeError, "floats"),
        (X, {"groups": 4}, ShapeError, r"groups=4 and x \(7, 6, 3\)"),
        (X, {"groups": 0}, ShapeError, "groups=0"),
        (X, {"groups": 2, "eps": -1.0}, RangeError, "eps=-1.0"),
        (X[:0], {"groups": 2}, ShapeError, "at least one value"),
        (X, {"groups": 2, "running_mean": np.zeros(6)}, ShapeError, r"shape == \(2, 3\)"),
        (X, {"groups": 2, "running_projection": np.zeros((6, 6))}, ShapeError, r"\(2, 3, 3\)"),
    ],
)
def test_mistakes(x, attrs, error, message):
    with pytest.raises(error, match=message):
        F.decorrelated_batch_normalization(x, **attrs)


def test_mistakes_with_given_statistics():
    with pytest.raises(ShapeError, match=r"mean \(6,\).*mean.shape == \(2, 3\)"):
        F.fixed_decorrelated_batch_normalization(X, np.zeros(6), np.zeros((2, 3, 3)), 2)
    with pytest.raises(ShapeError, match=r"projection.shape == \(2, 3, 3\)"):
        F.fixed_decorrelated_batch_normalization(X, np.zeros((2, 3)), np.zeros((3, 3)), 2)


def test_channels_are_white():
    y = F.decorrelated_batch_normalization(X, groups=2, eps=0)
    for group in (y[:, :3], y[:, 3:]):
        values = np.moveaxis(group, 1, 0).reshape(3, -1)
        assert np.allclose(values.mean(axis=1), 0)
        assert np.allclose(np.cov(values, bias=True), np.eye(3))


def test_averages_make_testing_like_training():
    mean, projection = np.full((2, 3), 9.0), np.full((2, 3, 3), 9.0)
    averages = {"running_mean": mean, "running_projection": projection}
    y = F.decorrelated_batch_normalization(X, groups=2, decay=0, **averages)
    m = 7 * 3
    z = F.fixed_decorrelated_batch_normalization(X, mean, projection * (m - 1) / m, 2)
    assert np.allclose(y, z)
    before = mean.copy()
    F.decorrelated_batch_normalization(rk.Variable(X + 1), groups=2, decay=0.75, **averages)
    assert np.allclose(mean, before + 0.25)


def test_equal_eigenvalues_have_finite_gradients():
    """A formula with differences of eigenvalues would divide by zero here."""
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], np.float64)
    f = lambda x: F.decorrelated_batch_normalization(x, groups=1, eps=0.1)
    gradient_check(f, [corners])


def test_constant_channels_stay_finite():
    x = rk.Variable(np.ones((4, 2), np.float32))
    y = F.decorrelated_batch_normalization(x, groups=1)
    F.sum(y * y).backward()
    assert np.isfinite(y.array).all() and np.isfinite(x.grad).all()
