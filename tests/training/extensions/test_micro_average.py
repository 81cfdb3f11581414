"""MicroAverage: quotients of sums, kept over a resume."""

from __future__ import annotations

import types

import numpy as np
import pytest

import renkei as rk
from renkei.training.extensions import MicroAverage


def run(extension, rows, start=0):
    seen = []
    for i, (above, below) in enumerate(rows, start + 1):
        observation = {} if above is None else {"a": above, "b": below}
        progress = types.SimpleNamespace(
            observation=observation, iteration=i, epoch_detail=0.0, epoch=0
        )
        extension(progress)
        seen.append(observation.get("q"))
    return seen


def test_sums_are_divided_not_quotients_averaged():
    extension = MicroAverage("a", "b", "q", (2, "iteration"))
    three = rk.Variable(np.array(3.0, np.float32))
    assert run(extension, [(three, 4), (1, 16), (1, 2), (1, 2)]) == [None, 0.2, None, 0.5]


def test_what_is_not_reported_does_not_count():
    assert (
        run(MicroAverage("a", "b", "q", (3, "iteration")), [(1, 4), (None, 0), (1, 4)])[2] == 0.25
    )
    assert run(MicroAverage("a", "b", "q", (1, "iteration")), [(None, 0), (1, 0)]) == [None, None]


def test_resumes():
    first = MicroAverage("a", "b", "q", (2, "iteration"))
    run(first, [(3, 4)])
    second = MicroAverage("a", "b", "q", (2, "iteration"))
    second.load_state(first.state())
    assert run(second, [(1, 16)], 1) == [pytest.approx(0.2)]
