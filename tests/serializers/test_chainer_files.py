"""Files that Chainer 7.8.1 wrote; fixtures/make_fixtures.py made them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei import training
from renkei.core.errors import LoadError
from renkei.serializers import load_hdf5, load_npz, read_npz_state
from renkei.training import extensions

FILES = Path(__file__).parent / "fixtures"


def net():
    model = rk.Chain(
        l1=L.Linear(2, 3), bn=L.BatchNormalization(3), body=rk.ChainList(L.Linear(3, 2))
    )
    model.steps = rk.State(np.zeros((), np.int64))
    model.note = rk.State("")
    model.nothing = rk.State(None)
    return model


def filled(model):
    for i, (_, param) in enumerate(sorted(model.namedparams())):
        expected = np.arange(param.size).reshape(param.shape) + 10 * i
        np.testing.assert_array_equal(param.array, expected)
    assert int(model.steps) == 7
    assert model.nothing is None


def test_model_npz():
    model = net()
    load_npz(FILES / "model.npz", model)
    filled(model)
    assert model.note == "hello"


def test_model_hdf5():
    pytest.importorskip("h5py")
    model = net()
    model.note = rk.State(np.zeros((), np.int64))
    load_hdf5(FILES / "model.h5", model)
    filled(model)


def test_keys_are_ours():
    held = read_npz_state(FILES / "model.npz")
    assert held.keys() == net().state().keys()
    for key, value in net().state().items():
        assert np.shape(held[key]) == np.shape(value), key


def test_snapshot_goes_on():
    """Adam continues from Chainer's snapshot to where Chainer itself went."""
    model = rk.Chain(predictor=net())
    optimizer = rk.optimizers.Adam().setup(model)
    load_npz(FILES / "snapshot.npz", optimizer, path="updater/optimizer:main/")
    load_npz(FILES / "snapshot.npz", model, path="updater/model:main/")
    assert (optimizer.t, optimizer.epoch) == (4, 1)
    for param in model.params():
        param.grad = np.ones_like(param.array)
    optimizer.update()
    expected = read_npz_state(FILES / "after.npz")
    found = {path[1:]: param.array for path, param in model.namedparams()}
    assert found.keys() == expected.keys()
    for path, value in expected.items():
        np.testing.assert_allclose(found[path], value, rtol=1e-6, err_msg=path)


class Loss(rk.Chain):
    def __init__(self, predictor):
        super().__init__()
        self.predictor = predictor

    def forward(self, x, t):
        net = self.predictor
        loss = F.mean_squared_error(net.body[0](net.bn(net.l1(x))), t)
        rk.report({"loss": loss}, self)
        return loss


def test_trainer_goes_on(tmp_path):
    """A training that Chainer began after 4 iterations: its log, its order of examples, its t."""
    rng = np.random.RandomState(1)
    pairs = [(rng.rand(2).astype("f"), rng.rand(2).astype("f")) for _ in range(6)]
    optimizer = rk.optimizers.Adam().setup(Loss(net()))
    updater = training.StandardUpdater(rk.iterators.SerialIterator(pairs, 2), optimizer)
    trainer = training.Trainer(updater, (6, "iteration"), out=str(tmp_path))
    trainer.extend(extensions.LogReport(trigger=(1, "epoch")))
    load_npz(FILES / "snapshot.npz", trainer)
    assert updater.iteration == optimizer.t == 4
    held = read_npz_state(FILES / "snapshot.npz")
    order = trainer.state()["updater/iterator:main/order"]
    np.testing.assert_array_equal(order, held["updater/iterator:main/order"])
    trainer.run()
    first, second = json.loads((tmp_path / "log").read_text())
    assert (first["iteration"], second["iteration"]) == (3, 6)
    assert abs(second["main/loss"] / first["main/loss"] - 1) < 0.01


def test_snapshot_is_no_model():
    with pytest.raises(LoadError, match="use path='updater/model:main/predictor/'"):
        load_npz(FILES / "snapshot.npz", net())
