"""Attention: masks, dropout, wide numbers, arguments that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

RNG = np.random.default_rng(0)


def random(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def test_a_causal_step_equals_the_last_row():
    q, k, v = random(2, 5, 4), random(2, 5, 4), random(2, 5, 3)
    whole = F.scaled_dot_product_attention(q, k, v, causal=True)
    last = F.scaled_dot_product_attention(q[:, -1:], k, v, causal=True)
    np.testing.assert_allclose(whole[:, -1:], last, rtol=1e-4)


def test_gradients_of_rows_that_see_nothing_are_finite():
    q, k, v = (rk.Variable(random(2, 3)) for _ in range(3))
    y = F.scaled_dot_product_attention(q, k, v, np.zeros((2, 2), bool))
    assert not y.array.any()
    F.sum(y * y + y).backward()
    for x in (q, k, v):
        assert x.grad is not None and not x.grad.any()


def test_an_added_mask_learns():
    mask = rk.Variable(np.zeros((2, 2), np.float64))
    q, k, v = random(2, 3), random(2, 3), random(2, 3)
    F.sum(F.scaled_dot_product_attention(q, k, v, mask) ** 2).backward()
    assert mask.grad is not None and mask.grad.dtype == np.float64
    np.testing.assert_allclose(mask.grad.sum(axis=1), 0, atol=1e-6)  # a shift changes nothing
    assert abs(mask.grad).max() > 1e-3


def test_dropout_only_while_training():
    q, k, v = random(2, 8, 4), random(2, 8, 4), np.ones((2, 8, 1), np.float32)
    rk.seed(0)
    y = F.scaled_dot_product_attention(q, k, v, dropout_ratio=0.5)
    assert y.std() > 0.1 and abs(y.mean() - 1) < 0.5
    with rk.using_config("train", False):
        y = F.scaled_dot_product_attention(q, k, v, dropout_ratio=0.5)
    np.testing.assert_allclose(y, 1, rtol=1e-6)


def test_half_precision_does_not_overflow():
    q = np.full((2, 4096), 6, np.float16)  # q @ q is 147456, more than float16 has
    y = F.scaled_dot_product_attention(q, q, np.array([[1], [3]], np.float16))
    assert y.dtype == np.float16 and (y == 2).all()


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        (((2, 3), (4, 2), (4, 2)), "the features"),
        (((2, 3), (4, 3), (5, 2)), "the positions"),
        (((3,), (4, 3), (4, 2)), r"query \(3,\); expected at least 2 axes"),
        (((2, 2, 3), (3, 4, 3), (3, 4, 2)), "shapes that broadcast"),
        (((2, 3), (4, 3), (4, 2), (3, 4)), "shapes that broadcast"),
    ],
)
def test_shapes_that_do_not_fit(shapes, words):
    with pytest.raises(ShapeError, match=words):
        F.scaled_dot_product_attention(*(np.zeros(s, np.float32) for s in shapes))


def test_other_mistakes():
    x = np.zeros((2, 3), np.float32)
    with pytest.raises(DtypeError, match=r"mask int64 \(2, 2\); expected booleans"):
        F.scaled_dot_product_attention(x, x, x, np.ones((2, 2), np.int64))
    with pytest.raises(DtypeError, match="key int64"):
        F.scaled_dot_product_attention(x, x.astype(np.int64), x)
    with pytest.raises(DtypeError, match="scale=str"):
        F.scaled_dot_product_attention(x, x, x, scale="1")
    with pytest.raises(RangeError, match="ratio"):
        F.scaled_dot_product_attention(x, x, x, dropout_ratio=1.5)
