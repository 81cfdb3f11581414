"""SimplifiedDropconnect: masks, open sizes, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import links as L
from renkei.core.errors import ShapeError

X = np.random.default_rng(0).normal(size=(5, 3))


def test_with_a_mask(double, rng):
    link = L.SimplifiedDropconnect(3, 2, 0.25, initial_bias=1)
    mask = rng.integers(0, 2, (5, 2, 3))
    expected = np.einsum("nok,ok,nk->no", mask, link.W.array, X) / 0.75 + 1
    assert np.allclose(link(X, mask=mask).array, expected)


def test_in_testing_it_is_linear(double):
    link = L.SimplifiedDropconnect(3, 2)
    assert np.allclose(link(X, train=False).array, X @ link.W.array.T)


def test_connections_fall():
    link = L.SimplifiedDropconnect(30, 20, nobias=True, initialW=1)
    rk.seed(0)
    y = link(np.ones((10, 30), np.float32)).array
    assert abs(y.mean() - 30) < 2 and y.std() > 1
    y = link(np.ones((10, 30), np.float32), use_batchwise_mask=False).array
    assert (y == y[0]).all() and y.std() > 1


def test_open_size():
    link = L.SimplifiedDropconnect(None, 2)
    with pytest.raises(ShapeError, match="x \\(3,\\)"):
        link(X[0])
    assert link.in_size is None
    link(X.astype(np.float32).reshape(5, 1, 3))
    assert link.in_size == 3
    assert str(link) == "SimplifiedDropconnect(in_size=3, out_size=2, ratio=0.5, nobias=False)"
