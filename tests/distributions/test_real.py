"""Cauchy's, Gumbel's and Laplace's distributions: modes, moments that do not exist."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.distributions as D
from renkei.core.errors import ShapeError


def test_modes():
    assert D.Cauchy(3.0, 1.0).mode.array == D.Gumbel(3.0, 1.0).mode.array == 3
    assert D.Laplace(3.0, 1.0).mode.array == 3


def test_the_moments_of_cauchy_do_not_exist():
    d = D.Cauchy(np.zeros(2), 1.0)
    assert np.isnan([d.mean.array, d.variance.array]).all()


def test_far_tails_overflow_nowhere():
    x = np.array([-1e4, 1e4])
    assert D.Laplace(np.zeros(2), 1.0).cdf(x).array.tolist() == [0, 1]
    assert D.Cauchy(np.zeros(2), 1.0).log_prob(x).array == pytest.approx(
        [-2 * np.log(1e4) - np.log(np.pi)] * 2
    )


def test_mistakes():
    with pytest.raises(ShapeError, match=r"Gumbel\(loc, scale\)"):
        D.Gumbel(np.zeros(2), np.ones(3))
