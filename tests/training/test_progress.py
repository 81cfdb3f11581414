"""Progress: the extensions in a plain for loop."""

from __future__ import annotations

import json
import math
import signal

import numpy as np
import pytest

import renkei as rk
import renkei.links as L
from renkei import optimizers
from renkei.core.errors import DtypeError, LoadError, UsageError
from renkei.iterators import SerialIterator
from renkei.reporter import Reporter
from renkei.serializers import load_npz
from renkei.training import Progress, StandardUpdater, Trainer, extensions, triggers
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


def make(tmp_path, *more):
    optimizer = optimizers.MomentumSGD().setup(L.Classifier(L.Linear(3, 2)))
    data = [(np.ones(3, np.float32) * i, np.int32(i % 2)) for i in range(4)]
    updater = StandardUpdater(SerialIterator(data, 2), optimizer)
    return Trainer(updater, (2, "epoch"), str(tmp_path), [extensions.LogReport(), *more])


def plain(state):
    """A state that later changes do not reach; the time goes on."""
    clock = "_snapshot_elapsed_time"
    return {k: np.array(v) for k, v in state.items() if k != clock}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def test_ctrl_c_works_after_a_training_that_could_not_start(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    trainer = make(tmp_path, extensions.ExponentialShift("alhpa", 0.5))
    with pytest.raises(UsageError, match="alhpa"):
        trainer.run()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("extensions/LogReport/_log", "no JSON"),
        ("extension_triggers/LogReport/previous_epoch_detail", "text"),
        ("stop_trigger/previous_iteration", None),
        ("_renkei/random/host_rest", np.zeros(1)),
        ("updater/iteration", "text"),
        ("updater/iterator:main/current_position", np.asarray(99)),
        ("updater/model:main/predictor/W", np.zeros((5, 5), np.float32)),
        ("updater/optimizer:main/t", "text"),
    ],
)
def test_a_damaged_snapshot_changes_nothing(tmp_path, key, value):
    trained, fresh = make(tmp_path), make(tmp_path)
    trained.run()
    state = trained.state()
    assert key in state
    before = plain(fresh.state())
    with pytest.raises(LoadError):
        fresh.load_state({**state, key: value})
    assert same(plain(fresh.state()), before)
    fresh.load_state(state)
    assert fresh.iteration == 4


def test_an_order_of_another_data_set_is_refused():
    iterator = SerialIterator(range(5), 2, shuffle=False)
    state = SerialIterator(range(50), 20, shuffle=False)
    next(state)
    with pytest.raises(LoadError, match="position 20"):
        iterator.load_state(state.state())
    assert next(iterator) == [0, 1]


def test_a_list_is_no_iterator():
    with pytest.raises(DtypeError, match="SerialIterator"):
        list(Progress([1, 2], out=None).over(stop=(1, "epoch")))


def test_triggers_over_callables_without_state():
    for trigger in (
        triggers.MaxValueTrigger("x", lambda progress: True),
        triggers.EarlyStoppingTrigger(lambda progress: True, max_trigger=lambda progress: False),
    ):
        trigger.load_state(trigger.state())


def test_a_reporter_entered_inside_itself():
    reporter = Reporter()
    with reporter:
        with reporter:
            rk.report({"inner": 1})
        rk.report({"outer": 2})
    rk.report({"nowhere": 3})
    assert reporter.observation == {"inner": 1, "outer": 2}
