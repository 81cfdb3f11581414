"""Random functions: statistics from a fixed seed, repeatability, testing mode, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

X = np.ones((200, 500), np.float32)

MISTAKES = {
    "ratio 1": (
        lambda: F.dropout(X, 1.0),
        RangeError,
        "dropout(x, ratio): got ratio=1.0; expected a number in the range [0, 1)",
    ),
    "ratio below 0": (lambda: F.dropout(X, -0.1), RangeError, "ratio=-0.1"),
    "mask": (lambda: F.dropout(X, mask=X[:1]), ShapeError, "mask (1, 500)"),
    "integers": (lambda: F.dropout(X.astype(int)), DtypeError, "x int64 (200, 500)"),
    "zoneout ratio": (lambda: F.zoneout(X, X, 2), RangeError, "ratio=2"),
    "zoneout shapes": (lambda: F.zoneout(X, X[:1]), ShapeError, "states of one shape"),
    "gaussian shapes": (lambda: F.gaussian(X, X[:1]), ShapeError, "ln_var (1, 500)"),
    "gaussian eps": (lambda: F.gaussian(X, X, eps=X[:1]), ShapeError, "eps (1, 500)"),
    "gaussian integers": (lambda: F.gaussian(X.astype(int), X), DtypeError, "mean int64"),
    "temperature": (lambda: F.gumbel_softmax(X, 0), RangeError, "tau=0"),
}


@pytest.fixture(autouse=True)
def _seeded():
    rk.seed(0)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named(mistake):
    call, kind, text = mistake
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.5, 0.9])
def test_dropout_drops_the_ratio_and_keeps_the_mean(ratio):
    y = F.dropout(X, ratio)
    dropped = (y == 0).mean()
    assert dropped == pytest.approx(ratio, abs=4 * (ratio * (1 - ratio) / X.size) ** 0.5)
    np.testing.assert_allclose(y[y > 0], np.float32(1 / (1 - ratio)), rtol=1e-6)
    # neither rows nor columns fall together
    expected = ratio * (1 - ratio)
    assert (y == 0).mean(0).var() * 200 == pytest.approx(expected, rel=0.3, abs=1e-9)
    assert (y == 0).mean(1).var() * 500 == pytest.approx(expected, rel=0.4, abs=1e-9)


def test_the_gradient_falls_where_the_value_fell():
    x = rk.Variable(X)
    y = F.dropout(x, 0.3)
    y.grad = X
    y.backward()
    assert (x.grad == y.array).all()


def test_two_calls_drop_differently_and_a_seed_repeats_them():
    first, second = F.dropout(X), F.dropout(X)
    assert ((first == 0) == (second == 0)).mean() == pytest.approx(0.5, abs=0.02)
    rk.seed(0)
    assert (F.dropout(X) == first).all()
    assert (F.dropout(X) == second).all()


def test_the_mask_does_not_depend_on_dtype_or_memory_order():
    first = F.dropout(X)
    rk.seed(0)
    assert (F.dropout(np.asfortranarray(X, np.float64)) == first).all()
    rk.seed(0)
    assert (F.dropout(X.astype(np.float16)) == first).all()


def test_nothing_is_dropped_when_testing():
    x, h = rk.Variable(X), rk.Variable(2 * X)
    with rk.using_config("train", False):
        assert F.dropout(x, 0.5) is x
        assert F.dropout(x, return_mask=True) == (x, None)
        assert F.zoneout(h, x) is x


def test_the_returned_mask_is_what_was_applied():
    x = rk.Variable(3 * X)
    y, mask = F.dropout(x, 0.25, return_mask=True)
    assert (y.array == x.array * mask).all()
    again, same = F.dropout(x, mask=mask, return_mask=True)
    assert same is mask
    assert (again.array == y.array).all()


def test_a_dropped_infinity_is_zero():
    y = F.dropout(np.full(100, np.inf, np.float32))
    assert set(y.tolist()) == {0, np.inf}


def test_zoneout_takes_old_values_at_the_ratio():
    h, x = rk.Variable(0 * X), rk.Variable(X)
    y = F.zoneout(h, x, 0.2)
    assert y.array.mean() == pytest.approx(0.8, abs=0.006)
    y.grad = X
    y.backward()
    assert (x.grad == y.array).all()
    assert (h.grad == 1 - y.array).all()


def test_gaussian_has_the_mean_and_variance_asked_for():
    mean, ln_var = 2 * X, np.full_like(X, np.log(9))
    y, eps = F.gaussian(mean, ln_var, return_eps=True)
    z = (y - 2) / 3
    np.testing.assert_allclose(z, eps, atol=1e-5)
    moments = [float((z.astype(float) ** k).mean()) for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.06)
    assert abs(np.corrcoef(z.ravel()[: X.size // 2], z.ravel()[X.size // 2 :])[0, 1]) < 0.02


def test_gumbel_softmax_picks_categories_by_their_probability():
    p = np.array([0.5, 0.3, 0.2], np.float32)
    y = F.gumbel_softmax(np.log(np.tile(p, (20000, 1))), tau=0.1)
    np.testing.assert_allclose(y.sum(1), 1, rtol=1e-5)
    counts = np.bincount(y.argmax(1), minlength=3) / len(y)
    np.testing.assert_allclose(counts, p, atol=0.015)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("end", [0.0, 1 - 2.0**-24])
def test_uniform_numbers_leave_out_both_ends(monkeypatch, dtype, end):
    from renkei.functions.noise import random_like
    from renkei.kernels.reference import noise

    def extreme(xp, key, offset, shape):
        return np.full(shape, end, np.float32)

    monkeypatch.setattr(noise, "uniform", extreme)
    u = random_like("uniform", np.zeros((2, 3), dtype))
    assert (u.dtype, u.shape) == (dtype, (2, 3))
    assert ((u > 0) & (u < 1)).all()


def test_uniform_numbers_of_double_precision_use_its_digits():
    from renkei.functions.noise import random_like

    rk.seed(0)
    u = random_like("uniform", np.zeros(1000))
    assert abs(u.mean() - 0.5) < 0.05
    assert len(np.unique(u * 2.0**24 % 1)) == 1000
