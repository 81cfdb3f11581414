"""Trainer: order of calls, errors, interrupts, resuming."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import LoadError, UsageError
from renkei.serializers import load_npz, save_npz
from renkei.training import Extension
from renkei.training.extensions import ExponentialShift, LogReport, snapshot


class Noted(Extension):
    def __init__(self, notes):
        self.notes = notes

    def initialize(self, progress):
        self.notes.append("initialize")

    def __call__(self, progress):
        self.notes.append(progress.iteration)

    def finalize(self):
        self.notes.append("finalize")

    def on_error(self, progress, error, traceback):
        self.notes.append(type(error).__name__)


def weights(trainer):
    return trainer.updater.get_optimizer("main").target.w.array


def test_runs_until_the_stop_trigger(make_trainer):
    trainer, notes = make_trainer((6, "iteration")), []
    trainer.extend(Noted(notes))
    trainer.run()
    assert notes == ["initialize", 1, 2, 3, 4, 5, 6, "finalize"]
    assert trainer.updater.get_optimizer("main").epochs == 1
    with pytest.raises(UsageError, match="multiple times"):
        trainer.run()


def test_extensions_run_by_priority_then_in_order(make_trainer):
    trainer, calls = make_trainer((1, "iteration")), []
    for name, priority in [("b", 100), ("a", 300), ("c", 100)]:
        trainer.extend(lambda p, name=name: calls.append(name), name=name, priority=priority)
    trainer.run()
    assert calls == ["a", "b", "c"]


def test_names(make_trainer):
    trainer = make_trainer()
    first, second = LogReport(), LogReport()
    trainer.extend(first)
    trainer.extend(second)
    trainer.extend(print, name="mine")
    assert trainer.get_extension("LogReport_1") is second and trainer.get_extension("mine") is print
    with pytest.raises(UsageError, match="extension X not found"):
        trainer.get_extension("X")
    with pytest.raises(UsageError, match="reserved"):
        trainer.extend(print, name="training")


def test_call_before_training(make_trainer):
    trainer, notes = make_trainer((1, "iteration")), []
    trainer.extend(lambda p: notes.append(p.iteration), name="n", call_before_training=True)
    trainer.run()
    assert notes == [0, 1]


def test_observation_has_the_models_report(make_trainer):
    trainer, seen = make_trainer((2, "iteration")), []
    trainer.extend(lambda p: seen.append(dict(p.observation)), name="n")
    trainer.run()
    assert [list(o) for o in seen] == [["main/loss"]] * 2
    assert isinstance(seen[0]["main/loss"], rk.Variable)


def test_errors_reach_extensions_and_the_caller(make_trainer):
    trainer, notes = make_trainer(), []

    def broken(progress):
        raise ZeroDivisionError("mine")

    trainer.extend(Noted(notes), priority=200)
    trainer.extend(broken, trigger=(2, "iteration"))
    with pytest.raises(ZeroDivisionError, match="mine"):
        trainer.run()
    assert notes == ["initialize", 1, 2, "ZeroDivisionError", "finalize"]


def test_an_extension_that_fails_on_error_hides_nothing(make_trainer, capsys):
    trainer, notes = make_trainer(), []

    class Bad(Noted):
        def on_error(self, progress, error, traceback):
            raise ValueError("second")

    def broken(progress):
        raise ZeroDivisionError("first")

    trainer.extend(Bad(notes), priority=300)
    trainer.extend(Noted(notes), name="good", priority=200)
    trainer.extend(broken)
    with pytest.raises(ZeroDivisionError, match="first"):
        trainer.run()
    assert "second" in capsys.readouterr().err and "ZeroDivisionError" in notes


def resumed_equals_uninterrupted(make_trainer, tmp_path, extend):
    whole = make_trainer((4, "epoch"), tmp_path / "whole")
    extend(whole)
    whole.run()
    part = make_trainer((6, "iteration"), tmp_path / "part")
    extend(part)
    part.run()
    save_npz(tmp_path / "snap.npz", part)
    rest = make_trainer((4, "epoch"), tmp_path / "rest", seed=99)
    extend(rest)
    load_npz(tmp_path / "snap.npz", rest)
    assert rest.updater.iteration == 6
    rest.run()
    np.testing.assert_array_equal(weights(rest), weights(whole))
    assert rest.updater.iteration == whole.updater.iteration == 16
    return whole, rest


def test_resumes_bit_for_bit(make_trainer, tmp_path):
    def extend(trainer):
        trainer.extend(LogReport(trigger=(3, "iteration")))
        trainer.extend(ExponentialShift("lr", 0.9), trigger=(1, "epoch"))

    whole, rest = resumed_equals_uninterrupted(make_trainer, tmp_path, extend)
    logs = [t.get_extension("LogReport").log for t in (whole, rest)]
    for log in logs:
        for entry in log:
            del entry["elapsed_time"]
    assert logs[0] == logs[1]
    assert rest.elapsed_time > 0


def test_a_snapshot_that_does_not_fit_changes_nothing(make_trainer, tmp_path):
    trainer = make_trainer((2, "iteration"))
    trainer.run()
    state = {k: np.array(v) for k, v in trainer.state().items()}
    other = make_trainer(seed=5)
    before = {k: np.array(v) for k, v in other.state().items()}
    broken = {k: v for k, v in state.items() if k != "updater/optimizer:main/v"}
    with pytest.raises(KeyError):
        other.load_state(broken)
    for key, value in other.state().items():
        if key != "_snapshot_elapsed_time":
            np.testing.assert_array_equal(value, before[key], key)
    with pytest.raises(LoadError, match="no snapshot of a training"):
        other.load_state({"l1/W": np.ones(3)})
    with pytest.raises(LoadError, match="nothing under"):
        other.load_state({"updater/iteration": np.asarray(3)})


PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
sys.path[:0] = [{tests!r}]
from conftest import Model, Momentum
import numpy as np
import renkei as rk
from renkei.iterators import SerialIterator
from renkei.training import StandardUpdater, Trainer
from renkei.training.extensions import snapshot

rk.seed(0)
data = np.random.default_rng(0).normal(size=(8, 2))
updater = StandardUpdater(SerialIterator(data, 2), Momentum(Model()))
trainer = Trainer(updater, (3, "epoch"), out={out!r})
trainer.extend(snapshot(autoload=True), trigger=(100, "epoch"))
if {interrupt}:
    update = trainer.updater.update_core
    def interrupted():
        if trainer.updater.iteration == 4:
            os.kill(os.getpid(), signal.SIGINT)   # in the middle of an iteration
        update()
    trainer.updater.update_core = interrupted
trainer.run()
np.save({out!r} + "/w.npy", trainer.updater.get_optimizer("main").target.w.array)
"""


