"""Stacks of recurrent layers: Chainer's numbers, what gradients are needed, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

HX = np.linspace(-1, 1, 8).reshape(2, 2, 2)
XS = [np.linspace(-1, 1, 6).reshape(2, 3), np.linspace(0, 1, 3).reshape(1, 3)]


def weights(n, n_in):
    inner, outer = np.linspace(1, -1, 4).reshape(2, 2), np.linspace(-1, 1, 2 * n_in)
    scales = [(k + 1) / n for k in range(n // 2)]
    return [outer.reshape(2, n_in) * s for s in scales] + [inner * s for s in scales]


def arguments(n, cell=False):
    bs = [np.array([0.1, -0.2]) * (k + 1) for k in range(n)]
    return [2, 0.0, *([HX] * (2 if cell else 1)), [weights(n, 3), weights(n, 2)], [bs] * 2, XS]


# What Chainer 7.8.1 gives: the last outputs and the outputs of the second layer.
KNOWN = [
    (
        lambda: F.n_step_lstm(*arguments(8, cell=True)),
        [0.19046523, -0.04692127, 0.02116228, -0.04615373]
        + [0.59593684, -0.01890833, 0.68697606, -0.00335409],
        [0.45688982, -0.00957116, 0.68697606, -0.00335409, 0.59593684, -0.01890833],
    ),
    (
        lambda: F.n_step_gru(*arguments(6)),
        [-0.17055954, -0.40611369, -0.19064308, -0.21168756]
        + [0.43443096, -0.7752783, 0.74224488, -0.57984569],
        [0.31977441, -0.7098971, 0.74224488, -0.57984569, 0.43443096, -0.7752783],
    ),
    (
        lambda: F.n_step_rnn(*arguments(2)),
        [0.15923798, 0.20015891, -0.30778361, 0.23819262]
        + [0.21746639, -0.14684265, 0.73430318, -0.81816728],
        [0.32054319, -0.75778556, 0.73430318, -0.81816728, 0.21746639, -0.14684265],
    ),
]


@pytest.mark.parametrize(("call", "hy", "ys"), KNOWN, ids=["lstm", "gru", "rnn"])
def test_known_values(call, hy, ys):
    found = call()
    np.testing.assert_allclose(found[0].ravel(), hy, atol=1e-7)
    np.testing.assert_allclose(np.concatenate(found[-1]).ravel(), ys, atol=1e-7)


@pytest.mark.parametrize("output", [0, 1, 2], ids=["hy", "cy", "ys"])
def test_outputs_that_nobody_uses_cost_no_gradient(output):
    args = arguments(8, cell=True)
    args[2] = rk.Variable(HX)
    y = F.n_step_lstm(*args)[output]
    F.sum(F.concat(y, axis=0) if output == 2 else y).backward()
    assert args[2].grad.any()


def test_weight_gradients_against_differences():
    """The gradients of all weights of a layer against central differences, through one output."""
    args = arguments(6)
    ws = [[rk.Variable(w) for w in layer] for layer in args[3]]
    F.sum(F.n_step_gru(*args[:3], ws, *args[4:])[0] ** 2).backward()
    for layer, k, place in [(0, 0, (1, 2)), (0, 5, (0, 1)), (1, 2, (1, 1)), (1, 3, (0, 0))]:
        values = []
        for step in (1e-6, -1e-6):
            shifted = [[w.copy() for w in ws_] for ws_ in args[3]]
            shifted[layer][k][place] += step
            values.append((F.n_step_gru(*args[:3], shifted, *args[4:])[0] ** 2).sum())
        slope = (values[0] - values[1]) / 2e-6
        assert ws[layer][k].grad[place] == pytest.approx(slope, abs=1e-7)


def changed(i, value, n=8):
    args = arguments(n, cell=n == 8)
    args[i] = value
    return args


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.n_step_lstm(*changed(6, XS[::-1])), ShapeError, "never grow.*Sort"),
        (lambda: F.n_step_lstm(*changed(6, [])), ShapeError, "empty list"),
        (lambda: F.n_step_lstm(*changed(6, [XS[0].astype(int)])), DtypeError, "floats"),
        (lambda: F.n_step_lstm(*changed(2, HX[:1])), ShapeError, r"hx of shape \(2, 2, d\)"),
        (lambda: F.n_step_lstm(*changed(3, HX[..., :1])), ShapeError, "one shape"),
        (lambda: F.n_step_lstm(*changed(4, [weights(8, 2)] * 2)), ShapeError, r"4 of shape \(2, 3"),
        (lambda: F.n_step_lstm(*changed(4, [weights(8, 3)])), ShapeError, "1 lists of weights"),
        (lambda: F.n_step_gru(*changed(4, [[np.ones(3)] * 6] * 2, 6)), ShapeError, r"6 of \(2,\)"),
        (lambda: F.n_step_rnn(*arguments(2), "sigmoid"), RangeError, "'tanh' or 'relu'"),
        (lambda: F.n_step_lstm(*changed(6, [x.astype("f") for x in XS])), DtypeError, "one dtype"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
