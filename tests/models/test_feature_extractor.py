"""FeatureExtractor: layers by name, images in many forms, weights from files."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DataError, LoadError, RangeError, ShapeError
from renkei.models import FeatureExtractor
from renkei.models.feature_extractor import prepare_image
from renkei.serializers import save_npz

RNG = np.random.default_rng(0)


class Small(FeatureExtractor):
    """Two layers, the classes, and a branch from the first layer."""

    _feature = "b"
    _file = "small.npz"
    _mean = (1.0, 2.0, 3.0)
    _branches = {"side": "a"}

    def __init__(self, pretrained_model=None):
        super().__init__()
        self.fc = L.Linear(3, 4)
        self.calls = []
        self._load(pretrained_model)

    @property
    def functions(self):
        return {
            "a": [self._seen("a"), lambda x: F.mean(x, axis=(2, 3))],
            "b": [self._seen("b"), self.fc, F.relu],
            "prob": [self._seen("prob"), F.softmax],
            "side": [self._seen("side"), lambda x: -x],
        }

    def _seen(self, name):
        def note(x):
            self.calls.append(name)
            return x

        return note


def images(n=2, size=(5, 7)):
    return RNG.uniform(0, 255, (n, 3, *size)).astype(np.float32)


def test_only_what_is_needed_is_computed():
    model = Small()
    assert model.available_layers == ["a", "b", "prob", "side"]
    assert list(model(images())) == ["prob"]
    assert model.calls == ["a", "b", "prob"]
    model.calls.clear()
    found = model(images(), layers=["side", "a"])
    assert list(found) == ["a", "side"] and model.calls == ["a", "side"]
    np.testing.assert_array_equal(found["side"].array, -found["a"].array)
    assert model(images(), layers=[]) == {}


def test_unknown_layers():
    with pytest.raises(RangeError, match=r"\['c'\]; expected some of \['a', 'b', 'prob', 'side'\]"):
        Small()(images(), layers=["a", "c"])


def test_extract_and_predict():
    model = Small()
    model.fc.W.array[...] *= 0.02  # else one class gets everything, wherever the windows are
    pictures = [RNG.integers(0, 255, (30, 20, 3)).astype(np.uint8) for _ in range(3)]
    features = model.extract(pictures, size=(8, 6))
    x = np.stack([model.prepare(p, (8, 6)) for p in pictures])
    np.testing.assert_array_equal(features["b"].array, model(x, ["b"])["b"].array)
    assert list(model.extract(pictures, ["a", "prob"])) == ["a", "prob"]
    once, ten = model.predict(pictures, oversample=False), model.predict(pictures)
    assert once.shape == ten.shape == (3, 4) and not once.requires_grad
    x = np.stack([model.prepare(p, (256, 256)) for p in pictures])
    middle = model(x[:, :, 16:240, 16:240])["prob"].array
    np.testing.assert_allclose(once.array, middle, rtol=1e-6)
    total = 0
    for top, left in [(0, 0), (0, 32), (32, 0), (32, 32), (16, 16)]:
        crop = x[:, :, top : top + 224, left : left + 224]
        total = total + model(crop)["prob"].array + model(crop[..., ::-1])["prob"].array
    np.testing.assert_allclose(ten.array, total / 10, rtol=1e-5)


def test_batches_that_are_none():
    with pytest.raises(DataError, match="no images"):
        Small().extract([])
    with pytest.raises(DataError, match=r"\(3, 4, 4\), \(3, 5, 5\).*size=\(224, 224\)"):
        Small().extract([np.zeros((4, 4)), np.zeros((5, 5))], size=None)


@pytest.mark.parametrize("turn", [(0, 1, 2), (2, 0, 1)])
def test_prepare(turn):
    image = RNG.integers(0, 255, (4, 5, 3)).astype(np.uint8)  # red, green, blue last
    found = prepare_image(image.transpose(turn), None, (10.0, 20.0, 30.0))
    expected = [image[:, :, 2] - 10.0, image[:, :, 1] - 20.0, image[:, :, 0] - 30.0]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array(expected, np.float32))


def test_prepare_grey_and_pil():
    grey = RNG.integers(0, 255, (4, 5)).astype(np.uint8)
    expected = prepare_image(np.stack([grey] * 3), None, (0, 0, 0))
    for image in (grey, grey[None], grey[:, :, None], grey.astype(np.float64)):
        np.testing.assert_array_equal(prepare_image(image, None, (0, 0, 0)), expected)
    pillow = pytest.importorskip("PIL.Image")
    picture = pillow.fromarray(grey)
    np.testing.assert_array_equal(prepare_image(picture, None, (0, 0, 0)), expected)
    assert prepare_image(picture, (8, 6), (0, 0, 0)).shape == (3, 6, 8)
    with rk.using_config("dtype", np.float64):
        assert prepare_image(picture, None, (0, 0, 0)).dtype == np.float64


@pytest.mark.parametrize("shape", [(5,), (2, 4, 5), (1, 3, 4, 4)])
def test_what_is_no_image(shape):
    with pytest.raises(ShapeError, match="expected \\(height, width\\), "):
        prepare_image(np.zeros(shape), None, (0, 0, 0))


def test_weights_from_files(tmp_path, monkeypatch):
    model = Small()
    home = tmp_path / "pfnet/chainer/models"
    home.mkdir(parents=True)
    save_npz(home / "small.npz", model)
    monkeypatch.setenv("RENKEI_DATASET_ROOT", str(tmp_path))
    for where in ("auto", str(home / "small.npz"), home / "small.npz"):
        np.testing.assert_array_equal(Small(where).fc.W.array, model.fc.W.array)


def test_missing_files(tmp_path, monkeypatch):
    monkeypatch.setenv("RENKEI_DATASET_ROOT", str(tmp_path))
    with pytest.raises(LoadError, match=r"no file .*pfnet/chainer/models/small.npz.*npz") as error:
        Small("auto")
    for words in ("never downloaded", "Small(pretrained_model=None)"):
        assert words in str(error.value)
    with pytest.raises(LoadError, match=r"mine\.npz"):
        Small(tmp_path / "mine.npz")
    assert not list(tmp_path.iterdir())
