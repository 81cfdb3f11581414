"""Distributions of vectors and of categories, and independent ones seen as one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import renkei as rk
import renkei.distributions as D
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError, UsageError
from renkei.testing import gradient_check

P = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
LOC = np.array([[0.5, -1.0, 2.0], [0.0, 1.0, 0.0]])
TRIL = np.array([[1.5, 0.0, 0.0], [0.4, 0.8, 0.0], [-0.6, 0.3, 1.1]])
ALPHA = np.array([[0.6, 1.0, 3.0], [2.0, 2.0, 5.0]])


# -- the multivariate normal distribution ----------------------------------------------------------


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


# -- Dirichlet's distribution ----------------------------------------------------------------------


def test_dirichlet_agrees_with_scipy():
    d = D.Dirichlet(ALPHA)
    x = np.array([[0.2, 0.3, 0.5], [0.7, 0.1, 0.2], [1 / 3, 1 / 3, 1 / 3]])
    theirs = [stats.dirichlet(alpha) for alpha in ALPHA]
    for one in x:
        expected = [t.logpdf(one) for t in theirs]
        assert d.log_prob(np.stack([one, one])).array == pytest.approx(expected)
    assert d.mean.array == pytest.approx(np.stack([t.mean() for t in theirs]))
    assert d.variance.array == pytest.approx(np.stack([t.var() for t in theirs]))
    assert d.entropy.array == pytest.approx([t.entropy() for t in theirs])
    assert d.alpha0.array == pytest.approx(ALPHA.sum(-1))
    assert (d.batch_shape, d.event_shape, d.support) == ((2,), (3,), "[0, 1]")
    gradient_check(lambda x, a: D.Dirichlet(a).log_prob(x), [x[:2].copy(), ALPHA.copy()])


def test_the_border_of_the_simplex():
    d = D.Dirichlet(np.array([1.0, 2.0, 0.5]))
    x = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0], [-0.1, 0.6, 0.5]])
    y = d.log_prob(x).array
    assert np.isfinite(y[0])
    assert y[1:].tolist() == [-np.inf, np.inf, -np.inf]


def test_samples_of_dirichlet_have_their_marginals():
    rk.seed(3)
    x = D.Dirichlet(ALPHA).sample(2000).array
    assert x.sum(-1) == pytest.approx(np.ones((2000, 2)))
    for i, alpha in enumerate(ALPHA):
        for k in range(3):
            marginal = stats.beta(alpha[k], alpha.sum() - alpha[k])
            assert stats.kstest(x[:, i, k], marginal.cdf).pvalue > 1e-3


# -- categories ------------------------------------------------------------------------------------


def test_categorical():
    for d in (D.Categorical(P), D.Categorical(logit=np.log(P) + 3)):
        x = np.array([[0, 2], [1, 1]])
        assert d.prob(x).array == pytest.approx(np.array([[0.2, 0.1], [0.3, 0.3]]))
        assert d.prob(1).array == pytest.approx([0.3, 0.3])
        assert d.p.array == pytest.approx(P)
        assert d.log_p.array == pytest.approx(np.log(P))
        assert d.entropy.array == pytest.approx(stats.entropy(P, axis=-1))
        assert d.mode.array.tolist() == [2, 0]
        assert (d.batch_shape, d.event_shape) == ((2,), ())
        assert list(d.params) == ["p"]
        assert d.support == "integers in [0, 3)"


def test_one_hot_categorical():
    d = D.OneHotCategorical(P)
    assert d.prob(np.eye(3)[[0, 2]]).array == pytest.approx([0.2, 0.1])
    assert d.entropy.array == pytest.approx(stats.entropy(P, axis=-1))
    assert d.mean.array.tolist() == P.tolist()
    assert d.mode.array.tolist() == [[0, 0, 1], [1, 0, 0]]
    theirs = [stats.multinomial(1, p).cov() for p in P]
    assert d.covariance.array == pytest.approx(np.stack(theirs))
    assert d.variance.array == pytest.approx(np.stack([np.diag(c) for c in theirs]))
    assert (d.batch_shape, d.event_shape, d.support) == ((2,), (3,), "one-hot vectors")


def test_samples_of_categories_are_as_frequent_as_they_are_probable():
    rk.seed(4)
    n = 4000
    x = D.Categorical(P).sample((n // 4, 4))
    assert (x.shape, x.dtype) == ((n // 4, 4, 2), np.int64)
    for i, p in enumerate(P):
        seen = np.bincount(x.array[..., i].ravel(), minlength=3)
        assert stats.chisquare(seen, n * p).pvalue > 1e-3
    hot = D.OneHotCategorical(P).sample(n).array
    assert np.array_equal(np.sort(hot, -1)[..., -2:], np.tile([0.0, 1.0], (n, 2, 1)))
    for i, p in enumerate(P):
        assert stats.chisquare(hot[:, i].sum(0), n * p).pvalue > 1e-3


def test_impossible_categories():
    p = np.array([0.0, 1.0])
    for d in (D.Categorical(p), D.OneHotCategorical(p)):
        assert d.entropy.array == 0
        x = d.sample(50).array
        assert (x if x.ndim == 1 else x[:, 1]).tolist() == [1] * 50
    assert D.Categorical(p).log_prob(np.array([0, 1])).array.tolist() == [-np.inf, 0]
    assert D.OneHotCategorical(p).log_prob(np.eye(2)).array.tolist() == [-np.inf, 0]


def test_gradients_of_categories():
    x = np.array([[0, 2], [1, 1]])
    gradient_check(lambda p: D.Categorical(p).log_prob(x), [P.copy()])
    gradient_check(lambda p: D.Categorical(logit=p).log_prob(x), [np.log(P)])
    gradient_check(lambda p: D.Categorical(logit=p).entropy, [np.log(P)])
    gradient_check(lambda p: D.OneHotCategorical(p).log_prob(np.eye(3)[x]), [P.copy()])


def test_mistakes_of_categories():
    with pytest.raises(RangeError, match="p or logit"):
        D.Categorical()
    with pytest.raises(ShapeError, match=r"\(\.\.\., categories\)"):
        D.Categorical(0.5)
    with pytest.raises(RangeError, match=r"categories in \[0, 3\)"):
        D.Categorical(P).log_prob(np.array([0, 3]))
    with pytest.raises(DtypeError, match="integers"):
        D.Categorical(P).log_prob(np.array([0.0, 1.0]))
    with pytest.raises(ShapeError, match="events"):
        D.OneHotCategorical(P).log_prob(np.zeros(2))


# -- independent distributions ---------------------------------------------------------------------


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
