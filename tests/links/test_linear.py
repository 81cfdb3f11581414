"""Linear."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import links as L
from renkei.core.errors import DtypeError, ShapeError


@pytest.mark.parametrize("nobias", [False, True])
def test_value(rng, nobias):
    layer = L.Linear(3, 2, nobias=nobias, initial_bias=None if nobias else rng.normal(size=2))
    x = rng.normal(size=(5, 3)).astype(np.float32)
    W, b = layer.W.array, 0 if nobias else layer.b.array
    expected = np.array([[sum(W[o] * x[n]) for o in range(2)] for n in range(5)]) + b
    y = layer(x)
    assert isinstance(y, rk.Variable)
    assert np.allclose(y.array, expected, atol=1e-6)
    assert layer.nobias is nobias


def test_open_size():
    layer = L.Linear(4)
    assert (layer.in_size, layer.out_size) == (None, 4)
    assert layer(np.ones((2, 3, 5), np.float32)).shape == (2, 4)
    assert layer.in_size == 15
    other = L.Linear(None, 4)
    assert other(np.ones((2, 3, 5), np.float32), n_batch_axes=2).shape == (2, 3, 4)
    assert other.W.shape == (4, 5)


@pytest.mark.parametrize("x", [np.ones(3, np.float32), [[1.0]]])
def test_an_unfit_first_input_leaves_the_size_open(x):
    layer = L.Linear(None, 4)
    with pytest.raises((ShapeError, DtypeError), match=r"Linear\(\.\.\.\)\(x\)"):
        layer(x)
    assert not layer.W.is_initialized


def test_initializers():
    W = np.arange(6.0).reshape(2, 3)
    layer = L.Linear(3, 2, initialW=W, initial_bias=4)
    assert (layer.W.array == W).all()
    assert layer.b.array.tolist() == [4, 4]
    assert (layer.W.dtype, layer.b.dtype) == (np.float32, np.float32)
    assert L.Linear(3, 2).b.array.tolist() == [0, 0]
    assert abs(L.Linear(400, 400).W.array.std() - 0.05) < 0.002  # LeCun: 1 / sqrt(400)
    with pytest.raises(ShapeError, match="broadcast"):
        L.Linear(4, 2, initialW=W)


def test_dtype_follows_the_setting():
    with rk.using_config("dtype", rk.mixed16):
        assert L.Linear(2, 2).W.dtype == np.float16


def test_error_shows_sizes():
    with pytest.raises(ShapeError, match="Linear 3→2"):
        L.Linear(3, 2)(np.ones((1, 4), np.float32))
    with pytest.raises(ShapeError, match=r"Linear \?→2"):
        L.Linear(None, 2)(np.ones(4, np.float32))
