"""Distributions of the facade."""

import numpy as np

from renkei.compat import chainer
from renkei.compat.chainer import distributions as D


def test_results_are_chainers_variables():
    d = D.Normal(np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32))
    for y in (
        d.mean,
        d.entropy,
        d.sample((4,)),
        d.log_prob(np.zeros((2, 3), np.float32)),
        d.stddev,
    ):
        assert type(y) is chainer.Variable
    assert isinstance(d, chainer.Distribution) and d.batch_shape == (2, 3)


def test_samples_follow_numpy():
    d = D.Normal(np.full(3, 2, np.float32), np.full(3, 0.5, np.float32))
    np.random.seed(0)
    sample = d.sample((2,)).array
    np.random.seed(0)
    np.testing.assert_allclose(sample, np.random.standard_normal((2, 3)) / 2 + 2, rtol=1e-6)
    b = D.Poisson(np.full(4, 3, np.float32))
    np.random.seed(1)
    first = b.sample((5,)).array
    assert (first != b.sample((5,)).array).any()
    np.random.seed(1)
    np.testing.assert_array_equal(b.sample((5,)).array, first)


def test_divergences():
    p = D.Normal(np.zeros(2, np.float32), np.ones(2, np.float32))
    q = D.Normal(np.zeros(2, np.float32), np.full(2, 2, np.float32))
    kl, cross = chainer.kl_divergence(p, q), chainer.cross_entropy(p, q)
    np.testing.assert_allclose(kl.array, np.log(2) - 3 / 8, rtol=1e-6)
    np.testing.assert_allclose(cross.array, p.entropy.array + kl.array, rtol=1e-6)
    assert type(kl) is type(cross) is chainer.Variable


def test_modules_by_name():
    from renkei.compat.chainer.distributions import log_normal, normal

    assert normal.Normal is D.Normal and log_normal.LogNormal is D.LogNormal
    assert all(hasattr(D, name) for name in D.__all__)
