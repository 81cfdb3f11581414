"""Independent distributions seen as one."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.distributions as D
import renkei.functions as F
from renkei.core.errors import RangeError, UsageError

LOC = np.array([[0.5, -1.0, 2.0], [0.0, 1.0, 0.0]])
TRIL = np.array([[1.5, 0.0, 0.0], [0.4, 0.8, 0.0], [-0.6, 0.3, 1.1]])


def test_independent_multiplies():
    inner = D.Normal(LOC, np.abs(LOC) + 1)
    d = D.Independent(inner)
    x = np.random.default_rng(0).normal(size=(4, 2, 3))
    assert (d.batch_shape, d.event_shape, d.reinterpreted_batch_ndims) == ((2,), (3,), 1)
    assert d.log_prob(x).array == pytest.approx(inner.log_prob(x).array.sum(-1))
    assert d.prob(x).array == pytest.approx(inner.prob(x).array.prod(-1))
    assert d.cdf(x).array == pytest.approx(inner.cdf(x).array.prod(-1))
    assert d.log_cdf(x).array == pytest.approx(np.log(inner.cdf(x).array).sum(-1))
    assert d.survival_function(x).array == pytest.approx((1 - inner.cdf(x).array).prod(-1))
    log_survival = inner.log_survival_function(x).array.sum(-1)
    assert d.log_survival_function(x).array == pytest.approx(log_survival)
    assert d.entropy.array == pytest.approx(inner.entropy.array.sum(-1))
    for name in ("mean", "mode", "variance", "stddev"):
        assert getattr(d, name).array.tolist() == getattr(inner, name).array.tolist()
    assert (d.support, list(d.params), d.distribution) == ("real", ["loc", "scale"], inner)
    assert d.sample(5).shape == (5, 2, 3)
    assert d.covariance.array == pytest.approx(np.stack([np.diag(v) for v in inner.variance.array]))


def test_how_many_axes_become_one_event():
    inner = D.Normal(np.zeros((2, 3, 4)), 1.0)
    assert D.Independent(inner).event_shape == (3, 4)
    d = D.Independent(inner, 3)
    assert (d.batch_shape, d.event_shape) == ((), (2, 3, 4))
    assert d.log_prob(np.zeros((2, 3, 4))).shape == ()
    d = D.Independent(inner, 0)
    assert (d.batch_shape, d.event_shape) == ((2, 3, 4), ())
    assert d.entropy.shape == (2, 3, 4)
    with pytest.raises(RangeError, match="at most 3"):
        D.Independent(inner, 4)
    with pytest.raises(UsageError, match="no inverse"):
        D.Independent(inner).icdf(0.5)


def test_independent_vectors_have_blocks_of_covariances():
    inner = D.MultivariateNormal(LOC, scale_tril=np.stack([TRIL, 2 * TRIL]))
    d = D.Independent(inner, 1)
    assert (d.batch_shape, d.event_shape) == ((), (2, 3))
    expected = np.zeros((6, 6))
    expected[:3, :3], expected[3:, 3:] = TRIL @ TRIL.T, 4 * TRIL @ TRIL.T
    assert d.covariance.array == pytest.approx(expected)
    assert F.det(d.covariance).array == pytest.approx(4**3 * np.linalg.det(TRIL) ** 4)
