"""What tests of links share."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk


@pytest.fixture
def double():
    """Parameters are made in float64, so that values can be compared closely."""
    with rk.using_config("dtype", np.float64):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)
