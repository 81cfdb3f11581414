"""The normal distribution and its exponential: both ways to give a width, numbers, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.distributions as D
from renkei.core.errors import DtypeError, RangeError, ShapeError


def test_modes():
    assert D.Normal(3.0, 1.0).mode.array == 3
    assert D.LogNormal(1.0, 1.0).mode.array == 1


def test_both_ways_to_give_the_width():
    assert D.Normal(0.0, 2.0).log_scale.array == pytest.approx(np.log(2.0))
    assert D.Normal(0.0, log_scale=0.0).scale.array == 1
    with pytest.raises(RangeError, match="neither; expected either scale or log_scale"):
        D.Normal(0.0)
    with pytest.raises(RangeError, match="scale and log_scale"):
        D.Normal(0.0, 1.0, log_scale=0.0)


def test_far_tails_keep_their_digits():
    d = D.Normal(0.0, np.array(1.0))
    assert d.log_cdf(-40.0).array == pytest.approx(-804.6084420137538)
    assert d.log_survival_function(40.0).array == pytest.approx(-804.6084420137538)


def test_numbers_become_parameters_of_the_configured_dtype():
    d = D.Normal(0.0, [1.0, 2.0])
    assert (d.loc.dtype, d.batch_shape) == (np.float32, (2,))
    assert D.Normal(np.zeros(2), 1).scale.dtype == np.float64
    assert D.Normal(0.0, 1.0).sample().shape == ()
    assert D.Normal(0.0, np.ones(3)).sample(0).shape == (0, 3)


def test_mistakes():
    with pytest.raises(ShapeError, match=r"Normal\(loc, scale, log_scale\)"):
        D.Normal(np.zeros(2), np.ones(3))
    with pytest.raises(DtypeError, match="scale int64"):
        D.Normal(np.zeros(2), np.ones(2, int))
    with pytest.raises(DtypeError, match="loc str"):
        D.Normal("a", 1.0)
    with pytest.raises(DtypeError, match="numbers"):
        D.Normal(0.0, 1.0).log_prob(np.array(["a"]))
