"""The peephole LSTM learns exact times; the plain one does not."""

from __future__ import annotations

import pytest

SCRIPT = "spike_timing/train.py"


def test_two_steps(run_example):
    figures, _ = run_example(SCRIPT, "--quick")
    assert figures["plain"]["runs"] == figures["peephole"]["runs"] == 1


@pytest.mark.slow
def test_only_peepholes_learn_it(run_example):
    figures, _ = run_example(SCRIPT)
    assert figures["peephole"]["best"] == figures["wanted"]
    assert figures["plain"]["best"] < figures["wanted"]
    assert figures["plain"]["solved"] == 0
    assert figures["peephole"]["solved"] >= 2
