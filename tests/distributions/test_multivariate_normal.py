"""The normal distribution of vectors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import renkei as rk
import renkei.distributions as D
from renkei.core.errors import ShapeError, UsageError
from renkei.testing import gradient_check

LOC = np.array([[0.5, -1.0, 2.0], [0.0, 1.0, 0.0]])
TRIL = np.array([[1.5, 0.0, 0.0], [0.4, 0.8, 0.0], [-0.6, 0.3, 1.1]])


def test_multivariate_normal_agrees_with_scipy():
    d = D.MultivariateNormal(LOC, scale_tril=TRIL)
    x = np.random.default_rng(0).normal(size=(5, 2, 3))
    theirs = [stats.multivariate_normal(loc, TRIL @ TRIL.T) for loc in LOC]
    assert (d.batch_shape, d.event_shape, d.d) == ((2,), (3,), 3)
    expected = np.stack([t.logpdf(x[:, i]) for i, t in enumerate(theirs)], 1)
    assert d.log_prob(x).array == pytest.approx(expected)
    assert d.entropy.array == pytest.approx([t.entropy() for t in theirs])
    assert d.covariance.array == pytest.approx(np.stack([TRIL @ TRIL.T] * 2))
    assert d.variance.array == pytest.approx(np.stack([np.diag(TRIL @ TRIL.T)] * 2))
    assert d.stddev.array == pytest.approx(np.sqrt(d.variance.array))
    assert d.mean.array.tolist() == d.mode.array.tolist() == LOC.tolist()
    assert list(d.params) == ["loc", "scale_tril"]
    assert d.support == "real"


def test_samples_of_multivariate_normals_have_their_moments():
    rk.seed(2)
    d = D.MultivariateNormal(LOC, scale_tril=TRIL)
    x = d.sample((100, 200)).array.reshape(-1, 2, 3)
    assert x.mean(0) == pytest.approx(LOC, abs=0.05)
    assert np.cov(x[:, 1].T) == pytest.approx(TRIL @ TRIL.T, abs=0.08)
    z = np.linalg.solve(TRIL, (x[:2000, 0] - LOC[0]).T)
    assert stats.kstest(z[2], stats.norm.cdf).pvalue > 1e-3


def test_gradients_of_multivariate_normals():
    x = np.random.default_rng(1).normal(size=(4, 2, 3))

    def log_prob(x, loc, scale):
        return D.MultivariateNormal(loc, scale_tril=scale).log_prob(x)

    def sample(loc, scale):
        rk.seed(1)
        return D.MultivariateNormal(loc, scale_tril=scale).sample(2)

    gradient_check(log_prob, [x, LOC.copy(), np.stack([TRIL, TRIL.T @ TRIL])])
    gradient_check(sample, [LOC.copy(), TRIL.copy()], order=1)


def test_mistakes_of_multivariate_normals():
    with pytest.raises(UsageError, match="no scale_tril"):
        D.MultivariateNormal(LOC)
    with pytest.raises(ShapeError, match=r"\(\.\.\., d, d\)"):
        D.MultivariateNormal(LOC, scale_tril=TRIL[:2])
    with pytest.raises(ShapeError, match="MultivariateNormal"):
        D.MultivariateNormal(LOC, scale_tril=np.stack([TRIL] * 3))
    with pytest.raises(ShapeError, match=r"events of shape \(3,\)"):
        D.MultivariateNormal(LOC, scale_tril=TRIL).log_prob(np.zeros((2, 2)))
