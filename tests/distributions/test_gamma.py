"""The gamma distribution and its relatives: modes, tiny shapes, Dirichlet's distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import renkei as rk
import renkei.distributions as D
from renkei.core.errors import DtypeError, ShapeError
from renkei.testing import gradient_check

ALPHA = np.array([[0.6, 1.0, 3.0], [2.0, 2.0, 5.0]])


def test_modes():
    assert D.Gamma(np.array([0.5, 3.0]), 2.0).mode.array.tolist() == [0, 4]
    assert D.Chisquare(np.array([1.0, 5.0])).mode.array.tolist() == [0, 3]


def test_the_scale_of_samples_has_a_gradient():
    def sample(theta):
        rk.seed(3)
        return D.Gamma(2.0 + theta.array * 0, theta).sample(4)

    gradient_check(lambda theta: sample(rk.as_variable(theta)), [np.array([0.5, 2.0])], order=1)


def test_a_beta_density_that_is_infinite_at_its_ends():
    y = D.Beta(np.array([0.5, 1.0, 2.0]), 1.0).log_prob(np.zeros(3)).array
    assert y.tolist() == [np.inf, 0.0, -np.inf]


def test_small_shapes_do_not_underflow_to_nan():
    x = D.Beta(np.full(500, 1e-3), 1e-3).sample().array
    assert ((x >= 0) & (x <= 1)).all()
    x = D.Dirichlet(np.full((500, 3), 1e-4)).sample().array
    assert x.sum(-1) == pytest.approx(np.ones(500))


def test_mistakes():
    with pytest.raises(DtypeError, match="one dtype"):
        D.Gamma(np.zeros(2), np.ones(2, np.float32))
    with pytest.raises(NotImplementedError, match="Gamma has no cdf"):
        D.Gamma(1.0, 1.0).cdf(0.5)
    with pytest.raises(ShapeError, match="Dirichlet"):
        D.Dirichlet(1.0)
    with pytest.raises(ShapeError, match="events"):
        D.Dirichlet(ALPHA).log_prob(np.zeros(2))


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
