"""Losses of distances and covariances: Chainer's numbers, gradients at kinks, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

A = np.array([[1.0, 2], [0, 1], [1, 1]])
B = np.array([[1.0, 1.5], [0, 1], [0, 0]])
C = np.array([[0.0, 2], [3, 1], [1, 1.25]])
Y = np.array([1, 0, 0])
E = np.sin(np.arange(24)).reshape(2, 2, 2, 3) * 3
LABELS = np.array([[[0, 1, 1], [2, 2, 3]], [[1, 1, 0], [3, 0, 3]]])
CLUSTERING = F.discriminative_margin_based_clustering_loss

# What Chainer 7.8.1 gives.
KNOWN = [
    (lambda: F.contrastive(A, B, Y, 1.5, "no"), [0.125, 1.125, 0.0036796564403574184]),
    (lambda: F.triplet(A, B, C, 0.7, "no"), [0, 0, 2.6375]),
    (lambda: F.decov(A), 0.012345679012345678),
    (lambda: F.decov(A, "no"), [[0, 1 / 9], [1 / 9, 0]]),
    (lambda: F.cross_covariance(A, C), 0.28163580246913583),
    (lambda: F.cross_covariance(A, C, "no"), [[-5 / 9, 5 / 36], [-4 / 9, 7 / 36]]),
    (
        lambda: CLUSTERING(E, LABELS, 0.5, 1.5, 2),
        [3.9111216610329316, 1.8503610973410751, 0.0018233303580577277],
    ),
    (
        lambda: CLUSTERING(E, LABELS, 0.5, 1.5, 2, 2),
        [1.617887483548495, 2.1664957884663707, 0.0011661294220407074],
    ),
]


@pytest.mark.parametrize(("call", "expected"), KNOWN)
def test_known_values(call, expected):
    np.testing.assert_allclose(call(), expected, rtol=1e-9, atol=1e-12)


def test_the_gradient_of_equal_pairs_is_0():
    x0, x1 = rk.Variable(A), rk.Variable(B)
    F.contrastive(x0, x1, Y, 1.5).backward()
    assert not x0.grad[1].any()
    assert np.isfinite(x0.grad).all()
    assert x0.grad[[0, 2]].any(axis=1).all()
    np.testing.assert_array_equal(x0.grad, -x1.grad)


def test_background_pixels_have_no_gradient_and_no_nan():
    x = rk.Variable(E)
    sum(CLUSTERING(x, LABELS, 0.5, 1.5, 2, 2)).backward()
    assert np.isfinite(x.grad).all()
    background = np.repeat(((LABELS == 0) | (LABELS == 3))[:, None], 2, axis=1)
    assert not x.grad[background].any()
    assert x.grad[~background].any()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.contrastive(A, B[:2], Y), ShapeError, "of one shape"),
        (lambda: F.contrastive(A, B, Y[:2]), ShapeError, r"y of shape \(3,\)"),
        (lambda: F.contrastive(A, B, Y * 1.0), DtypeError, "integers 0 and 1"),
        (lambda: F.contrastive(A, B, Y, 0), RangeError, "margin"),
        (lambda: F.contrastive(A, B, Y, reduce="sum"), RangeError, "'mean' or 'no'"),
        (lambda: F.contrastive(A, B.astype("f"), Y), DtypeError, "one dtype"),
        (lambda: F.triplet(A, B, C, -1), RangeError, "margin"),
        (lambda: F.triplet(A, B, C[0]), ShapeError, r"\(n, d\)"),
        (lambda: F.triplet(A[:0], A[:0], A[:0]), ShapeError, "one row at least"),
        (lambda: F.decov(Y), DtypeError, "floats"),
        (lambda: F.decov(A, "mean"), RangeError, "half_squared_sum"),
        (lambda: F.cross_covariance(A, B[:2]), ShapeError, "as many in each"),
        (lambda: CLUSTERING(E, LABELS, 0.5, 1.5, 3), ShapeError, "== 3"),
        (lambda: CLUSTERING(E, LABELS, 0.5, 1.5, 0), RangeError, "positive"),
        (lambda: CLUSTERING(E, LABELS, 0.5, 1.5, 2, 3), RangeError, "norm=3"),
        (lambda: CLUSTERING(E, LABELS[0], 0.5, 1.5, 2), ShapeError, "height, width"),
        (lambda: CLUSTERING(E, LABELS * 1.0, 0.5, 1.5, 2), DtypeError, "integers"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
