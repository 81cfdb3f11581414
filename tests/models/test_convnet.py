"""ConvNet: shapes, parameters, gradients reach every parameter."""

from __future__ import annotations

import numpy as np
import pytest

from renkei import functions as F
from renkei.models import ConvNet


@pytest.mark.parametrize("shape", [(2, 1, 8, 8), (1, 3, 13, 9)])
def test_any_image_size(shape):
    assert ConvNet(7, stages=[[4], [6, 6]])(np.ones(shape, np.float32)).shape == (shape[0], 7)


def test_size_for_small_devices():
    model = ConvNet(10)
    model(np.zeros((1, 1, 8, 8), np.float32))
    assert model.count_params() <= 40_000


def test_gradients_reach_every_parameter():
    model = ConvNet(3, stages=[[4], [4]])
    x = np.random.default_rng(0).normal(size=(6, 1, 8, 8)).astype(np.float32)
    F.softmax_cross_entropy(model(x), np.arange(6, dtype=np.int32) % 3).backward()
    for path, param in model.namedparams():
        assert param.grad is not None and np.abs(param.grad).sum() > 0, path