def run_program(out, interrupt):
    source = PROGRAM.format(tests=os.path.dirname(__file__), out=str(out), interrupt=interrupt)
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, timeout=60
    )


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_leaves_a_snapshot_that_resumes_to_the_same_bits(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run_program(whole, False).returncode == 0
    stopped = run_program(cut, True)
    assert stopped.returncode != 0 and "KeyboardInterrupt" in stopped.stderr
    assert [p.name for p in cut.iterdir()] == ["snapshot_iter_5"]
    resumed = run_program(cut, False)
    assert resumed.returncode == 0, resumed.stderr
    np.testing.assert_array_equal(np.load(cut / "w.npy"), np.load(whole / "w.npy"))


def test_the_interrupt_handler_is_put_back(make_trainer, request):
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, inherited))
    before = signal.getsignal(signal.SIGINT)
    trainer, inside = make_trainer((1, "iteration")), []
    trainer.extend(lambda p: inside.append(signal.getsignal(signal.SIGINT)), name="n")
    trainer.run()
    assert signal.getsignal(signal.SIGINT) is before
    assert inside != [before]


def test_snapshot_on_error(make_trainer, tmp_path):
    def broken(progress):
        raise ZeroDivisionError

    for wanted in (False, True):
        trainer = make_trainer(out=tmp_path / str(wanted))
        trainer.extend(snapshot(snapshot_on_error=wanted))
        trainer.extend(broken, trigger=(3, "iteration"))
        with pytest.raises(ZeroDivisionError):
            trainer.run()
        assert (tmp_path / str(wanted) / "snapshot_iter_3").exists() is wanted
