"""ResNet: Chainer's parameter names and sizes, steps of 2, gradients."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei.core.errors import RangeError
from renkei.models import ResNet50Layers, ResNet101Layers, ResNet152Layers, resnet
from renkei.models.resnet import BottleneckA, BottleneckB, BuildingBlock, ResNetLayers
from renkei.serializers import save_npz


class Narrow(ResNet50Layers):
    _widths = (2, 2, 2, 4)


def test_sizes_of_chainer(monkeypatch):
    monkeypatch.setattr(resnet, "HeNormal", lambda: 0)
    model = ResNet50Layers(None)
    assert model.count_params() == 25_557_096
    shapes = {path: p.shape for path, p in model.namedparams()}
    assert len(shapes) == 162
    assert shapes["/conv1/W"] == (64, 3, 7, 7) and shapes["/conv1/b"] == (64,)
    assert shapes["/res3/a/conv1/W"] == (128, 256, 1, 1)
    assert shapes["/res3/b1/conv2/W"] == (128, 128, 3, 3)
    assert shapes["/res4/a/conv4/W"] == (1024, 512, 1, 1)
    assert shapes["/res5/b2/bn3/gamma"] == (2048,) and shapes["/fc6/W"] == (1000, 2048)
    assert len(model.state()) == 321


@pytest.mark.parametrize(
    ("cls", "blocks", "states"),
    [
        (ResNet50Layers, (3, 4, 6, 3), 321),
        (ResNet101Layers, (3, 4, 23, 3), 627),
        (ResNet152Layers, (3, 8, 36, 3), 933),
    ],
)
def test_depths(monkeypatch, cls, blocks, states):
    monkeypatch.setattr(cls, "_widths", (1, 1, 1, 1))
    model = cls(None)
    assert tuple(len(list(model[f"res{i}"].children())) for i in range(2, 6)) == blocks
    assert len(model.state()) == states
    last = blocks[2] - 1
    assert model.res4._order[-1] == f"b{last}" and f"res4/b{last}/conv3/W" in model.state()


def test_layers_of_a_small_image():
    model = Narrow(None)
    x = np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)
    assert model.available_layers == [
        *("conv1", "pool1", "res2", "res3", "res4", "res5", "pool5", "fc6", "prob")
    ]
    found = model(x, model.available_layers)
    assert {name: y.shape[1:] for name, y in found.items()} == {
        "conv1": (2, 16, 16),
        "pool1": (2, 8, 8),
        "res2": (8, 8, 8),
        "res3": (8, 4, 4),
        "res4": (8, 2, 2),
        "res5": (16, 1, 1),
        "pool5": (16,),
        "fc6": (1000,),
        "prob": (1000,),
    }
    np.testing.assert_allclose(found["prob"].array.sum(axis=1), 1, rtol=1e-5)
    F.sum(found["res5"] * np.float32(0.1)).backward()
    for path, param in model.namedparams():
        assert (param.grad is None) == path.startswith("/fc6"), path


@pytest.mark.parametrize(("fb", "steps"), [(False, (2, 1)), (True, (1, 2))])
def test_where_the_step_is(fb, steps):
    model = Narrow(None, downsample_fb=fb)
    for stage, twice in (("res2", False), ("res3", True), ("res5", True)):
        block = model[stage].a
        found = block.conv1.stride, block.conv2.stride
        assert found == (steps if twice else (1, 1)) and block.conv4.stride == 1 + twice


def test_blocks():
    x = np.random.default_rng(0).normal(size=(2, 4, 6, 6)).astype(np.float32)
    same = BottleneckB(4, 3)
    same.bn3.gamma.array[...] = 0
    np.testing.assert_array_equal(same(x).array, np.maximum(x, 0))
    first = BottleneckA(4, 3, 5, stride=1)
    first.bn3.gamma.array[...] = 0
    with rk.using_config("train", False):
        expected = np.einsum("oi,nihw->nohw", first.conv4.W.array[:, :, 0, 0], x)
        expected = np.maximum(expected / np.sqrt(1 + 2e-5), 0)
        np.testing.assert_allclose(first(x).array, expected, rtol=1e-4, atol=1e-5)


def test_blocks_run_in_order():
    block = BuildingBlock(12, 2, 1, 2, 1)
    order = []
    for name in block._order:
        forward = block[name].forward
        block[name].forward = lambda x, name=name, f=forward: order.append(name) or f(x)
    block(np.ones((1, 2, 2, 2), np.float32))
    assert order == ["a", *(f"b{i}" for i in range(1, 12))]


def test_weights_come_back(tmp_path):
    model = Narrow(None)
    model.bn1.avg_mean[...] = 3
    save_npz(tmp_path / "r.npz", model)
    found = Narrow(tmp_path / "r.npz").state()
    for path, value in model.state().items():
        np.testing.assert_array_equal(found[path], value, err_msg=path)


def test_unknown_depth():
    with pytest.raises(RangeError, match="n_layers=34; expected 50, 101 or 152"):
        ResNetLayers(None, 34)


def test_prepare():
    pixel = np.array([[[3, 2, 1]]] * 2, np.uint8)
    expected = np.array([1 - 103.063, 2 - 115.903, 3 - 123.152])
    np.testing.assert_allclose(resnet.prepare(pixel, None)[:, 1, 0], expected, rtol=1e-6)
