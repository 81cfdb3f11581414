"""Distributions of whole numbers: certain and impossible values, coins between 0 and 1."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.distributions as D
from renkei.core.errors import RangeError


def test_modes():
    assert D.Bernoulli(np.array([0.2, 0.7])).mode.array.tolist() == [0, 1]
    assert D.Geometric(np.array([0.2])).mode.array == 1
    assert D.Poisson(np.array([2.5])).mode.array == 2


def test_both_parameters_of_bernoulli():
    d = D.Bernoulli(np.array([0.0, 0.25, 1.0]))
    assert d.logit.array == pytest.approx([-np.inf, np.log(1 / 3), np.inf])
    assert D.Bernoulli(logit=0.0).p.array == 0.5
    with pytest.raises(RangeError, match="p and logit"):
        D.Bernoulli(0.5, 0.5)


def test_certain_coins():
    d = D.Bernoulli(np.array([0.0, 1.0]))
    assert d.log_prob(np.array([[0], [1]])).array.tolist() == [[0, -np.inf], [-np.inf, 0]]
    assert d.entropy.array.tolist() == [0, 0]
    assert d.sample(50).array.mean(0).tolist() == [0, 1]


def test_bernoulli_between_zero_and_one():
    x = np.array([0.5])
    relaxed = (np.log(0.2) + np.log(0.8)) / 2
    assert D.Bernoulli(0.2).log_prob(x).array == pytest.approx(relaxed)
    for d in (D.Bernoulli(0.2, binary_check=True), D.Bernoulli(logit=1.0, binary_check=True)):
        assert np.isneginf(d.log_prob(x).array)
        assert np.isfinite(d.log_prob(np.array([1])).array)


def test_steps_of_the_geometric_distribution():
    d = D.Geometric(np.array([1.0]))
    assert d.log_prob(np.array([1, 2])).array.tolist() == [0, -np.inf]
    assert d.sample(20).array.tolist() == [[1]] * 20
    assert d.cdf(np.array([0.5, 1])).array.tolist() == [0, 1]
    halves = D.Geometric(np.array([0.5]))
    assert halves.cdf(np.array([0.9, 1.0, 1.9, 2.0])).array.tolist() == [0, 0.5, 0.5, 0.75]


def test_events_that_never_happen():
    d = D.Poisson(np.array([0.0]))
    assert d.log_prob(np.array([0, 1])).array.tolist() == [0, -np.inf]
    assert not d.sample(20).array.any()
    with pytest.raises(NotImplementedError, match="Poisson has no entropy"):
        _ = d.entropy
