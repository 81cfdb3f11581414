"""Evaluator: means over a validation set, in test mode and without a graph."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import UsageError
from renkei.iterators import SerialIterator
from renkei.training.extensions import Evaluator

from ..conftest import Model


def test_means_under_its_name(make_trainer):
    trainer, seen = make_trainer((1, "epoch")), []
    model = trainer.updater.get_optimizer("main").target
    data = np.arange(10.0).reshape(5, 2)
    trainer.extend(Evaluator(SerialIterator(data, 2, repeat=False, shuffle=False), model))
    trainer.extend(lambda p: seen.append(dict(p.observation)), name="n", trigger=(1, "epoch"))
    trainer.run()
    w = model.w.array
    batches = [((w - b) ** 2).sum() for b in (data[:2], data[2:4], data[4:])]
    assert seen[0]["validation/main/loss"] == pytest.approx(np.mean(batches))


def test_another_name_is_another_prefix(make_trainer):
    trainer = make_trainer((1, "epoch"))
    model = trainer.updater.get_optimizer("main").target
    iterator = SerialIterator(np.ones((2, 2)), 2, repeat=False, shuffle=False)
    evaluator = Evaluator(iterator, model)
    trainer.extend(evaluator, name="test")
    assert list(evaluator(trainer)) == ["test/main/loss"]


def test_runs_in_test_mode_without_recording_and_starts_over_each_time():
    seen = []

    def function(x):
        seen.append((rk.config.train, rk.config.enable_backprop))

    data = SerialIterator([1.0, 2.0], 1, repeat=False)
    evaluator = Evaluator(data, {}, eval_func=function)
    evaluator()
    evaluator()
    assert seen == [(False, False)] * 4 and rk.config.train


def test_forms_of_batches():
    seen = []
    for data in ([(1, 2)], [{"a": 1, "b": 2}]):
        iterator = SerialIterator(data, 1, repeat=False)
        Evaluator(iterator, {}, eval_func=lambda a, b: seen.append((int(a[0]), int(b[0]))))()
    assert seen == [(1, 2), (1, 2)]


def test_hook_and_getters():
    model, hooked = Model(), []
    iterator = SerialIterator(np.ones((2, 2)), 1, repeat=False)
    evaluator = Evaluator(iterator, model, eval_hook=hooked.append)
    evaluator()
    assert hooked == [evaluator]
    assert evaluator.get_iterator("main") is iterator and evaluator.get_target("main") is model
    assert evaluator.get_all_targets() == {"main": model}


def test_a_repeating_iterator_is_refused_not_waited_for():
    iterator = SerialIterator([1.0], 1)
    with pytest.warns(UserWarning, match="repeats for ever"):
        evaluator = Evaluator(iterator, {}, eval_func=print)
    with pytest.raises(UsageError, match="repeat=False"):
        evaluator()
