"""Distributions of categories."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import renkei as rk
import renkei.distributions as D
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.testing import gradient_check

P = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])


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
