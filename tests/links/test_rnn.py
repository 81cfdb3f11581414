"""LSTM and GRU layers."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import ShapeError


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(state, prefix, c, h, x):
    """The textbook step; the gates stand interleaved in the weights."""
    z = x @ state[prefix + "upward/W"].T + state[prefix + "upward/b"]
    if h is not None:
        z = z + h @ state[prefix + "lateral/W"].T
    a, i, f, o = (z[:, k::4] for k in range(4))
    c = np.tanh(a) * sigmoid(i) + (0 if c is None else c * sigmoid(f))
    return c, np.tanh(c) * sigmoid(o)


def gru_step(s, h, x):
    def affine(name, v):
        return v @ s[name + "/W"].T + s[name + "/b"]

    r = sigmoid(affine("W_r", x) + affine("U_r", h))
    z = sigmoid(affine("W_z", x) + affine("U_z", h))
    return (1 - z) * h + z * np.tanh(affine("W", x) + affine("U", r * h))


@pytest.fixture
def x(rng):
    return rng.normal(size=(4, 3))


@pytest.fixture(autouse=True)
def _double(double):
    pass


# -- LSTM ------------------------------------------------------------------------------------------


def test_lstm_keys_and_first_values():
    lstm = L.LSTM(3, 2)
    shapes = {k: v.shape for k, v in lstm.state().items()}
    assert shapes == {"upward/W": (8, 3), "upward/b": (8,), "lateral/W": (8, 2)}
    assert lstm.upward.b.array.tolist() == [0, 0, 1, 0, 0, 0, 1, 0]
    custom = L.LSTM(3, 2, bias_init=0.5, forget_bias_init=2, upward_init=3, lateral_init=4)
    assert custom.upward.b.array.tolist() == [0.5, 0.5, 2, 0.5] * 2
    assert (custom.upward.W.array == 3).all()
    assert (custom.lateral.W.array == 4).all()


def test_gate_blocks_are_drawn_as_matrices_of_their_own():
    lstm = L.LSTM(3, 3, lateral_init=rk.initializers.Orthogonal(1.0))
    for k in range(4):
        block = lstm.lateral.W.array[3 * k : 3 * k + 3]
        assert np.allclose(block @ block.T, np.eye(3))


def test_stateless_lstm(x):
    lstm = L.StatelessLSTM(3, 2)
    s = lstm.state()
    c1, h1 = lstm(None, None, x)
    c2, h2 = lstm(c1, h1, x)
    e1 = lstm_step(s, "", None, None, x)
    e2 = lstm_step(s, "", *e1, x)
    for got, expected in zip((c1, h1, c2, h2), (*e1, *e2)):
        assert np.allclose(got.array, expected)


def test_stateful_lstm(x):
    lstm = L.LSTM(3, 2)
    e = None, None
    for _ in range(3):
        y = lstm(x)
        e = lstm_step(lstm.state(), "", *e, x)
        assert np.allclose(y.array, e[1])
        assert np.allclose(lstm.c.array, e[0])
    lstm.reset_state()
    assert lstm.c is None
    assert lstm.h is None


def test_lstm_of_shrinking_batches(x):
    lstm = L.LSTM(3, 2)
    lstm(x)
    rest = lstm.h.array[2:].copy(), lstm.c.array[2:].copy()
    y = lstm(x[:2])
    assert y.shape == (2, 2)
    assert (lstm.h.array[2:] == rest[0]).all()
    assert (lstm.c.array[2:] == rest[1]).all()
    with pytest.raises(ShapeError, match="reset_state"):
        lstm(np.ones((5, 3)))


def test_lstm_set_state_and_open_size(x):
    lstm = L.LSTM(2)
    assert (lstm.in_size, lstm.out_size) == (None, 2)
    c, h = np.full((4, 2), 0.25), np.full((4, 2), 0.5)
    lstm.set_state(c, rk.Variable(h))
    y = lstm(x)
    assert np.allclose(y.array, lstm_step(lstm.state(), "", c, h, x)[1])
    assert lstm.in_size == 3
    assert str(lstm).startswith("LSTM(in_size=3, out_size=2\n  (lateral): Linear(")
    assert lstm.to_device("@numpy") is lstm


def test_lstm_state_follows_to_device(x):
    lstm = L.LSTM(3, 2)
    lstm(x)
    moved = []

    class Spy:
        def to_device(self, device):
            moved.append(device)

    lstm.c = lstm.h = Spy()
    lstm.to_cpu()
    assert len(moved) == 2


def test_truncated_backpropagation(x):
    lstm = L.LSTM(3, 2)
    lstm(x)
    F.sum(lstm(x)).backward()
    through = lstm.upward.W.grad.copy()
    lstm.cleargrads()
    lstm.reset_state()
    lstm(x).unchain_backward()
    lstm.c.unchain_backward()
    F.sum(lstm(x)).backward()
    assert not np.allclose(lstm.upward.W.grad, through)


# -- peephole --------------------------------------------------------------------------------------


def test_peephole_lstm(x):
    lstm = L.StatefulPeepholeLSTM(3, 2)
    s = lstm.state()
    assert {k: v.shape for k, v in s.items()} == {
        "lateral/W": (8, 2),
        "peep_f/W": (2, 2),
        "peep_i/W": (2, 2),
        "peep_o/W": (2, 2),
        "upward/W": (8, 3),
        "upward/b": (8,),
    }
    c = h = np.zeros((4, 2))
    for _ in range(3):
        z = x @ s["upward/W"].T + s["upward/b"] + h @ s["lateral/W"].T
        a, i, f, o = (z[:, k::4] for k in range(4))
        i, f = sigmoid(i + c @ s["peep_i/W"].T), sigmoid(f + c @ s["peep_f/W"].T)
        c = np.tanh(a) * i + c * f
        h = np.tanh(c) * sigmoid(o + c @ s["peep_o/W"].T)
        assert np.allclose(lstm(x).array, h)
    lstm.reset_state()
    assert lstm.c is None
    lstm.set_state(c, h)
    assert np.allclose(lstm.h.array, h)
    assert (lstm.in_size, lstm.out_size) == (3, 2)


# -- GRU -------------------------------------------------------------------------------------------


def test_gru(x):
    gru = L.GRU(3, 2, bias_init=rk.initializers.Normal(0.5))
    s = gru.state()
    assert sorted(s) == sorted(
        f"{n}/{p}" for n in ("W", "W_r", "W_z", "U", "U_r", "U_z") for p in "Wb"
    )
    h = gru(x).array
    z = sigmoid(x @ s["W_z/W"].T + s["W_z/b"])
    assert np.allclose(h, z * np.tanh(x @ s["W/W"].T + s["W/b"]))
    assert np.allclose(gru(x).array, gru_step(s, h, x))
    gru.reset_state()
    assert gru.h is None
    gru.set_state(h)
    assert np.allclose(gru(x).array, gru_step(s, h, x))


def test_stateless_gru(x, rng):
    gru, h = L.StatelessGRU(None, 2), rng.normal(size=(4, 2))
    assert gru.in_size is None
    assert np.allclose(gru(h, x).array, gru_step(gru.state(), h, x))
    assert (gru.in_size, gru.out_size) == (3, 2)
    assert isinstance(gru(None, x), rk.Variable)


def test_float32_stays_float32():
    x = np.ones((2, 3), np.float32)
    with rk.using_config("dtype", np.float32):
        for link in (L.LSTM(3, 2), L.GRU(3, 2), L.StatefulPeepholeLSTM(3, 2)):
            link(x)
            assert link(x).dtype == np.float32
