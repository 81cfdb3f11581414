"""Convolutions: mistakes, and what case rows cannot say."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError


def ones(*shape, dtype=np.float32):
    return np.ones(shape, dtype)


IMAGE, WEIGHT = ones(2, 3, 8, 8), ones(4, 3, 3, 3)

MISTAKES = {
    "channels": (
        lambda: F.convolution_2d(IMAGE, ones(4, 5, 3, 3)),
        ShapeError,
        "convolution_2d(x, W): got x (2, 3, 8, 8) and W (4, 5, 3, 3); expected "
        "x.shape[1] == W.shape[1] * groups, here 3 != 5. "
        "Images are (batch, channel, height, width).",
    ),
    "axes": (
        lambda: F.convolution_2d(ones(3, 8, 8), WEIGHT),
        ShapeError,
        "convolution_2d(x, W): got x (3, 8, 8) and W (4, 3, 3, 3); expected x and W of 4 axes. "
        "Images are (batch, channel, height, width).",
    ),
    "axes of the weight": (
        lambda: F.convolution_1d(ones(1, 3, 8), WEIGHT),
        ShapeError,
        "convolution_1d(x, W): got x (1, 3, 8) and W (4, 3, 3, 3)",
    ),
    "bias": (
        lambda: F.convolution_2d(IMAGE, WEIGHT, ones(3)),
        ShapeError,
        "convolution_2d(x, W, b): got b (3,) and W (4, 3, 3, 3); expected b.shape == (4,)",
    ),
    "kernel": (
        lambda: F.convolution_2d(IMAGE, ones(4, 3, 11, 3), pad=1),
        ShapeError,
        "expected a kernel that fits into the padded input",
    ),
    "groups": (
        lambda: F.convolution_2d(ones(2, 4, 8, 8), ones(6, 1, 3, 3), groups=4),
        ShapeError,
        "groups=4, x (2, 4, 8, 8) and W (6, 1, 3, 3); expected a number of groups that divides",
    ),
    "no groups": (
        lambda: F.convolution_2d(IMAGE, WEIGHT, groups=0),
        ShapeError,
        "groups=0",
    ),
    "stride": (
        lambda: F.convolution_2d(IMAGE, WEIGHT, stride=0),
        RangeError,
        "convolution_2d(x, W, b): got stride=0; expected positive integers",
    ),
    "stride of three": (
        lambda: F.convolution_2d(IMAGE, WEIGHT, stride=(1, 2, 3)),
        ShapeError,
        "stride=(1, 2, 3)",
    ),
    "stride 1.5": (lambda: F.convolution_2d(IMAGE, WEIGHT, stride=1.5), DtypeError, "stride="),
    "pad": (
        lambda: F.convolution_2d(IMAGE, WEIGHT, pad=(0, -1)),
        RangeError,
        "got pad=(0, -1); expected integers that are not negative",
    ),
    "dilate": (lambda: F.convolution_2d(IMAGE, WEIGHT, dilate=0), RangeError, "dilate=0"),
    "integers": (
        lambda: F.convolution_2d(IMAGE.astype(int), WEIGHT),
        DtypeError,
        "x int64 (2, 3, 8, 8) and W float32 (4, 3, 3, 3); expected arrays of floats",
    ),
    "no array": (lambda: F.convolution_2d([[1.0]], WEIGHT), DtypeError, "convolution"),
    "nd of a matrix": (
        lambda: F.convolution_nd(ones(2, 3), ones(4, 3)),
        ShapeError,
        "an array (batch, channel, axis 1, ...)",
    ),
    "deconvolution channels": (
        lambda: F.deconvolution_2d(IMAGE, WEIGHT),
        ShapeError,
        "deconvolution_2d(x, W): got x (2, 3, 8, 8) and W (4, 3, 3, 3); expected "
        "x.shape[1] == W.shape[0], here 3 != 4",
    ),
    "deconvolution bias": (
        lambda: F.deconvolution_2d(IMAGE, ones(3, 4, 3, 3), ones(3)),
        ShapeError,
        "expected b.shape == (4,)",
    ),
    "outsize": (
        lambda: F.deconvolution_2d(IMAGE, ones(3, 4, 3, 3), stride=2, outsize=(17, 20)),
        ShapeError,
        "outsize=(17, 20)",
    ),
    "negative output": (
        lambda: F.deconvolution_2d(ones(1, 1, 1, 1), ones(1, 1, 3, 3), pad=2),
        ShapeError,
        "an output of positive size, not (-1, -1)",
    ),
    "depthwise": (
        lambda: F.depthwise_convolution_2d(IMAGE, ones(2, 4, 3, 3)),
        ShapeError,
        "depthwise_convolution_2d(x, W, b): got x (2, 3, 8, 8) and W (2, 4, 3, 3)",
    ),
    "windows": (lambda: F.im2col(IMAGE, 9), ShapeError, "windows that fit into the padded image"),
    "windows of a matrix": (lambda: F.im2col(ones(3, 3), 2), ShapeError, "x (3, 3)"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named(mistake):
    call, kind, text = mistake
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)


@pytest.mark.parametrize("settings", [{}, {"stride": 2, "pad": 1}, {"dilate": 2, "groups": 2}])
def test_deconvolution_is_the_adjoint(settings):
    rng = np.random.default_rng(0)
    W = rng.normal(size=(4, 4 // settings.get("groups", 1), 3, 3))
    u = rng.normal(size=(2, 4, 7, 9))
    y = F.convolution_2d(u, W, **settings)
    x = rng.normal(size=y.shape)
    back = F.deconvolution_2d(x, W, outsize=(7, 9), **settings)
    assert np.vdot(y, x) == pytest.approx(np.vdot(u, back))


def test_a_large_batch_is_done_in_parts():
    """More windows than the reference kernels unroll at a time."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(5, 8, 72, 72)).astype(np.float32)
    W = rng.normal(size=(2, 8, 3, 3)).astype(np.float32)
    X, V = rk.Variable(x), rk.Variable(W)
    y = F.convolution_2d(X, V, pad=1)
    y.grad = gy = rng.normal(size=y.shape).astype(np.float32)
    y.backward()
    gW = np.zeros_like(W)
    for i in range(5):
        one, v = rk.Variable(x[i : i + 1]), rk.Variable(W)
        z = F.convolution_2d(one, v, pad=1)
        z.grad = gy[i : i + 1]
        z.backward()
        gW += v.grad
        np.testing.assert_allclose(y.array[i], z.array[0], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(X.grad[i], one.grad[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(V.grad, gW, rtol=1e-4, atol=1e-3)


def test_mixed_dtypes_are_computed_in_the_wider_and_gradients_keep_theirs():
    x, W = rk.Variable(ones(1, 2, 4, 4, dtype=np.float16)), rk.Variable(ones(3, 2, 2, 2))
    b = rk.Variable(ones(3, dtype=np.float16))
    y = F.convolution_2d(x, W, b)
    assert y.dtype == np.float32
    y.grad = np.ones_like(y.array)
    y.backward()
    assert (x.grad.dtype, W.grad.dtype, b.grad.dtype) == (np.float16, np.float32, np.float16)


def test_float16_sums_do_not_overflow_on_the_way():
    x = np.array([[[200, 200, -200]]], np.float16)
    assert F.deconvolution_1d(x, np.full((1, 1, 3), 200, np.float16), pad=2).item() == 40000


def test_a_frozen_weight_keeps_no_input():
    x = rk.Variable(ones(1, 2, 4, 4))
    y = F.convolution_2d(x, ones(3, 2, 3, 3))
    assert [k.shape for k in y.creator.kept] == [(3, 2, 3, 3)]


def test_the_result_shares_no_memory_with_the_input():
    x = ones(1, 1, 3, 3)
    assert not np.shares_memory(F.im2col(x, 1), x)
    assert not np.shares_memory(F.convolution_2d(x, ones(1, 1, 1, 1)), x)
