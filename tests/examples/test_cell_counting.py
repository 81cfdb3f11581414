"""Counting cells in images that were not seen in training."""

from __future__ import annotations

import pytest

SCRIPT = "cell_counting/train.py"


def test_two_steps(run_example):
    figures, printed = run_example(SCRIPT, "--quick")
    assert figures["guessing_error"] > 0
    assert "mean counting error" in printed


@pytest.mark.slow
def test_counting_error(run_example):
    figures, _ = run_example(SCRIPT)
    assert figures["counting_error"] <= 0.03 < 0.3 < figures["guessing_error"]
