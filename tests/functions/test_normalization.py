"""Normalizations: mistakes, running averages, precision."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError


def ones(*shape, dtype=np.float32):
    return np.ones(shape, dtype)


IMAGE = ones(2, 3, 4, 4)

MISTAKES = {
    "gamma": (
        lambda: F.batch_normalization(IMAGE, ones(4), ones(3)),
        ShapeError,
        "batch_normalization(x, gamma, beta): got x (2, 3, 4, 4) and gamma (4,); "
        "expected gamma.shape == (3,)",
    ),
    "beta": (
        lambda: F.batch_normalization(IMAGE, ones(3), ones(3, 1)),
        ShapeError,
        "beta (3, 1); expected beta.shape == (3,)",
    ),
    "running mean": (
        lambda: F.batch_normalization(IMAGE, ones(3), ones(3), running_mean=ones(2)),
        ShapeError,
        "running_mean (2,)",
    ),
    "a vector": (
        lambda: F.batch_normalization(ones(3), ones(3), ones(3)),
        ShapeError,
        "an array (batch, channel, ...)",
    ),
    "axis": (
        lambda: F.batch_normalization(IMAGE, ones(3), ones(3), axis=(0, 4)),
        RangeError,
        "axis=4 for 4 axes",
    ),
    "integers": (
        lambda: F.batch_normalization(IMAGE.astype(int), ones(3), ones(3)),
        DtypeError,
        "x int64 (2, 3, 4, 4); expected an array of floats",
    ),
    "fixed": (
        lambda: F.fixed_batch_normalization(IMAGE, ones(3), ones(3), ones(3), ones(4)),
        ShapeError,
        "fixed_batch_normalization(x, gamma, beta, mean, var): got x (2, 3, 4, 4) and var (4,)",
    ),
    "layer": (
        lambda: F.layer_normalization(IMAGE[:, :, 0, 0], ones(4), ones(4)),
        ShapeError,
        "layer_normalization(x, gamma, beta): got x (2, 3) and gamma (4,)",
    ),
    "layer without batch": (
        lambda: F.layer_normalization(ones(3), ones(3), ones(3)),
        ShapeError,
        "The first axis of x is the batch.",
    ),
    "groups": (
        lambda: F.group_normalization(IMAGE, 2, ones(3), ones(3)),
        ShapeError,
        "groups=2 and x (2, 3, 4, 4); expected groups that divide x.shape[1]",
    ),
    "group gamma": (
        lambda: F.group_normalization(IMAGE, 3, ones(1), ones(3)),
        ShapeError,
        "gamma (1,)",
    ),
    "normalize axis": (lambda: F.normalize(IMAGE, axis=4), RangeError, "axis=4"),
    "normalize integers": (lambda: F.normalize(IMAGE.astype(int)), DtypeError, "x int64"),
    "response": (lambda: F.local_response_normalization(IMAGE, n=0), RangeError, "n=0"),
    "response of a vector": (
        lambda: F.local_response_normalization(ones(3)),
        ShapeError,
        "float32 (3,)",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named(mistake):
    call, kind, text = mistake
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)


def test_running_averages_are_updated_in_place():
    x = np.random.default_rng(0).normal(3, 2, (4, 2, 3)).astype(np.float32)
    mean, var = np.full(2, 10, np.float32), np.full(2, 20, np.float32)
    F.batch_normalization(rk.Variable(x), ones(2), ones(2), 2e-5, mean, var, 0.75)
    np.testing.assert_allclose(mean, 7.5 + 0.25 * x.mean((0, 2)), rtol=1e-6)
    np.testing.assert_allclose(var, 15 + 0.25 * x.var((0, 2), ddof=1), rtol=1e-6)


def test_of_one_value_the_running_variance_is_zero():
    mean, var = np.zeros(3, np.float32), np.ones(3, np.float32)
    x = np.array([[1, 2, 3]], np.float32)
    y = F.batch_normalization(x, ones(3), ones(3), running_mean=mean, running_var=var, decay=0.5)
    assert (y == 1).all()
    assert mean.tolist() == [0.5, 1, 1.5]
    assert var.tolist() == [0.5] * 3


def test_an_empty_batch_leaves_running_averages_alone():
    mean, var = np.zeros(3, np.float32), np.ones(3, np.float32)
    F.batch_normalization(ones(0, 3), ones(3), ones(3), running_mean=mean, running_var=var)
    assert (mean == 0).all()
    assert (var == 1).all()


def test_float16_with_float32_parameters():
    x = (np.random.default_rng(1).normal(1000, 1, (64, 3)) // 1).astype(np.float16)
    gamma, beta = rk.Variable(ones(3)), rk.Variable(ones(3))
    mean, var = np.zeros(3, np.float32), np.zeros(3, np.float32)
    X = rk.Variable(x)
    y = F.batch_normalization(X, gamma, beta, running_mean=mean, running_var=var, decay=0)
    assert y.dtype == np.float16
    np.testing.assert_allclose(mean, x.astype(float).mean(0), rtol=1e-6)
    np.testing.assert_allclose(var, x.astype(float).var(0, ddof=1), rtol=1e-5)
    F.sum(y).backward()
    assert (X.grad.dtype, gamma.grad.dtype) == (np.float16, np.float32)


def test_float16_statistics_are_summed_in_float32():
    x = np.full((1000, 1), 100, np.float16)
    x[::2] = 102
    one = np.ones(1, np.float16)
    np.testing.assert_allclose(F.batch_normalization(x, one, 0 * one)[:2, 0], [1, -1], rtol=2e-3)
    row = np.ones(1000, np.float16)
    y = F.layer_normalization(x.T.copy(), row, 0 * row)
    np.testing.assert_allclose(y[0, :2], [1, -1], rtol=2e-3)


def test_a_large_mean_does_not_swallow_the_variance():
    x = np.array([[4096.0], [4097.0], [4098.0]], np.float32)
    y = F.batch_normalization(x, ones(1), 0 * ones(1), eps=0)
    np.testing.assert_allclose(y.ravel(), [-(1.5**0.5), 0, 1.5**0.5], rtol=1e-6, atol=1e-6)
    z = F.layer_normalization(x.T, ones(3), 0 * ones(3), eps=0)
    np.testing.assert_allclose(z.ravel(), y.ravel(), atol=1e-6)


def test_the_recording_sweep_agrees_with_the_gradient_kernel_in_float16():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(8, 4)).astype(np.float16)
    found = []
    for double in (False, True):
        X, g, b = (rk.Variable(a) for a in (x, ones(4), ones(4)))
        y = F.batch_normalization(X, g, b)
        y.grad = x[::-1].copy()
        y.backward(enable_double_backprop=double)
        found.append((X.grad, g.grad, b.grad))
    for one, other in zip(*found):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=5e-3, atol=5e-3)


def test_a_vector_of_zeros_has_no_direction():
    x = rk.Variable(np.array([[0, 0], [3, 4]], np.float32))
    y = F.normalize(x)
    np.testing.assert_allclose(y.array, [[0, 0], [0.6, 0.8]], rtol=1e-5)
    F.sum(y).backward(enable_double_backprop=True)
    F.sum(x.grad_var).backward()
    assert np.isfinite(x.grad).all()
