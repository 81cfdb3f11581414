"""The autoencoder rebuilds damaged images, and pretraining helps where labels are few."""

from __future__ import annotations

import pytest

SCRIPT = "denoising_autoencoder/train.py"


def test_two_steps(run_example):
    figures, printed = run_example(SCRIPT, "--quick")
    assert 0 <= figures["fresh"] <= 1
    assert "layer 3" in printed


@pytest.mark.slow
def test_pretraining_helps(run_example):
    figures, _ = run_example(SCRIPT)
    assert figures["rebuilt_error"] < 0.5 * figures["damaged_error"]
    assert figures["pretrained"] > figures["fresh"] + 0.02
    assert figures["pretrained"] > 0.8
