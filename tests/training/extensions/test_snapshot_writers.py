"""Writers of snapshots: what arrives, what waits, and errors that do not get lost."""

from __future__ import annotations

import functools
import os
import time

import numpy as np
import pytest

from renkei.core.errors import RangeError, SaveError, WorkerError
from renkei.serializers import load_npz, save_npz
from renkei.training.extensions import (
    ProcessQueueWriter,
    ProcessWriter,
    SimpleWriter,
    ThreadQueueWriter,
    ThreadWriter,
    snapshot,
    snapshot_object,
)

WRITERS = [SimpleWriter, ThreadWriter, ProcessWriter, ThreadQueueWriter, ProcessQueueWriter]
BEHIND = WRITERS[1:]


@pytest.mark.parametrize("kind", WRITERS)
def test_all_snapshots_arrive_as_they_were(kind, make_trainer, tmp_path):
    trainer = make_trainer((6, "iteration"), tmp_path)
    trainer.extend(snapshot(writer=kind()), trigger=(2, "iteration"))
    weights = []
    model = trainer.updater.get_optimizer("main").target
    trainer.extend(lambda t: weights.append(model.w.array.copy()), name="watch", priority=-200)
    trainer.run()
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"snapshot_iter_{i}" for i in (2, 4, 6)]
    for i in (2, 4, 6):
        with np.load(tmp_path / f"snapshot_iter_{i}") as file:
            np.testing.assert_array_equal(file["updater/model:main/w"], weights[i - 1])
    other = make_trainer((9, "iteration"), tmp_path / "b", seed=5)
    load_npz(tmp_path / "snapshot_iter_4", other)
    assert other.iteration == 4


@pytest.mark.parametrize("kind", BEHIND)
def test_what_training_changes_meanwhile_is_not_written(kind, make_trainer, tmp_path):
    model = make_trainer().updater.get_optimizer("main").target
    before = model.w.array.copy()
    gate = tmp_path / "gate"
    writer = kind(functools.partial(_save_behind, str(gate)))
    extension = snapshot_object(model, "m", writer=writer)
    trainer = make_trainer(out=tmp_path)
    extension.initialize(trainer)
    extension(trainer)
    model.w.array += 1
    gate.touch()
    extension.finalize()
    with np.load(tmp_path / "m") as file:
        np.testing.assert_array_equal(file["w"], before)


def _save_behind(gate, path, state):
    while not os.path.exists(gate):
        time.sleep(0.005)
    save_npz(path, state)


@pytest.mark.parametrize("kind", BEHIND)
def test_a_full_queue_waits(kind, tmp_path):
    queue = "Queue" in kind.__name__
    gate = tmp_path / "gate"
    writer = kind(functools.partial(_save_behind, str(gate)), *([2] if queue else []))
    state = {"x": np.zeros(2)}
    for i in range(2 if queue else 1):
        writer(str(tmp_path / str(i)), state)
    assert not (tmp_path / "0").exists()
    gate.touch()
    writer(str(tmp_path / "9"), state)
    assert (tmp_path / "0").exists()
    writer.finalize()
    assert (tmp_path / "9").exists()


@pytest.mark.parametrize("kind", WRITERS)
def test_errors_are_raised_at_last_when_training_ends(kind, tmp_path):
    writer = kind()
    with pytest.raises(SaveError, match="no_such_folder"):
        _write_and_finalize(writer, tmp_path / "no_such_folder" / "x")
    writer(str(tmp_path / "y"), {"x": np.zeros(2)})
    writer.finalize()
    assert (tmp_path / "y").exists()


def _write_and_finalize(writer, path):
    writer(str(path), {"x": np.zeros(2)})
    writer.finalize()


@pytest.mark.parametrize("kind", [ProcessWriter, ProcessQueueWriter])
def test_a_process_that_dies_is_an_error(kind, tmp_path):
    writer = kind(_leave)
    writer(str(tmp_path / "x"), {})
    with pytest.raises(WorkerError, match=r"that wrote .*x has died: got exit code 3"):
        writer.finalize()
    writer.finalize()


def _leave(path, state):
    os._exit(3)


@pytest.mark.parametrize("kind", BEHIND)
def test_only_the_newest_are_kept(kind, make_trainer, tmp_path):
    trainer = make_trainer((6, "iteration"), tmp_path)
    trainer.extend(snapshot(writer=kind(), n_retains=2), trigger=(1, "iteration"))
    trainer.run()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["snapshot_iter_5", "snapshot_iter_6"]


def test_size_of_the_queue():
    with pytest.raises(RangeError, match="maxsize"):
        ThreadQueueWriter(maxsize=0)
