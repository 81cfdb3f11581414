"""forget: parameters, closures, random numbers, what is kept, what runs again."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
import renkei.links as L
from renkei.core.errors import DtypeError, GraphError


@pytest.fixture
def net():
    rk.seed(0)
    return rk.Sequential(L.Linear(4, 5), F.tanh, lambda x: F.dropout(x, 0.5), L.Linear(5, 3))


def gradients(net, block, double):
    """Those of a net behind an intermediate Variable, which its block uses from outside, too."""
    rk.seed(1)
    net.cleargrads()
    x = rk.Variable(np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4))
    h = x * 2
    y = block(lambda a: net(a) * F.sum(h), h)
    loss = F.sum(y * y)
    if double:
        loss = F.sum(rk.grad([loss], [x], enable_double_backprop=True)[0] ** 2)
    loss.backward()
    return [y.array, x.grad, *(p.grad for p in net.params())]


@pytest.mark.parametrize("double", [False, True], ids=["first", "second"])
def test_gradients_reach_parameters_and_closures(net, double):
    right = gradients(net, lambda f, *xs: f(*xs), double)
    found = gradients(net, F.forget, double)
    for a, b in zip(found, right, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_an_input_that_wants_no_gradient(net):
    x = np.ones((2, 4), np.float32)
    y = F.forget(net, x)
    F.sum(y).backward()
    assert all(p.grad is not None for p in net.params())


def test_forgotten_blocks_one_behind_the_other():
    W = rk.Variable(np.array([[0.5, -1.0], [2.0, 0.25]]))
    x = rk.Variable(np.array([[1.0, 2.0]]))
    results = []
    for forget in (F.forget, lambda f, *xs: f(*xs)):
        W.cleargrad()
        x.cleargrad()
        h = x
        for _ in range(3):
            h = forget(lambda a: F.tanh(F.matmul(a, W)) + a, h)
        F.sum(h * h).backward()
        results.append((W.grad, x.grad))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b)


def test_what_lies_inside_is_freed_and_computed_again():
    inside, calls = [], []

    def block(a):
        calls.append(rk.config.in_recomputing)
        y = F.exp(a)
        inside.append(weakref.ref(y.array))
        return y * y

    x = rk.Variable(np.ones(3))
    y = F.forget(block, x)
    assert inside[0]() is None
    F.sum(y).backward()
    assert calls == [False, True]


def test_settings_of_the_forward_computation_hold_in_backward():
    seen = []

    def block(a):
        seen.append(rk.config.train)
        return a * a

    x = rk.Variable(np.ones(3))
    with rk.using_config("train", False):
        y = F.forget(block, x)
    F.sum(y).backward()
    assert seen == [False, False]


def test_batch_normalization_counts_a_batch_once():
    norm = L.BatchNormalization(3)
    x = rk.Variable(np.arange(6, dtype=np.float32).reshape(2, 3))
    F.sum(F.forget(norm, x) ** 2).backward()
    once = L.BatchNormalization(3)
    once(x)
    np.testing.assert_array_equal(norm.avg_mean, once.avg_mean)
    np.testing.assert_array_equal(norm.avg_var, once.avg_var)


def test_the_random_stream_goes_on_as_without_forgetting(net):
    following = []
    for forget in (F.forget, lambda f, *xs: f(*xs)):
        rk.seed(3)
        y = forget(net, np.ones((2, 4), np.float32))
        F.sum(y).backward()
        following.append(F.dropout(np.ones(8)))
    assert np.array_equal(*following)


def test_nothing_is_recorded_where_nothing_wants_a_gradient():
    assert isinstance(F.forget(F.exp, np.ones(2)), np.ndarray)
    with rk.no_backprop_mode():
        assert not F.forget(F.exp, rk.Variable(np.ones(2))).requires_grad


def test_a_parameter_overwritten_before_backward(net):
    y = F.forget(net, np.ones((2, 4), np.float32))
    p = next(net.params())
    p.copydata(rk.Variable(p.array * 2))
    with pytest.raises(GraphError, match="overwritten"):
        F.sum(y).backward()


@pytest.mark.parametrize(
    ("func", "words"), [(3, "something to call"), (lambda x: [x], "a tuple of them")]
)
def test_refusals(func, words):
    with pytest.raises(DtypeError, match=words):
        F.forget(func, np.ones(2))
