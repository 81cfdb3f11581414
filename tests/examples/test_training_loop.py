"""The loop by hand learns what no straight line can separate."""

from __future__ import annotations

import pytest

SCRIPT = "training_loop/train.py"


def test_two_steps_and_the_same_again(run_example):
    figures, _ = run_example(SCRIPT, "--quick", out="one")
    assert figures["steps"] == 2
    assert run_example(SCRIPT, "--quick", out="two")[0] == figures
    assert run_example(SCRIPT, "--quick", "--seed", "1", out="three")[0] != figures


@pytest.mark.slow
def test_accuracy(run_example):
    figures, printed = run_example(SCRIPT)
    assert figures["test_accuracy"] >= 0.97
    assert f"test accuracy {figures['test_accuracy']:.3f}" in printed
