"""DumpGraph writes once and leaves the setting as it was; unchain_variables lets graphs go."""

from __future__ import annotations

import gc
import shutil
import types
import weakref

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import UsageError
from renkei.training.extensions import DumpGraph, unchain_variables


def test_dump_of_the_first_iteration(make_trainer, tmp_path):
    trainer = make_trainer((3, "iteration"), tmp_path)
    kept = []
    trainer.extend(lambda t: kept.append(rk.config.keep_graph_on_report), name="watch", priority=1)
    trainer.extend(DumpGraph("main/loss"))
    trainer.run()
    text = (tmp_path / "cg.dot").read_text()
    assert text.startswith("digraph") and "w: (2), float64" in text.replace("(2,)", "(2)")
    assert kept == [False, False, False] and not rk.config.keep_graph_on_report
    assert (tmp_path / "cg.svg").exists() == (shutil.which("dot") is not None)


def test_a_root_that_was_not_reported(make_trainer):
    trainer = make_trainer((1, "iteration"))
    trainer.extend(DumpGraph("main/los"))
    with pytest.raises(UsageError, match=r"main/los.*There was reported: main/loss"):
        trainer.run()
    assert not rk.config.keep_graph_on_report


def test_setting_restored_when_training_never_begins(make_trainer):
    trainer = make_trainer((1, "iteration"))
    trainer.extend(DumpGraph("main/loss"))
    trainer.updater.update = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        trainer.run()
    assert not rk.config.keep_graph_on_report


def test_unchain_variables_lets_go():
    x = rk.Variable(np.ones(3))
    middle = rk.functions.tanh(x)
    y = rk.functions.sum(middle)
    alive = weakref.ref(y._edge)
    observation = {"loss": y, "number": 3}
    unchain_variables()(types.SimpleNamespace(observation=observation))
    gc.collect()
    assert y._edge is not alive() or y._edge.inputs is None
    assert unchain_variables.priority == 0
