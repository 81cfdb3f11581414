"""snapshot and snapshot_object: names, how many are kept, loading the newest whole one."""

from __future__ import annotations

import numpy as np
import pytest

from renkei.serializers import load_npz
from renkei.training.extensions import snapshot, snapshot_object


def test_one_an_epoch_under_its_name(make_trainer, tmp_path):
    trainer = make_trainer((2, "epoch"), tmp_path)
    trainer.extend(snapshot())
    trainer.run()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["snapshot_iter_4", "snapshot_iter_8"]


def test_only_the_newest_are_kept(make_trainer, tmp_path):
    (tmp_path / "snapshot_iter_notes").mkdir()
    (tmp_path / "other").write_text("mine")
    trainer = make_trainer((6, "iteration"), tmp_path)
    trainer.extend(snapshot(filename="s_{.iteration}.npz", n_retains=2), trigger=(1, "iteration"))
    trainer.run()
    names = sorted(p.name for p in tmp_path.iterdir() if p.is_file())
    assert names == ["other", "s_5.npz", "s_6.npz"]


def test_condition(make_trainer, tmp_path):
    trainer = make_trainer((2, "epoch"), tmp_path)
    trainer.extend(snapshot(condition=lambda: False))
    trainer.run()
    assert list(tmp_path.iterdir()) == []


def test_autoload_takes_the_newest_that_is_whole(make_trainer, tmp_path):
    first = make_trainer((3, "iteration"), tmp_path)
    first.extend(snapshot(), trigger=(1, "iteration"))
    first.run()
    newest = tmp_path / "snapshot_iter_3"
    newest.write_bytes(newest.read_bytes()[:200])
    second = make_trainer((4, "iteration"), tmp_path, seed=8)
    second.extend(snapshot(autoload=True), trigger=(100, "iteration"))
    with pytest.warns(UserWarning, match="snapshot_iter_3 cannot be loaded"):
        second.run()
    whole = make_trainer((4, "iteration"), tmp_path / "whole")
    whole.run()
    weights = [t.updater.get_optimizer("main").target.w.array for t in (second, whole)]
    np.testing.assert_array_equal(*weights)


def test_one_object(make_trainer, tmp_path):
    trainer = make_trainer((1, "epoch"), tmp_path)
    model = trainer.updater.get_optimizer("main").target
    trainer.extend(snapshot_object(model, "model_{.epoch}.npz"))
    trainer.run()
    with np.load(tmp_path / "model_1.npz") as file:
        np.testing.assert_array_equal(file["w"], model.w.array)
    other = make_trainer(seed=4).updater.get_optimizer("main").target
    load_npz(tmp_path / "model_1.npz", other)
    np.testing.assert_array_equal(other.w.array, model.w.array)
