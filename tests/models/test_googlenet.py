"""GoogLeNet: Chainer's layers, parameter names and sizes; the two classifiers on the way."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.models import GoogLeNet, googlenet


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setattr(googlenet, "LeCunUniform", lambda: 0.002)
    return GoogLeNet(None)


def test_sizes_of_chainer(model):
    assert model.count_params() == 13_378_280
    shapes = {path: p.shape for path, p in model.namedparams()}
    assert len(shapes) == 128
    assert shapes["/inc4d/conv3/W"] == (288, 144, 3, 3)
    assert shapes["/inc5b/projp/W"] == (128, 832, 1, 1)
    assert shapes["/loss1_conv/W"] == (128, 512, 1, 1)
    assert shapes["/loss2_fc1/W"] == (1024, 2048) and shapes["/loss3_fc/b"] == (1000,)


def test_layers(model):
    expected = "conv1 pool1 conv2_reduce conv2 pool2 inception_3a inception_3b pool3 inception_4a "
    expected += "inception_4b inception_4c inception_4d inception_4e pool4 inception_5a "
    expected += "inception_5b pool5 loss3_fc prob loss1_fc2 loss2_fc2"
    assert model.available_layers == expected.split()
    x = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    with rk.using_config("train", False), rk.no_backprop_mode():
        found = model(x, ["loss2_fc2", "pool2", "pool3", "pool5", "loss1_fc2", "prob"])
        h = model(x, ["inception_4a"])["inception_4a"]
        for step in model.functions["loss1_fc2"]:
            h = step(h)
    assert [(name, y.shape[1:]) for name, y in found.items()] == [
        ("pool2", (192, 28, 28)),
        ("pool3", (480, 14, 14)),
        ("pool5", (1024, 1, 1)),
        ("prob", (1000,)),
        ("loss1_fc2", (1000,)),
        ("loss2_fc2", (1000,)),
    ]
    np.testing.assert_allclose(found["loss1_fc2"].array, h.array, rtol=1e-5)
    assert not np.allclose(found["loss1_fc2"].array, found["loss2_fc2"].array)


def test_prepare():
    pixel = np.array([[[3, 2, 1]]] * 2, np.uint8)
    np.testing.assert_allclose(googlenet.prepare(pixel, None)[:, 1, 0], [-103, -115, -120])
