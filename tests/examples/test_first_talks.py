"""The first programs: derivatives, a loss that falls, and a network that is loaded as saved."""

from __future__ import annotations

import math

import pytest

SCRIPT = "first_talks/train.py"


def test_two_steps(run_example):
    figures, printed = run_example(SCRIPT, "--quick")
    assert (figures["gx"], figures["gy"], figures["same"]) == (10, 5, True)
    assert figures["last_loss"] < figures["first_loss"] == pytest.approx(math.log(10000), abs=0.5)
    assert "z = x ** 2 + 2 * x * y + y = 19\n" in printed


@pytest.mark.slow
def test_learns(run_example):
    figures, _ = run_example(SCRIPT)
    assert figures["last_loss"] < figures["first_loss"] - 0.7
