"""WalkerAlias: frequencies, classes of weight 0, the seed, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.links.alias import WalkerAlias


@pytest.mark.parametrize(
    "weights",
    [[1.0], [1, 1, 1], [5, 0, 1, 2], [0, 0, 3], [1e-3, 1, 1e3], list(range(50))],
    ids=["one", "equal", "zero", "only one", "far apart", "many"],
)
def test_columns_hold_the_probabilities(weights):
    """Exactly: what each number has of all columns together."""
    alias, n = WalkerAlias(weights), len(weights)
    found = np.zeros(n)
    np.add.at(found, alias.values[:, 0], alias.threshold / n)
    np.add.at(found, alias.values[:, 1], (1 - alias.threshold) / n)
    np.testing.assert_allclose(found, np.array(weights) / np.sum(weights), atol=1e-12)


def test_samples_have_the_probabilities():
    rk.seed(0)
    drawn = WalkerAlias([5, 0, 1, 2]).sample((100, 200))
    assert drawn.shape == (100, 200)
    assert drawn.dtype == np.int32
    np.testing.assert_allclose(
        np.bincount(drawn.ravel()) / 20000, [5 / 8, 0, 1 / 8, 2 / 8], atol=0.01
    )


def test_the_seed_repeats_samples():
    alias = WalkerAlias(np.arange(1, 10))
    rk.seed(1)
    first = alias.sample((50,))
    rk.seed(1)
    assert np.array_equal(alias.sample((50,)), first)
    assert not np.array_equal(alias.sample((50,)), first)


@pytest.mark.parametrize(
    ("weights", "error"),
    [([], ShapeError), ([[1.0]], ShapeError), ([1, -1], RangeError), ([0, 0], RangeError),
     ([np.nan, 1], RangeError), ([np.inf, 1], RangeError), ("text", DtypeError)],
)  # fmt: skip
def test_refusals(weights, error):
    with pytest.raises(error, match="weights"):
        WalkerAlias(weights)
