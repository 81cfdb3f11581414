"""The language model beats the frequencies of characters by far."""

from __future__ import annotations

import pytest

SCRIPT = "language_model/train.py"


def test_two_steps(run_example):
    figures, printed = run_example(SCRIPT, "--quick")
    assert 1 < figures["perplexity"] < 90  # there are 87 characters
    assert "\nThe " in printed  # the sample


@pytest.mark.slow
def test_perplexity(run_example):
    figures, _ = run_example(SCRIPT)
    assert figures["perplexity"] < 6 < 18 < figures["unigram_perplexity"]
