"""The digits: the split is stratified, disjoint and repeatable."""

from __future__ import annotations

import numpy as np
import pytest

from renkei.core.errors import RangeError
from renkei.datasets import get_digits, stratified_split


def test_digits():
    train, test = get_digits()
    x, t = zip(*train[:], strict=True)
    assert np.stack(x).dtype == np.float32
    assert (np.min(x), np.max(x)) == (0.0, 1.0)
    shares = np.bincount([t for _, t in test[:]]) / np.bincount([*t, *[t for _, t in test[:]]])
    assert np.abs(shares - 0.2).max() < 0.01
    again = get_digits()[1]
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(test[:], again[:], strict=True))


def test_split_is_disjoint_and_depends_on_the_seed():
    labels = np.array([0] * 50 + [1] * 5)
    train, test = stratified_split(labels, 0.2, 0)
    assert sorted([*train, *test]) == list(range(55))
    assert np.bincount(labels[test]).tolist() == [10, 1]
    assert list(stratified_split(labels, 0.2, 1)[1]) != list(test)


@pytest.mark.parametrize("ratio", [0, 1, -0.5])
def test_ratio(ratio):
    with pytest.raises(RangeError, match="between 0 and 1"):
        get_digits(ratio)
