"""Digits in a loop and with Trainer: the same numbers, and the accuracy that they should have."""

from __future__ import annotations

import pytest

LOOP, TRAINER = "digits/train_loop.py", "digits/train_trainer.py"


def test_two_steps_of_both_are_the_same(run_example, tmp_path):
    by_hand, _ = run_example(LOOP, "--quick", out="loop")
    by_trainer, _ = run_example(TRAINER, "--quick", out="trainer")
    assert by_hand == by_trainer
    assert (tmp_path / "trainer" / "loss.png").stat().st_size > 1000


def test_resume(run_example, tmp_path):
    run_example(TRAINER, "--quick")
    before = (tmp_path / "out" / "snapshot.npz").stat().st_mtime_ns
    _, printed = run_example(TRAINER, "--epochs", "1", "--resume")
    assert (tmp_path / "out" / "snapshot.npz").stat().st_mtime_ns > before
    assert "main/loss" in printed


@pytest.mark.slow
@pytest.mark.parametrize("script", [LOOP, TRAINER])
def test_accuracy(run_example, script):
    figures, printed = run_example(script)
    assert figures["test_accuracy"] >= 0.98
    assert f"test accuracy {figures['test_accuracy']:.4f}" in printed
