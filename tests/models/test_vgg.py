"""VGG: Chainer's layers, parameter names and sizes."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import RangeError
from renkei.models import VGG16Layers, VGG19Layers, VGGLayers, vgg


@pytest.mark.parametrize(
    ("cls", "convolutions", "deepest"),
    [(VGG16Layers, 14_714_688, 3), (VGG19Layers, 20_024_384, 4)],
)
def test_sizes_of_chainer(monkeypatch, cls, convolutions, deepest):
    assert cls._hidden == 4096
    monkeypatch.setattr(cls, "_hidden", 2)
    monkeypatch.setattr(vgg, "Normal", lambda scale: 0)
    model = cls(None)
    shapes = {path: p.shape for path, p in model.namedparams()}
    assert sum(np.prod(s) for path, s in shapes.items() if "conv" in path) == convolutions
    assert shapes["/conv3_1/W"] == (256, 128, 3, 3)
    assert shapes[f"/conv5_{deepest}/b"] == (512,)
    assert f"/conv5_{deepest + 1}/b" not in shapes and "/conv1_3/b" not in shapes
    assert shapes["/fc6/W"] == (2, 25088) and shapes["/fc8/b"] == (1000,)


def narrow(monkeypatch, cls=VGG16Layers):
    monkeypatch.setattr(cls, "_hidden", 8)
    monkeypatch.setattr(cls, "_widths", (1, 1, 1, 1, 1))
    return cls(None)


def test_layers(monkeypatch):
    model = narrow(monkeypatch)
    names = [f"conv{i}_{j}" for i, n in enumerate((2, 2, 3, 3, 3), 1) for j in range(1, n + 1)]
    assert [n for n in model.available_layers if n.startswith("conv")] == names
    assert model.available_layers[-5:] == ["pool5", "fc6", "fc7", "fc8", "prob"]
    assert model.available_layers[2] == "pool1"
    x = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    with rk.using_config("train", False):
        found = model(x, ["pool1", "pool5", "fc7", "prob"])
        again = model(x, ["fc7"])["fc7"]
    shapes = [y.shape for y in found.values()]
    assert shapes == [(1, 1, 112, 112), (1, 1, 7, 7), (1, 8), (1, 1000)]
    np.testing.assert_array_equal(found["fc7"].array, again.array)
    assert abs(float(found["prob"].array.sum()) - 1) < 1e-5


def test_dropout_only_while_training(monkeypatch):
    model = narrow(monkeypatch)
    assert [f.__name__ for f in model.functions["fc6"][1:]] == ["relu", "dropout"]
    assert len(model.functions["fc8"]) == 1


def test_extract_gives_fc7(monkeypatch):
    found = narrow(monkeypatch, VGG19Layers).extract([np.zeros((4, 4, 3), np.uint8)])
    assert {name: y.shape for name, y in found.items()} == {"fc7": (1, 8)}


def test_unknown_depth():
    with pytest.raises(RangeError, match="n_layers=11; expected 16 or 19"):
        VGGLayers(None, 11)


def test_prepare():
    pixel = np.array([[[3, 2, 1]]] * 2, np.uint8)
    expected = np.array([1 - 103.939, 2 - 116.779, 3 - 123.68])
    np.testing.assert_allclose(vgg.prepare(pixel, None)[:, 1, 0], expected, rtol=1e-6)
