"""Divergences against integrals and sums of SciPy's densities, and the registry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

import renkei.distributions as D
from renkei.core.errors import ShapeError, UsageError
from renkei.testing import gradient_check

# the class, the parameters of p and q, SciPy's distribution of these parameters
PAIRS = [
    (D.Normal, (0.3, 1.2), (-0.5, 0.7), stats.norm),
    (D.LogNormal, (0.3, 0.6), (-0.5, 0.7), lambda m, s: stats.lognorm(s, scale=np.exp(m))),
    (D.Cauchy, (0.3, 1.2), (-0.5, 0.7), stats.cauchy),
    (D.Gumbel, (0.3, 1.2), (-0.5, 0.9), stats.gumbel_r),
    (D.Laplace, (0.3, 1.2), (-0.5, 0.7), stats.laplace),
    (D.Laplace, (-0.6, 0.5), (0.4, 1.7), stats.laplace),
    (D.Exponential, (1.7,), (0.6,), lambda lam: stats.expon(scale=1 / lam)),
    (D.Pareto, (1.5, 3.0), (1.0, 2.0), lambda s, a: stats.pareto(a, scale=s)),
    (D.Uniform, (1.0, 2.0), (0.5, 4.0), lambda low, high: stats.uniform(low, high - low)),
    (D.Gamma, (2.3, 0.7), (1.4, 1.6), lambda k, t: stats.gamma(k, scale=t)),
    (D.Chisquare, (3.0,), (5.0,), stats.chi2),
    (D.Beta, (2.0, 3.0), (1.5, 1.2), stats.beta),
    (D.Bernoulli, (0.3,), (0.6,), stats.bernoulli),
    (D.Geometric, (0.3,), (0.6,), stats.geom),
    (D.Poisson, (2.5,), (1.3,), stats.poisson),
]


def _make(cls, values):
    if cls is D.Uniform:
        return cls(low=values[0], high=values[1])
    return cls(*values)


@pytest.mark.parametrize(
    ("cls", "p", "q", "oracle"), PAIRS, ids=lambda v: getattr(v, "__name__", "")
)
def test_divergences_are_means_of_log_ratios(cls, p, q, oracle):
    a, b = oracle(*p), oracle(*q)
    if hasattr(a.dist, "pmf"):
        k = np.arange(0, 2 if cls is D.Bernoulli else 200)
        k = k[a.pmf(k) > 0]
        expected = (a.pmf(k) * (a.logpmf(k) - b.logpmf(k))).sum()
    else:

        def term(u):  # over probabilities: no tail is cut off
            x = a.ppf(u)
            return a.logpdf(x) - b.logpdf(x)

        middle = [u for u in (float(a.cdf(q[0])),) if 0 < u < 1]
        expected = integrate.quad(term, 0, 1, points=middle or None, limit=200)[0]
    ours = [_make(cls, [np.array([v]) for v in values]) for values in (p, q)]
    y = D.kl_divergence(*ours)
    assert y.shape == (1,)
    assert y.array[0] == pytest.approx(expected, rel=1e-6)
    assert D.kl_divergence(ours[0], ours[0]).array[0] == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize(
    ("cls", "p", "q", "oracle"), PAIRS, ids=lambda v: getattr(v, "__name__", "")
)
def test_gradients_of_divergences(cls, p, q, oracle):
    n = len(p)

    def divergence(*values):
        return D.kl_divergence(_make(cls, values[:n]), _make(cls, values[n:]))

    gradient_check(divergence, [np.array([v]) for v in (*p, *q)])


def test_divergences_of_categories():
    p, q = np.array([[0.2, 0.3, 0.5], [0.0, 0.4, 0.6]]), np.array([0.1, 0.6, 0.3])
    expected = [stats.entropy(row, q) for row in p]
    for cls in (D.Categorical, D.OneHotCategorical):
        assert D.kl_divergence(cls(p), cls(q)).array == pytest.approx(expected)
    impossible = D.kl_divergence(D.Categorical(q), D.Categorical(p))
    assert impossible.array[1] == np.inf
    logits = D.Categorical(logit=np.log(q) - 5)
    assert D.kl_divergence(D.Categorical(p), logits).array == pytest.approx(expected)


def test_divergences_of_certain_coins():
    p = D.Bernoulli(np.array([0.0, 1.0, 0.5, 0.0]))
    q = D.Bernoulli(np.array([0.5, 0.5, 0.0, 0.0]))
    assert D.kl_divergence(p, q).array == pytest.approx([np.log(2), np.log(2), np.inf, 0])


def test_divergences_where_the_second_distribution_is_too_narrow():
    assert (
        D.kl_divergence(D.Uniform(low=0.0, high=2.0), D.Uniform(low=0.5, high=3.0)).array == np.inf
    )
    assert D.kl_divergence(D.Pareto(1.0, 1.0), D.Pareto(2.0, 1.0)).array == np.inf


def test_the_divergence_of_multivariate_normals():
    rng = np.random.default_rng(0)
    m, n = rng.normal(size=(2, 3))
    s, t = (np.tril(rng.normal(size=(3, 3)) * 0.3) + np.eye(3) for _ in range(2))
    p, q = (D.MultivariateNormal(v, scale_tril=w) for v, w in ((m, s), (n, t)))
    V, W = s @ s.T, t @ t.T
    inverse = np.linalg.inv(W)
    expected = 0.5 * (
        np.trace(inverse @ V) + (n - m) @ inverse @ (n - m) - 3
        + np.log(np.linalg.det(W) / np.linalg.det(V))
    )  # fmt: skip
    assert D.kl_divergence(p, q).array == pytest.approx(expected)
    flat = D.Independent(D.Normal(m, np.diag(s)), 1)
    diagonal = D.MultivariateNormal(m, scale_tril=np.diag(np.diag(s)))
    other = D.MultivariateNormal(n, scale_tril=np.diag(np.diag(t)))
    theirs = D.Independent(D.Normal(n, np.diag(t)), 1)
    expected = D.kl_divergence(diagonal, other).array
    assert D.kl_divergence(flat, theirs).array == pytest.approx(expected)

    def divergence(m, s, n, t):
        return D.kl_divergence(
            D.MultivariateNormal(m, scale_tril=s), D.MultivariateNormal(n, scale_tril=t)
        )

    gradient_check(divergence, [m, s, n, t])


def test_the_divergence_of_dirichlet_distributions():
    a, b = np.array([2.0, 3.0]), np.array([1.5, 1.2])
    beta = D.kl_divergence(D.Beta(a[:1], a[1:]), D.Beta(b[:1], b[1:])).array[0]
    assert D.kl_divergence(D.Dirichlet(a), D.Dirichlet(b)).array == pytest.approx(beta)
    rng = np.random.default_rng(0)
    a, b = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 1.5])
    x = rng.dirichlet(a, 20000).T
    ratio = stats.dirichlet.logpdf(x, a) - stats.dirichlet.logpdf(x, b)
    y = D.kl_divergence(D.Dirichlet(a), D.Dirichlet(b)).array
    assert y == pytest.approx(ratio.mean(), abs=5 * ratio.std() / np.sqrt(20000))
    gradient_check(lambda a, b: D.kl_divergence(D.Dirichlet(a), D.Dirichlet(b)), [a, b])


def test_gamma_and_chi_squared_are_of_one_kind():
    p, q = D.Chisquare(np.array([3.0])), D.Gamma(np.array([1.5]), np.array([2.0]))
    assert D.kl_divergence(p, q).array == pytest.approx([0.0], abs=1e-15)


def test_cross_entropy():
    p, q = D.Normal(np.array([0.5]), 2.0), D.Normal(np.array([0.0]), 1.0)
    # E[x^2 / 2] + log(2 pi) / 2
    assert D.cross_entropy(p, q).array == pytest.approx([(4 + 0.25 + np.log(2 * np.pi)) / 2])


class Half(D.Normal):
    """A subclass without a formula of its own."""


def test_the_registry_serves_subclasses_and_prefers_the_nearest_class():
    p, q = Half(np.array([1.0]), 1.0), D.Normal(np.array([0.0]), 1.0)
    assert D.kl_divergence(p, q).array == pytest.approx([0.5])

    @D.register_kl(Half, D.Normal)
    def own(p, q):
        return "own"

    assert D.kl_divergence(p, q) == "own"
    assert D.kl_divergence(q, p).array == pytest.approx([0.5])


def test_mistakes():
    with pytest.raises(UsageError, match=r"Normal and Cauchy.*register_kl"):
        D.kl_divergence(D.Normal(0.0, 1.0), D.Cauchy(0.0, 1.0))
    inner = D.Normal(np.zeros((2, 3)), 1.0)
    with pytest.raises(ShapeError, match="reinterpreted"):
        D.kl_divergence(D.Independent(inner, 1), D.Independent(inner, 2))
    with pytest.raises(UsageError, match="subclasses of Distribution"):
        D.register_kl(int, D.Normal)
