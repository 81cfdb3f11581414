"""Progress: the extensions in a plain for loop."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import UsageError
from renkei.iterators import SerialIterator
from renkei.serializers import load_npz
from renkei.training import Progress
from renkei.training.extensions import FailOnNonNumber, LogReport, snapshot

from .conftest import Model, Momentum


def run(out, stop, iterator_seed=0, load=None):
    rk.seed(iterator_seed)
    data = np.random.default_rng(0).normal(size=(8, 2))
    model = Model()
    optimizer = Momentum(model)
    progress = Progress(SerialIterator(data, 2), out=str(out), model=model, optimizer=optimizer)
    progress.extend(LogReport())
    progress.extend(FailOnNonNumber())
    progress.extend(snapshot())
    if load:
        load_npz(load, progress)
    for batch in progress.over(stop=stop):
        optimizer.update(model, batch)
    return model, progress


def test_log_snapshot_and_resume_from_a_plain_loop(tmp_path):
    whole, progress = run(tmp_path / "a", (3, "epoch"))
    assert progress.iteration == 12 and progress.epoch == 3
    log = json.loads((tmp_path / "a" / "log").read_text())
    assert [e["iteration"] for e in log] == [4, 8, 12]
    assert all(np.isfinite(e["main/loss"]) for e in log)
    rest, progress = run(tmp_path / "b", (3, "epoch"), 9, load=tmp_path / "a" / "snapshot_iter_4")
    assert progress.iteration == 12
    np.testing.assert_array_equal(rest.w.array, whole.w.array)


def test_the_loop_ends_with_the_iterator():
    progress = Progress(SerialIterator(range(5), 2, repeat=False, shuffle=False), out=None)
    assert [b.tolist() for b in progress.over()] == [[0, 1], [2, 3], [4]]


def test_break_finalizes():
    finalized = []

    class Note:
        def __call__(self, progress):
            pass

        def finalize(self):
            finalized.append(True)

    progress = Progress(SerialIterator(range(5), 2), out=None)
    progress.extend(Note())
    for _ in progress.over():
        break
    del _
    import gc

    gc.collect()
    assert finalized == [True]


def test_no_iterator_is_named():
    with pytest.raises(UsageError, match="Give an iterator"):
        next(Progress(out=None).over())


def test_a_plain_function_may_be_target_free(tmp_path):
    progress = Progress(SerialIterator([1.0, math.pi], 1), out=str(tmp_path))
    progress.extend(LogReport(), trigger=(1, "iteration"))
    for batch in progress.over(stop=(1, "epoch")):
        rk.report({"x": batch[0]})
    assert progress.get_extension("LogReport").log[0]["x"] == pytest.approx((1 + math.pi) / 2)
