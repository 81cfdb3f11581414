"""Losses of large vocabularies: Chainer's numbers, what samplers give, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

X, W = np.linspace(-1, 1, 6).reshape(3, 2), np.linspace(1, -1, 8).reshape(4, 2)
SAMPLES = np.array([[0, 0, 2, 3], [0, 1, 1, 2], [0, 0, 0, 3]])
TREE = np.array([0, 2, 0, 1, 0, 2, 0, 1]), np.array([-1, -1, 1, -1, -1, 1, 1, 1.0])
BEGINS = np.array([0, 2, 4, 6, 8])


def sampler(shape):
    assert shape == SAMPLES.shape
    return SAMPLES


def test_as_chainer_computes_them():
    found = F.negative_sampling(X, np.array([1, -1, 3]), W, sampler, 3, "no")
    np.testing.assert_allclose(found, [3.6630901767891455, 0, 4.962734852996363])
    t = np.array([1, 2, 3])
    expected = [3.5927466769008047, 2.249340578475233, 4.797944782158768]
    np.testing.assert_allclose(F.black_out(X, t, W, SAMPLES[:, 1:], "no"), expected)
    inner = np.linspace(1, -1, 6).reshape(3, 2)
    found = F.binary_hierarchical_softmax(X, t, inner, *TREE, BEGINS)
    assert found == pytest.approx(4.627528, rel=1e-6)


def test_samples_are_returned_and_the_samplers_array_is_left_alone():
    t, before = np.array([1, -1, 3]), SAMPLES.copy()
    loss, samples = F.negative_sampling(X, t, W, sampler, 3, return_samples=True)
    assert loss == pytest.approx(float(F.negative_sampling(X, t, W, sampler, 3)))
    assert samples[:, 0].tolist() == t.tolist()
    assert np.array_equal(samples[:, 1:], SAMPLES[:, 1:])
    assert np.array_equal(before, SAMPLES)


def test_rows_left_out_have_no_gradient():
    x = rk.Variable(X)
    F.negative_sampling(x, np.array([1, -1, 3]), W, sampler, 3).backward()
    assert not x.grad[1].any()
    assert x.grad[[0, 2]].all()


def ns(x=X, t=SAMPLES[:, 1], W=W, **options):
    return F.negative_sampling(x, t, W, sampler, 3, **options)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ns(reduce="mean"), RangeError, "'sum' or 'no'"),
        (lambda: ns(t=X[:, 0]), DtypeError, "integer classes"),
        (lambda: ns(x=X[:2]), ShapeError, r"t \(n,\)"),
        (lambda: ns(W=W[:, :1]), ShapeError, "here 2 != 1"),
        (lambda: ns(t=np.array([0, 4, 1])), RangeError, r"\[0, 4\)"),
        (lambda: ns(x=X.astype("f")), DtypeError, "one dtype"),
        (lambda: F.negative_sampling(X, SAMPLES[:, 1], W, lambda s: SAMPLES, 2), ShapeError,
         "the shape asked for"),
        (lambda: F.black_out(X, SAMPLES[:, 1], W, SAMPLES[:2]), ShapeError, r"samples \(n, K\)"),
        (lambda: F.black_out(X, SAMPLES[:, 1], W, SAMPLES, "sum"), RangeError, "'mean' or 'no'"),
        (lambda: F.binary_hierarchical_softmax(X, np.array([0, 4, 1]), W, *TREE, BEGINS),
         RangeError, "class 4.*one of the 4"),
        (lambda: F.binary_hierarchical_softmax(X, np.array([0, 2, 1]), W, *TREE,
         np.array([0, 2, 4, 4])), RangeError, "class 2"),
    ],
)  # fmt: skip
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
