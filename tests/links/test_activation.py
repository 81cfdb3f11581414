"""Activations with parameters."""

from __future__ import annotations

import numpy as np
import pytest

from renkei import links as L


def test_prelu(double, rng):
    x = rng.normal(size=(4, 3))
    x[abs(x) < 0.1] = 0.5
    link = L.PReLU((3,), init=np.array([0.1, 0.2, 0.3]))
    assert np.allclose(link(x).array, np.where(x > 0, x, x * [0.1, 0.2, 0.3]))
    assert L.PReLU().W.array == 0.25
    assert str(link) == "PReLU(shape=(3,))"


def test_swish(double, rng):
    x = rng.normal(size=(4, 3))
    link = L.Swish((), beta_init=2.0)
    assert np.allclose(link(x).array, x / (1 + np.exp(-2 * x)))
    lazy = L.Swish(None)
    lazy(x)
    assert lazy.beta.shape == (3,)


@pytest.mark.parametrize("in_size", [3, None])
def test_maxout(double, rng, in_size):
    x, W, b = rng.normal(size=(5, 3)), rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4))
    link = L.Maxout(in_size, 2, 4, initialW=W, initial_bias=b)
    expected = (np.einsum("opi,ni->nop", W, x) + b).max(axis=2)
    assert np.allclose(link(x).array, expected)
