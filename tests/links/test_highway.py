"""Highway: the formula, and the gate's first bias."""

from __future__ import annotations

import numpy as np

from renkei import functions as F
from renkei import links as L


def test_value(double, rng):
    link = L.Highway(3, activate=F.tanh, init_bh=0.5)
    x = rng.normal(size=(5, 3))
    plain = np.tanh(x @ link.plain.W.array.T + 0.5)
    gate = 1 / (1 + np.exp(-(x @ link.transform.W.array.T - 1)))
    assert np.allclose(link(x).array, plain * gate + x * (1 - gate))


def test_without_biases():
    link = L.Highway(3, nobias=True)
    assert [path for path, _ in link.namedparams()] == ["/plain/W", "/transform/W"]
    x = np.ones((2, 3), np.float32)
    assert link(x).dtype == np.float32


def test_a_closed_gate_lets_the_input_pass():
    link = L.Highway(3, init_bt=-100)
    x = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    assert np.allclose(link(x).array, x)
