"""Classification losses: Chainer's numbers, ignored rows, extreme scores, labels, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

LOSS = F.softmax_cross_entropy
X = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0], [-0.5, 0.75, 2.0]])
T = np.array([2, -1, 1])
W = np.array([0.5, 2, 1.5])
P = np.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1], [1 / 3] * 3])
BITS = np.array([[0, 1, -1], [1, 1, 0], [-1, -1, 0]])

# What Chainer 7.8.1 gives.
KNOWN = [
    (lambda: LOSS(X, T), 1.28418888),
    (lambda: LOSS(X, T, normalize=False), 0.85612592),
    (lambda: LOSS(X, T, class_weight=W), 2.31722854),
    (lambda: LOSS(X, T, class_weight=W, reduce="no"), [1.50689535, 0, 3.12756173]),
    (lambda: LOSS(X, np.array([2, 0, 1]), ignore_label=2), 2.19640853),
    (lambda: LOSS(X, P), 1.32413799),
    (lambda: LOSS(X, P, soft_target_loss="kl-divergence"), 0.4017059),
    (lambda: F.sigmoid_cross_entropy(X, BITS), 1.08415103),
    (lambda: F.sigmoid_cross_entropy(X, BITS, normalize=False), 2.16830206),
    (lambda: F.hinge(X, np.array([2, 0, 1])), 3.66666667),
    (lambda: F.hinge(X, np.array([2, 0, 1]), norm="L2"), 10.04166667),
    (lambda: F.bernoulli_nll(np.abs(X) / 3, X, reduce="mean"), 0.79239976),
]


@pytest.mark.parametrize(("call", "value"), KNOWN)
def test_known_values(call, value):
    np.testing.assert_allclose(call(), value, rtol=1e-7)


@pytest.fixture(params=["native", "reference"])
def kernels(request):
    with rk.using_config("kernels", (request.param, "reference")):
        yield


def gradient(x, *args, **options):
    v = rk.Variable(x)
    loss = LOSS(v, *args, **options)
    if loss.ndim:
        loss.grad = np.ones_like(loss.array)
    loss.backward()
    return loss.array, v.grad


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_extreme_scores(dtype):
    x = np.array([[6e4, 0, -6e4], [-np.inf, 0, -np.inf], [-6e4, 0, 6e4]], dtype)
    loss, gx = gradient(x, np.array([0, 1, 2]), reduce="no")
    np.testing.assert_array_equal(loss, 0)
    np.testing.assert_array_equal(gx, 0)
    assert loss.dtype == gx.dtype == dtype


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_ignored_rows_may_hold_anything(dtype):
    x = np.array([[np.nan, np.inf, 1], [1, 1, 1], [-np.inf] * 3], dtype)
    loss, gx = gradient(x, np.array([-1, 0, -1], np.int32))
    assert loss == pytest.approx(np.log(3), rel=1e-3)
    np.testing.assert_array_equal(gx[[0, 2]], 0)
    np.testing.assert_allclose(gx[1], [-2 / 3, 1 / 3, 1 / 3], rtol=1e-3)


def test_half_precision_neither_overflows_nor_loses_large_scores():
    x = np.full((70000, 2), 500, np.float16)
    loss, gx = gradient(x, np.zeros(70000, np.int32))
    assert loss == np.float16(np.log(2))
    loss, gx = gradient(x[:1] + np.array([0, 2], np.float16), np.array([0]))
    p = 1 / (1 + np.exp(-2.0))
    np.testing.assert_allclose(gx, [[-p, p]], rtol=2e-3)
    each = F.sigmoid_cross_entropy(np.full((70000, 1), 5, np.float16), np.zeros((70000, 1), int))
    assert each == np.float16(np.log1p(np.exp(5)))


def test_options_kept_for_old_programs_change_nothing():
    plain = LOSS(X, T)
    assert LOSS(X, T, True, False, None, -1, "mean", True) == plain


def test_weights_and_labels_of_any_type():
    expected = LOSS(X, T, class_weight=W)
    for weight in (W.astype("f4"), rk.Variable(W), rk.Parameter(W)):
        assert LOSS(X, T, class_weight=weight) == expected
    for labels in (T.astype("i1"), T.astype("i2"), rk.Variable(T)):
        assert float(LOSS(X, labels, class_weight=W)) == expected
    y = LOSS(rk.Variable(X.astype("f4")), T, class_weight=W)
    assert y.dtype == np.float32


def test_soft_targets_have_gradients_and_take_arrays_of_other_types():
    x, t = rk.Variable(X.astype("f4")), rk.Variable(P.astype("f4"))
    LOSS(x, t).backward()
    np.testing.assert_allclose(t.grad, -F.log_softmax(X) / 3, rtol=1e-5)
    np.testing.assert_allclose(x.grad, (F.softmax(X) - P) / 3, atol=1e-6)
    assert LOSS(x, P).dtype == np.float32
    with pytest.raises(DtypeError, match="float"):
        LOSS(x, rk.Variable(P))


def test_third_derivative():
    """By differences of the second: the gradients of gradients are themselves differentiable."""
    direction = np.random.default_rng(0).normal(size=X.shape)

    def second(x):
        (g,) = rk.grad([LOSS(x, T, class_weight=W)], [x], enable_double_backprop=True)
        (gg,) = rk.grad([F.sum(g * direction)], [x], enable_double_backprop=True)
        return F.sum(gg * direction)

    x = rk.Variable(X)
    (third,) = rk.grad([second(x)], [x])
    eps = 1e-4
    for place in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[place] = eps
        slope = float(second(rk.Variable(X + step))) - float(second(rk.Variable(X - step)))
        assert third.array[place] == pytest.approx(slope / (2 * eps), abs=1e-6)


def test_small_losses_keep_their_digits():
    x = np.array([[20.0, -20.0]], np.float32)
    loss = F.sigmoid_cross_entropy(x, np.array([[1, 0]]), reduce="no")
    np.testing.assert_allclose(loss, [[np.exp(-20.0)] * 2], rtol=1e-6)


LABELS = [
    (lambda: LOSS(X, np.array([0, 3, 1])), r"label 3 at row 1.*labels in \[0, 3\).*3 classes"),
    (lambda: LOSS(X, np.array([0, -2, 1])), "label -2 at row 1"),
    (lambda: LOSS(X, np.array([0, -1, 1]), ignore_label=0), "label -1 at row 1.*ignore_label=0"),
    (lambda: LOSS(X[:, :, None], np.array([[0], [1], [9]])), r"label 9 at row 2, position \(0,\)"),
    (lambda: LOSS(np.zeros((2, 0)), np.array([0, 0])), r"labels in \[0, 0\)"),
    (lambda: F.sigmoid_cross_entropy(X, BITS + 1), r"label 2 at \(0, 1\).*0, 1 or -1"),
    (lambda: F.hinge(X, np.array([0, -1, 1])), "label -1 at row 1"),
]


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize(("call", "message"), LABELS)
def test_labels_out_of_range(call, message):
    with pytest.raises(RangeError, match=message):
        call()


SIGMOID = F.sigmoid_cross_entropy
REFUSED = [
    (lambda: LOSS(X, T[:2]), ShapeError, r"x \(3, 3\) and t \(2,\).*t of shape \(3,\)"),
    (lambda: LOSS(X, T[:, None]), ShapeError, r"Drop the last axis of t"),
    (lambda: LOSS(X, BITS), ShapeError, "Probabilities .* must be floats"),
    (lambda: LOSS(X, P[:2]), ShapeError, "equal shapes.*Labels must be integers"),
    (lambda: LOSS(X[0], T), ShapeError, r"x of shape \(n, classes"),
    (lambda: LOSS(X.astype(int), T), DtypeError, "x int64"),
    (lambda: LOSS(X, T > 0), DtypeError, "t bool.*integer labels.*astype"),
    (lambda: LOSS(X, [0, 1, 2]), DtypeError, "t list.*integer labels"),
    (lambda: LOSS(X.tolist(), T), DtypeError, "x list"),
    (lambda: LOSS(X, T, class_weight=W[:2]), ShapeError, r"w \(2,\).*w of shape \(3,\)"),
    (lambda: LOSS(X, T, reduce="sum"), RangeError, "reduce='sum'.*'mean' or 'no'"),
    (lambda: LOSS(X, P, soft_target_loss="x"), RangeError, "'cross-entropy' or 'kl-divergence'"),
    (lambda: SIGMOID(X, BITS[:2]), ShapeError, "equal shapes"),
    (lambda: SIGMOID(X, P), DtypeError, "t float64.*integer labels"),
    (lambda: SIGMOID(X, BITS, reduce="sum"), RangeError, "reduce='sum'"),
    (lambda: F.hinge(X, BITS), ShapeError, r"x \(n, classes\) and t \(n,\)"),
    (lambda: F.hinge(X, T, norm="L3"), RangeError, "norm='L3'.*'L1' or 'L2'"),
    (lambda: F.bernoulli_nll(X, X[:2]), ShapeError, "equal shapes"),
    (lambda: F.bernoulli_nll(X, X, reduce="all"), RangeError, "reduce='all'"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_smooth_labels_in_the_loss():
    """(1 - s) times the loss of the labels, s times the mean of that of all classes."""
    t = np.array([2, 0, 1])
    smooth = LOSS(X, F.smooth_labels(t, 3, 0.3).astype(np.float64))
    every = np.mean([LOSS(X, np.full(3, k)) for k in range(3)])
    assert float(smooth) == pytest.approx(0.7 * float(LOSS(X, t)) + 0.3 * every, rel=1e-6)


def test_smooth_labels_refuses():
    assert not F.smooth_labels(np.array([255, 0]), 2, ignore_label=255)[0].any()
    with rk.using_config("dtype", np.float64):
        assert F.smooth_labels(np.array([0]), 2).dtype == np.float64
    with pytest.raises(RangeError, match=r"label 3; expected labels in \[0, 3\) or -1"):
        F.smooth_labels(np.array([0, 3]), 3)
    with pytest.raises(RangeError, match=r"smoothing=1\.5"):
        F.smooth_labels(np.array([0]), 3, 1.5)
    with pytest.raises(DtypeError, match="integer labels"):
        F.smooth_labels(np.array([0.5]), 3)
    with pytest.raises(RangeError, match="n_classes=0"):
        F.smooth_labels(np.array([-1]), 0)
    with pytest.raises(ShapeError, match=r"t \(\)"):
        F.smooth_labels(np.array(1), 3)
