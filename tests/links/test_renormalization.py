"""Batch renormalization and decorrelation: training, testing, averages, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import RenkeiError, ShapeError

X = np.random.default_rng(0).normal(1, 2, (6, 4, 3))


def test_renormalization_in_training(double):
    link = L.BatchRenormalization(4, 2, 0.5, 0.8, 1e-3, initial_gamma=3, initial_beta=5)
    mean, var = np.zeros(4), np.ones(4)
    gamma, beta = np.full(4, 3.0), np.full(4, 5.0)
    for _ in range(2):
        y = link(X)
        z = F.batch_renormalization(X, gamma, beta, 2, 0.5, 1e-3, mean, var, 0.8, True)
        assert np.allclose(y.array, z)
        assert np.allclose(link.avg_mean, mean) and np.allclose(link.avg_var, var)


def test_renormalization_in_testing(double):
    link = L.BatchRenormalization(4, use_gamma=False, use_beta=False, initial_avg_mean=1)
    with rk.using_config("train", False):
        y = link(X)
    assert np.allclose(y.array, (X - 1) / np.sqrt(1 + 2e-5))
    assert (link.avg_mean == 1).all()
    assert list(link.params()) == []


def test_renormalization_of_open_size():
    link = L.BatchRenormalization()
    link(X.astype(np.float32))
    assert link.size == 4 and link.gamma.shape == (4,)
    assert sorted(link.state()) == ["N", "avg_mean", "avg_var", "beta", "gamma"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: L.BatchRenormalization(4, 9, 9, initial_avg_mean=0.5),
        lambda: L.DecorrelatedBatchNormalization(4, 2),
    ],
)
def test_recomputing_gives_the_same_and_counts_nothing(make):
    link, x = make(), X.astype(np.float32)
    first = link(x).array
    state = {key: np.copy(value) for key, value in link.state().items()}
    with rk.using_config("in_recomputing", True):
        assert np.array_equal(link(x).array, first)
    for key, value in link.state().items():
        assert np.array_equal(value, state[key])
    assert isinstance(link, L.DecorrelatedBatchNormalization) or not np.array_equal(
        link(x).array, first
    )


def test_finetuning_averages_equally(double):
    batches = [X, X + 3]
    for link in (L.BatchRenormalization(4), L.DecorrelatedBatchNormalization(4, 2)):
        link(X + 100)
        link.start_finetuning()
        for x in batches:
            link(x, finetune=True)
        expected = np.mean([x.mean(axis=(0, 2)) for x in batches], axis=0)
        assert np.allclose(np.ravel(link.avg_mean), expected)
        assert link.N == 2


def test_decorrelation(double):
    link = L.DecorrelatedBatchNormalization(4, 2, decay=0, eps=1e-3, dtype=np.float64)
    y = link(X)
    assert np.allclose(y.array, F.decorrelated_batch_normalization(X, groups=2, eps=1e-3))
    m = 18
    link.avg_projection *= (m - 1) / m
    with rk.using_config("train", False):
        assert np.allclose(link(X).array, y.array)


def test_decorrelation_begins_as_the_identity():
    link = L.DecorrelatedBatchNormalization(4, 2)
    x = X.astype(np.float32)
    with rk.using_config("train", False):
        assert np.array_equal(link(x).array, x)
    assert link.avg_projection.dtype == np.float32


def test_mistakes():
    with pytest.raises(ShapeError, match="size=6 and groups=4"):
        L.DecorrelatedBatchNormalization(6, 4)
    with pytest.raises(RenkeiError, match="size"):
        L.DecorrelatedBatchNormalization(None)
    with pytest.raises(ShapeError, match=r"In the model \(DecorrelatedBatchNormalization 8\)"):
        L.DecorrelatedBatchNormalization(8, 4)(X.astype(np.float32))
    with pytest.raises(ShapeError, match=r"In the model \(BatchRenormalization \?\)"):
        L.BatchRenormalization()(np.ones(3, np.float32))
