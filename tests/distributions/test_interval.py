"""Distributions on a part of the line: infinite moments, both ways to give an interval."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.distributions as D
from renkei.core.errors import RangeError


def test_modes():
    assert D.Exponential(np.array([2.0])).mode.array == 0
    assert D.Pareto(2.0, 1.0).mode.array == 2


def test_infinite_moments_of_pareto():
    d = D.Pareto(np.ones(3), np.array([1.0, 2.0, 3.0]))
    assert d.mean.array.tolist() == [np.inf, 2.0, 1.5]
    assert d.variance.array.tolist() == [np.inf, np.inf, 0.75]


def test_both_ways_to_give_an_interval():
    u = D.Uniform(loc=np.array([1.0]), scale=np.array([2.0]))
    assert (u.low.array, u.high.array, u.support) == (1.0, 3.0, "[loc, loc + scale]")
    u = D.Uniform(low=np.array([1.0]), high=np.array([3.0]))
    assert (u.loc.array, u.scale.array, u.support) == (1.0, 2.0, "[low, high]")
    with pytest.raises(RangeError, match="low and loc; expected either low and high or loc"):
        D.Uniform(low=0.0, loc=1.0)
    with pytest.raises(RangeError, match="got nothing"):
        D.Uniform()


def test_distribution_functions_outside_the_support():
    x = np.array([-1.0, 0.0, 9.0])
    assert D.Uniform(low=np.zeros(3), high=2.0).cdf(x).array.tolist() == [0, 0, 1]
    assert D.Exponential(np.ones(3)).cdf(x).array.tolist()[:2] == [0, 0]
    assert D.Pareto(np.ones(3), 1.0).survival_function(x).array.tolist()[:2] == [1, 1]
