"""MLP: shapes, sizes filled at the first call, dropout only while training."""

from __future__ import annotations

import numpy as np

import renkei as rk
from renkei.models import MLP


def test_layers_and_parameters():
    model = MLP(3, hidden=[5, 4])
    y = model(np.ones((2, 1, 2, 3), np.float32))
    assert y.shape == (2, 3)
    assert model.count_params() == (6 * 5 + 5) + (5 * 4 + 4) + (4 * 3 + 3)
    assert next(p for p, _ in model.namedparams()) == "/head/W"


def test_the_formula():
    model = MLP(2, hidden=[3])
    x = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
    y = model(x).array
    hidden = np.maximum(x @ model.layers[0].W.array.T + model.layers[0].b.array, 0)
    np.testing.assert_allclose(y, hidden @ model.head.W.array.T + model.head.b.array, rtol=1e-5)


def test_dropout_only_while_training():
    model = MLP(2, hidden=[50], dropout=0.5)
    x = np.ones((1, 4), np.float32)
    assert not np.array_equal(model(x).array, model(x).array)
    with rk.using_config("train", False):
        np.testing.assert_array_equal(model(x).array, model(x).array)
