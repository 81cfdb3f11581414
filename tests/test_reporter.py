"""Reporter: names, scopes, summaries."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import LoadError, UsageError
from renkei.reporter import DictSummary, Reporter, Summary, report, report_scope


def test_report_without_a_reporter_does_nothing():
    report({"loss": 1.0})


def test_observers_get_their_prefix():
    reporter, model, part = Reporter(), object(), object()
    reporter.add_observer("main", model)
    reporter.add_observers("main", [("/l1", part)])
    with reporter:
        report({"loss": 1}, model)
        report({"norm": 2}, part)
        report({"free": 3})
    assert reporter.observation == {"main/loss": 1, "main/l1/norm": 2, "free": 3}


def test_unknown_observer_is_named():
    with Reporter(), pytest.raises(UsageError, match="not registered to the reporter"):
        report({"loss": 1}, object())


def test_scopes_nest_and_restore():
    reporter, outer, inner = Reporter(), {}, {}
    with reporter.scope(outer):
        report({"a": 1})
        with reporter.scope(inner):
            report({"b": 2})
        report({"c": 3})
    assert (outer, inner) == ({"a": 1, "c": 3}, {"b": 2})


def test_report_scope_uses_the_reporter_in_force():
    reporter, model, seen = Reporter(), object(), {}
    reporter.add_observer("m", model)
    with reporter, report_scope(seen):
        report({"x": 1}, model)
    assert seen == {"m/x": 1}


def test_variables_are_reported_without_their_graph():
    seen = {}
    x = rk.Variable(np.ones((), np.float32))
    with report_scope(seen):
        report({"y": x * 2})
        with rk.using_config("keep_graph_on_report", True):
            report({"kept": x * 2})
    assert seen["y"].creator is None and float(seen["y"]) == 2
    assert seen["kept"].creator is not None


def test_threads_do_not_see_each_others_reporters():
    seen = {}
    with report_scope(seen):
        thread = threading.Thread(target=report, args=({"other": 1},))
        thread.start()
        thread.join()
    assert seen == {}


def test_summary_is_the_weighted_mean():
    summary = Summary()
    for value, weight in [(1.0, 1.0), (4.0, 3.0)]:
        summary.add(value, weight)
    mean, std = summary.make_statistics()
    assert mean == pytest.approx(13 / 4)
    assert std == pytest.approx(math.sqrt((1 + 3 * 16) / 4 - (13 / 4) ** 2))
    assert math.isnan(Summary().compute_mean())


def test_dict_summary_takes_numbers_only():
    summary = DictSummary()
    summary.add({"a": np.float32(1), "b": rk.Variable(np.array(2.0)), "text": "x", "v": np.ones(3)})
    summary.add({"a": (5.0, 3), "b": np.array(4)})
    assert summary.compute_mean() == {"a": 4.0, "b": 3.0}
    assert summary.make_statistics()["b.std"] == pytest.approx(1.0)


def test_dict_summary_resumes():
    first, second = DictSummary(), DictSummary()
    first.add({"a": 1.0, "b/c": 2.0})
    second.load_state(first.state())
    first.add({"a": 2.0})
    second.add({"a": 2.0})
    assert first.compute_mean() == second.compute_mean() == {"a": 1.5, "b/c": 2.0}
    with pytest.raises(LoadError):
        second.load_state({"_names": "no json"})
