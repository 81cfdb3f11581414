"""Activations: extreme numbers, kinks, chosen axes, random slopes, refusals, cost of a call."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

SMOOTH = [F.sigmoid, F.softplus, F.silu, F.mish, F.elu, F.selu, F.tanh, F.gelu]


def gradient(function, x, *args, **options):
    v = rk.Variable(x)
    y = function(v, *args, **options)
    y.grad = np.ones_like(y.array)
    y.backward()
    return v.grad


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("function", SMOOTH, ids=lambda f: f.__name__)
def test_extreme_numbers_neither_overflow_nor_warn(function, dtype):
    x = np.array([-6e4, -800, -90, -12, 12, 90, 800, 6e4], dtype)
    y, g = function(x), gradient(function, x)
    assert y.dtype == g.dtype == dtype
    if function in (F.sigmoid, F.tanh):
        np.testing.assert_allclose(y[4:], 1, rtol=1e-4)
    else:
        np.testing.assert_allclose(y[4:], x[4:] * (1.0507 if function is F.selu else 1), rtol=2e-3)
    assert np.all(np.abs(y[:4]) <= 1.76)
    assert np.all(np.isfinite(g))


def test_small_probabilities_keep_their_digits():
    x = np.array([-80.0, -30.0, -5.0], np.float32)
    np.testing.assert_allclose(F.sigmoid(x), np.exp(x.astype("f8")) / (1 + np.exp(x)), rtol=1e-6)
    np.testing.assert_allclose(F.softplus(x), np.log1p(np.exp(x.astype("f8"))), rtol=1e-6)


KINKS = [
    (F.relu, {}, 0, 0),
    (F.relu6, {}, 0, 0),
    (F.relu6, {}, 6, 0),
    (F.clipped_relu, {"z": 2.0}, 2, 0),
    (F.leaky_relu, {"slope": 0.25}, 0, 0.25),
    (F.elu, {"alpha": 0.5}, 0, 1),
    (F.hard_sigmoid, {}, -2.5, 0),
    (F.hard_sigmoid, {}, 2.5, 0),
]


@pytest.mark.parametrize(("function", "options", "x", "slope"), KINKS)
def test_gradient_at_kinks(function, options, x, slope):
    np.testing.assert_array_equal(gradient(function, np.full(2, x, "f4"), **options), [slope] * 2)


def test_prelu_at_zero_takes_the_positive_side():
    np.testing.assert_array_equal(gradient(F.prelu, np.zeros((1, 2)), np.array(0.25)), [[1, 1]])


def test_nan_and_infinity_pass_through_relu():
    y = F.relu(np.array([np.nan, np.inf, -np.inf]))
    np.testing.assert_array_equal(y, [np.nan, np.inf, 0])


def test_plain_numbers_and_integers():
    assert F.sigmoid(0.0) == 0.5
    np.testing.assert_allclose(F.sigmoid(np.array([0, 3], np.int8)), [0.5, 1 / (1 + np.exp(-3.0))])
    assert F.softplus(0.0) == pytest.approx(np.log(2))


# -- random slopes ---------------------------------------------------------------------------------


def test_rrelu_draws_in_training_and_backward_draws_the_same():
    rk.seed(3)
    x = rk.Variable(-np.ones((100, 50), np.float32))
    y, r = F.rrelu(x, l=0.2, u=0.6, return_r=True)
    np.testing.assert_allclose(y.array, -r, rtol=1e-6)
    assert 0.2 <= r.min() < 0.21
    assert 0.59 < r.max() < 0.6
    assert r.mean() == pytest.approx(0.4, abs=0.01)
    y.grad = np.ones_like(y.array)
    y.backward()
    np.testing.assert_allclose(x.grad, r, rtol=1e-6)
    again = F.rrelu(x, l=0.2, u=0.6)
    assert not np.array_equal(again.array, y.array)
    rk.seed(3)
    np.testing.assert_array_equal(F.rrelu(x, l=0.2, u=0.6).array, y.array)


def test_rrelu_gradient_can_be_differentiated():
    x = rk.Variable(np.array([-1.0, 2.0]))
    y = F.rrelu(x)
    y.grad = np.ones(2)
    (gx,) = rk.grad([y * y], [x], enable_double_backprop=True)
    (ggx,) = rk.grad([gx], [x])
    np.testing.assert_allclose(ggx.array, 2 * (y.array / x.array) ** 2)


def test_rrelu_outside_training_is_leaky():
    x = np.array([-1.0, 2.0])
    with rk.using_config("train", False):
        np.testing.assert_allclose(F.rrelu(x, l=0.1, u=0.3), [-0.2, 2])
        assert F.rrelu(x, return_r=True)[1] is None


# -- refusals --------------------------------------------------------------------------------------

X = np.zeros((2, 6, 3), np.float32)
REFUSED = [
    (lambda: F.prelu(X, np.zeros(5, "f4")), ShapeError, r"W \(5,\).*\(5,\) != \(6,\)"),
    (lambda: F.swish(X, np.zeros((6, 2), "f4")), ShapeError, r"beta \(6, 2\).*!= \(6, 3\)"),
    (lambda: F.maxout(X, 4), ShapeError, r"pool_size=4.*6 % 4 == 2"),
    (lambda: F.maxout(X, 0), RangeError, "pool_size >= 1"),
    (lambda: F.maxout(X, 2, axis=3), RangeError, "axis=3 for 3 axes"),
    (lambda: F.crelu(X, axis=5), RangeError, "axis=5"),
    (lambda: F.rrelu(X, r=X[0]), ShapeError, "equal shapes"),
    (lambda: F.rrelu(X.astype(int)), DtypeError, "floats"),
    (lambda: F.relu("x"), DtypeError, "relu: got str 'x'"),
    (lambda: F.tanh([1.0]), DtypeError, "tanh: got list"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


# -- the cost of a call ----------------------------------------------------------------------------


def python_calls(function):
    names = []

    def watch(frame, event, arg):
        file = frame.f_code.co_filename
        if event == "call" and ("renkei" in file or file.startswith("<elementwise")):
            names.append(frame.f_code.co_name)

    sys.setprofile(watch)
    try:
        function()
    finally:
        sys.setprofile(None)
    return names[1:]  # without the function that is measured


@pytest.mark.parametrize("function", [F.relu, F.leaky_relu, F.tanh, F.sigmoid, F.clipped_relu])
def test_six_calls_forward_at_most(function):
    x = rk.Variable(np.ones((4, 4), np.float32))
    calls = python_calls(lambda: function(x))
    assert len(calls) <= 6, calls


@pytest.mark.parametrize("function", [F.relu, F.tanh])
def test_three_calls_in_the_gradient(function):
    y = function(rk.Variable(np.ones((4, 4), np.float32)))
    gy = np.ones((4, 4), np.float32)
    node = y.creator
    calls = python_calls(lambda: node.grad_x(gy, y.array))
    assert len(calls) <= 3, calls
