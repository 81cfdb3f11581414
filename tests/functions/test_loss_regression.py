"""Regression losses: Chainer's numbers, float16, empty arrays, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0], [-0.5, 0.75, 2.0]])

# What Chainer 7.8.1 gives.
KNOWN = [
    (lambda: F.huber_loss(X, 0 * X, 1.0), [2.125, 3.03125, 1.90625]),
    (lambda: F.gaussian_nll(X, X.T, X / 2, reduce="mean"), 2.55481636),
    (lambda: F.gaussian_kl_divergence(X, X / 2), 11.79953417),
]


@pytest.mark.parametrize(("call", "value"), KNOWN)
def test_known_values(call, value):
    np.testing.assert_allclose(call(), value, rtol=1e-7)


def test_half_precision_squares_do_not_overflow():
    a, b = np.full(100, 400, np.float16), np.full(100, 200, np.float16)
    assert F.mean_squared_error(a, b) == np.float16(40000)


def test_large_gradients_at_the_corner_of_absolute_values():
    x = rk.Variable(np.array([[1.0, 2.0]]))
    F.sum(F.absolute_error(x, np.array([[1.0, 0.0]]))).backward()
    np.testing.assert_array_equal(x.grad, [[0, 1]])


def test_bare_array_follows_the_variable():
    x = rk.Variable(np.ones(3, np.float32))
    for y in (F.mean_squared_error(x, np.zeros(3)), F.mean_squared_error(np.zeros(3), x)):
        assert y.dtype == np.float32
        assert float(y) == 1


def test_gradient_of_the_second_argument_alone():
    t = rk.Variable(np.array([1.0, 3.0]))
    F.mean_squared_error(np.array([0.0, 0.0]), t).backward()
    np.testing.assert_allclose(t.grad, [1, 3])


ERRORS = [F.mean_squared_error, F.mean_absolute_error, F.squared_error, F.absolute_error]


@pytest.mark.parametrize("function", ERRORS, ids=lambda f: f.__name__)
def test_shapes_do_not_broadcast(function):
    with pytest.raises(ShapeError, match=r"x0 \(3, 1\) and x1 \(3,\).*equal shapes"):
        function(np.zeros((3, 1)), np.zeros(3))


REFUSED = [
    (lambda: F.mean_squared_error(np.zeros(3, int), np.zeros(3, int)), DtypeError, "floats"),
    (
        lambda: F.mean_squared_error(rk.Variable(X), rk.Variable(X.astype("f4"))),
        DtypeError,
        "float64 and float32",
    ),
    (lambda: F.huber_loss(X, X[:2], 1.0), ShapeError, r"x \(3, 3\) and t \(2, 3\)"),
    (lambda: F.huber_loss(X, X, 0.0), RangeError, "delta > 0"),
    (lambda: F.huber_loss(X[0], X[0], 1.0), ShapeError, "two axes.*reduce='no'"),
    (lambda: F.huber_loss(X, X, 1.0, reduce="mean"), RangeError, "reduce='mean'"),
    (lambda: F.gaussian_nll(X, X, X[0]), ShapeError, r"ln_var \(3,\)"),
    (lambda: F.gaussian_nll(X, X, X, reduce="x"), RangeError, "'sum' or 'mean' or 'no'"),
    (lambda: F.gaussian_kl_divergence(X, X[0]), ShapeError, "equal shapes"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()
