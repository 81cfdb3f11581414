"""What is left behind when a training cannot start, or a snapshot does not fit."""

from __future__ import annotations

import signal

import numpy as np
import pytest

import renkei as rk
import renkei.links as L
from renkei import optimizers
from renkei.core.errors import DtypeError, LoadError, UsageError
from renkei.iterators import SerialIterator
from renkei.reporter import Reporter
from renkei.training import Progress, StandardUpdater, Trainer, extensions, triggers


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
