"""assert_allclose: what it lets pass, and where it says that arrays differ."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.testing import assert_allclose


def test_assert_allclose_accepts() -> None:
    assert_allclose(rk.Variable(np.ones(2)), [1.0, 1.0])
    assert_allclose(np.array([np.nan, np.inf]), np.array([np.nan, np.inf]))
    assert_allclose(1.00001, 1.0)
    assert_allclose(np.zeros((0, 2)), np.zeros((0, 2)))
    assert_allclose(np.array([1 + 1j]), np.array([1 + 1j]))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((2, 1)), np.ones(2), r"shape \(2, 1\) instead of \(2,\)"),
        (np.array([1.0, np.nan]), np.ones(2), r"1 of 2 elements differ, most at \(1,\): nan"),
        (np.array([np.inf]), np.array([-np.inf]), "1 of 1"),
        (np.array([1e300]), np.array([np.inf]), "1 of 1"),
        (np.array([[0.0, 0.3], [0.2, 0.0]]), np.zeros((2, 2)), r"2 of 4 .* most at \(0, 1\)"),
        (np.array(1), np.array(2), r"most at \(\)"),
    ],
)
def test_assert_allclose_refuses(x, y, message) -> None:
    with pytest.raises(AssertionError, match=message):
        assert_allclose(x, y)
