"""LSTM steps: Chainer's numbers, chains of steps, shrinking batches, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, ShapeError

C = np.array([[0.5, -1.0], [2.0, 0.25], [1, 1]])
X = np.linspace(-2, 2, 16).reshape(2, 8)

# What Chainer 7.8.1 gives.
KNOWN = [
    (
        lambda: F.lstm(C, X),
        [[-0.05103513, -0.6496876], [1.40086806, 0.8898458], [1, 1]],
        [[-0.01180312, -0.26670933], [0.63559665, 0.62652643]],
    ),
    (
        lambda: F.slstm(C[:2], C[1:], X, X[::-1]),
        [[1.34983293, 0.24015819], [1.44355783, 1.04278287]],
        [[0.37908219, 0.2040857], [0.38792924, 0.67465685]],
    ),
    (
        lambda: F.tree_lstm(C[:2], C[1:], np.linspace(-1, 1, 20).reshape(2, 10)),
        [[0.88784563, -0.5522043], [2.06895341, 0.99554824]],
        [[0.25513195, -0.19270521], [0.59689805, 0.48684653]],
    ),
]


@pytest.mark.parametrize(("call", "c", "h"), KNOWN)
def test_known_values(call, c, h):
    found_c, found_h = call()
    np.testing.assert_allclose(found_c, c, rtol=1e-6)
    np.testing.assert_allclose(found_h, h, rtol=1e-6)


def test_gradient_through_several_steps_of_a_shrinking_batch():
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(n, 8)) for n in (3, 2, 2, 1)]

    def run(c, xs):
        total = 0
        for x in xs:
            c, h = F.lstm(c, x)
            total = total + F.sum(h * h)
        return total + F.sum(c)

    c, xs = rk.Variable(C), [rk.Variable(x) for x in inputs]
    run(c, xs).backward()
    eps = 1e-6
    for place in np.ndindex(C.shape):
        step = np.zeros_like(C)
        step[place] = eps
        slope = (run(C + step, inputs) - run(C - step, inputs)) / (2 * eps)
        assert c.grad[place] == pytest.approx(slope, abs=1e-7)
    step = np.zeros_like(inputs[0])
    step[0, 5] = eps
    slope = run(C, [inputs[0] + step, *inputs[1:]]) - run(C, [inputs[0] - step, *inputs[1:]])
    assert xs[0].grad[0, 5] == pytest.approx(slope / (2 * eps), abs=1e-7)


def test_extreme_gates_do_not_warn():
    x = np.array([[1e4, -1e4, 1e4, -1e4]], np.float32)
    c, h = F.lstm(np.ones((1, 1), np.float32), x)
    np.testing.assert_array_equal(c, [[1]])
    np.testing.assert_array_equal(h, [[0]])


def test_half_precision_stays_half():
    c, h = F.lstm(C.astype("f2"), X.astype("f2"))
    assert c.dtype == h.dtype == np.float16


REFUSED = [
    (lambda: F.lstm(C, X[:, :6]), ShapeError, r"x.shape\[1\] == 4 \* c_prev.shape\[1\], here 6"),
    (lambda: F.lstm(C[:1], X), ShapeError, "at least as many rows as x, here 1 < 2.*not grow"),
    (lambda: F.lstm(C[0], X), ShapeError, r"c_prev \(n, d, ...\)"),
    (lambda: F.lstm(C.astype("f4"), X), DtypeError, "float32 and float64"),
    (lambda: F.lstm(C.astype(int), X.astype(int)), DtypeError, "floats"),
    (lambda: F.slstm(C, C, X, X), ShapeError, "both branches alike"),
    (lambda: F.slstm(C[:2], C[:2], X, X[:, :4]), ShapeError, r"x2.shape\[1\]"),
    (lambda: F.tree_lstm(C), ShapeError, "at least one branch"),
    (lambda: F.tree_lstm(C[:2], C, X), ShapeError, r"x \(n, 5 d, ...\)"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()
