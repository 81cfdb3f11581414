"""Deep Q-learning keeps the pole up."""

from __future__ import annotations

import pytest

pytest.importorskip("gymnasium")

SCRIPT = "dqn_cartpole/train.py"


def test_two_updates(run_example):
    figures, printed = run_example(SCRIPT, "--quick")
    assert 1 <= figures["average_return"] <= 500
    assert figures["loss"] > 0
    assert "average return over 1 evaluation" in printed


@pytest.mark.slow
def test_return(run_example):
    figures, _ = run_example(SCRIPT)
    assert figures["average_return"] >= 400
    assert figures["seconds"] < 300
