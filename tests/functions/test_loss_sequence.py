"""CTC and CRF: Chainer's numbers, impossible labels, best paths, refusals."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

CTC = F.connectionist_temporal_classification
X = np.sin(np.linspace(-2, 2, 60).reshape(5, 3, 4) ** 3 + np.arange(4))
T = np.array([[1, 2], [3, 3], [2, 0]], np.int32)
LENGTHS = {"input_length": np.array([5, 4, 3]), "label_length": np.array([2, 2, 1])}
COST = np.linspace(-1, 1, 9).reshape(3, 3) ** 2
XS = [np.linspace(-1, 1, 9).reshape(3, 3)[:n] * (k + 1) for k, n in enumerate((3, 2, 1))]
YS = [np.array([0, 1, 2]), np.array([2, 0]), np.array([1])]


def test_ctc_as_chainer_computes_it():
    x = rk.Variable(X)
    loss = CTC(list(F.separate(x)), T, 0, reduce="no", **LENGTHS)
    np.testing.assert_allclose(loss.array, [3.86200144, 5.95824286, 2.44693543], rtol=1e-8)
    F.sum(loss * np.array([1.0, 2, 3])).backward()
    expected = [
        [-0.24962789, 0.61400647, 0.16451698, -0.52889556],
        [-0.30991879, 0.46503168, 0.86234113, -1.01745402],
        [-1.33598721, 0.66739603, 0.71423704, -0.04564585],
        [0.17774162, 0.85242152, 0.52366661, -1.55382975],
    ]
    np.testing.assert_allclose(x.grad[:4, 1], expected, atol=1e-8)
    assert not x.grad[4, 1].any()  # after the end of the input


def test_ctc_mean_is_over_the_batch():
    each = CTC(X, T, 0, reduce="no", **LENGTHS)
    assert CTC(X, T, 0, **LENGTHS) == pytest.approx(each.mean())


def test_ctc_of_an_input_too_short_for_its_labels():
    """3, 3 needs a blank between: three steps at least. Others of the batch are not disturbed."""
    lengths = {**LENGTHS, "input_length": np.array([5, 2, 3])}
    x = rk.Variable(X)
    loss = CTC(x, T, 0, reduce="no", **lengths)
    assert loss.array[1] == np.inf
    gx = rk.grad([loss], [x], enable_double_backprop=True)[0]
    F.sum(loss).backward()
    assert not x.grad[:, 1].any()
    assert np.isfinite(x.grad).all()
    assert x.grad[:, 0].any()
    np.testing.assert_allclose(gx.array, x.grad, atol=1e-12)


def test_ctc_ignores_what_stands_behind_the_labels():
    padded = T.copy()
    padded[2, 1] = -1
    assert np.array_equal(CTC(X, padded, 0, **LENGTHS), CTC(X, T, 0, **LENGTHS))


def test_ctc_of_a_long_input_stays_finite_in_float32():
    x = rk.Variable(np.random.default_rng(0).normal(0, 5, (400, 2, 20)).astype(np.float32))
    t = np.arange(1, 101).reshape(2, 50) % 20
    loss = CTC(x, t, 0)
    loss.backward()
    right = CTC(x.array.astype(np.float64), t, 0)
    assert float(loss) == pytest.approx(float(right), rel=1e-5)
    assert np.isfinite(x.grad).all()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: CTC([], T, 0), DtypeError, "a list of arrays"),
        (lambda: CTC(X[0], T, 0), ShapeError, r"\(batch, class\)"),
        (lambda: CTC(X, T.astype("f"), 0), DtypeError, "integer labels"),
        (lambda: CTC(X, T[:2], 0), ShapeError, r"t of shape \(3, label\)"),
        (lambda: CTC(X, T, 4), RangeError, "one of the 4 classes"),
        (lambda: CTC(X, T + 2, 0), RangeError, r"label 4.*\[0, 4\)"),
        (lambda: CTC(X, T, 0, input_length=np.array([5, 6, 5])), RangeError, "from 1 to 5"),
        (lambda: CTC(X, T, 0, label_length=np.array([2, 3, 1])), RangeError, "from 0 to 2"),
        (lambda: CTC(X, T, 0, label_length=np.array([2])), ShapeError, r"integers of shape \(3,\)"),
        (lambda: CTC(X, T, 0, reduce="sum"), RangeError, "'mean' or 'no'"),
        (lambda: F.crf1d(COST, XS, YS, "sum"), RangeError, "'mean' or 'no'"),
        (lambda: F.crf1d(COST, XS[::-1], YS[::-1]), ShapeError, "never grow"),
        (lambda: F.crf1d(COST[:2], XS, YS), ShapeError, r"cost \(K, K\)"),
        (lambda: F.crf1d(COST, [], []), ShapeError, "empty list"),
        (lambda: F.crf1d(COST, XS, YS[:2]), ShapeError, "a label for each row"),
        (lambda: F.crf1d(COST, XS, [y * 1.0 for y in YS]), DtypeError, "integer labels"),
        (lambda: F.crf1d(COST, XS, [y + 2 for y in YS]), RangeError, r"\[0, 3\)"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_crf_as_chainer_computes_it():
    expected = [3.62474893, 3.2534131, 0.86933808]
    np.testing.assert_allclose(F.crf1d(COST, XS, YS, "no"), expected, rtol=1e-7)
    assert F.crf1d(COST, XS, YS) == pytest.approx(2.582500037047491)


def test_best_paths():
    """Against all label sequences; some end early."""
    rng = np.random.default_rng(0)
    cost, sizes = rng.normal(size=(3, 3)), (4, 3, 3, 1)
    xs = [rng.normal(size=(n, 3)) for n in sizes]
    score, path = F.argmax_crf1d(cost, xs)
    assert [len(p) for p in path] == list(sizes)
    for b in range(4):
        rows = [x[b] for x in xs if len(x) > b]
        scores = {
            y: sum(r[k] for r, k in zip(rows, y)) + sum(cost[i, j] for i, j in pairwise(y))
            for y in product(range(3), repeat=len(rows))
        }
        best = max(scores, key=scores.get)
        assert tuple(p[b] for p in path if len(p) > b) == best
        assert score[b] == pytest.approx(scores[best])
