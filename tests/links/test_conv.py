"""Convolutions and their transposes."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import links as L
from renkei.core.errors import RenkeiError, ShapeError


def correlated(x, W, b):
    """The definition, one output at a time: stride 1, no padding."""
    n, _, h, w = x.shape
    o, _, kh, kw = W.shape
    y = np.zeros((n, o, h - kh + 1, w - kw + 1))
    for index in np.ndindex(y.shape):
        i, k, top, left = index
        y[index] = (x[i, :, top : top + kh, left : left + kw] * W[k]).sum() + b[k]
    return y


def test_value(rng):
    conv = L.Convolution2D(2, 3, (3, 2), initial_bias=rng.normal(size=3))
    x = rng.normal(size=(2, 2, 5, 4)).astype(np.float32)
    expected = correlated(x, conv.W.array, conv.b.array)
    assert np.allclose(conv(x).array, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "shape", "out"),
    [
        (lambda: L.Convolution2D(4, 6, 3, 2, 1, groups=2), (1, 4, 7, 7), (1, 6, 4, 4)),
        (lambda: L.Convolution2D(2, 3, 3, dilate=2), (1, 2, 7, 7), (1, 3, 3, 3)),
        (lambda: L.Convolution2D(2, 3, 2, 2, cover_all=True), (1, 2, 5, 5), (1, 3, 3, 3)),
        (lambda: L.Deconvolution2D(4, 6, 4, 2, 1, groups=2), (1, 4, 3, 3), (1, 6, 6, 6)),
        (lambda: L.Deconvolution2D(2, 3, 3, 2, outsize=(8, 8)), (1, 2, 3, 3), (1, 3, 8, 8)),
        (lambda: L.Convolution1D(2, 3, 3, nobias=True), (2, 2, 6), (2, 3, 4)),
        (lambda: L.Convolution3D(2, 3, 2), (1, 2, 3, 3, 3), (1, 3, 2, 2, 2)),
        (lambda: L.ConvolutionND(1, 2, 3, 3, pad=1), (2, 2, 6), (2, 3, 6)),
        (lambda: L.Deconvolution1D(2, 3, 3, stride=2), (2, 2, 3), (2, 3, 7)),
        (lambda: L.Deconvolution3D(2, 1, 2, nobias=True), (1, 2, 2, 2, 2), (1, 1, 3, 3, 3)),
        (lambda: L.DeconvolutionND(1, 2, 3, 3), (2, 2, 3), (2, 3, 5)),
    ],
)
def test_shapes(make, shape, out):
    assert make()(np.ones(shape, np.float32)).shape == out


def test_transpose_is_the_adjoint(double, rng):
    conv = L.Convolution2D(2, 3, 3, stride=2, pad=1, nobias=True)
    deconv = L.Deconvolution2D(3, 2, 3, stride=2, pad=1, nobias=True, initialW=conv.W.array)
    x, y = rng.normal(size=(1, 2, 5, 5)), rng.normal(size=(1, 3, 3, 3))
    there = (conv(x).array * y).sum()
    back = (deconv(y).array * x).sum()
    assert np.isclose(there, back)


@pytest.mark.parametrize(
    ("link", "shape", "w_shape", "channels"),
    [
        (L.Convolution2D(None, 6, 3, groups=2), (1, 4, 5, 5), (6, 2, 3, 3), 4),
        (L.Convolution2D(6, 3), (1, 4, 5, 5), (6, 4, 3, 3), 4),
        (L.Deconvolution2D(6, 3, groups=2), (1, 4, 5, 5), (4, 3, 3, 3), 4),
        (L.ConvolutionND(1, 6, 3), (1, 4, 5), (6, 4, 3), 4),
        (L.Deconvolution1D(None, 6, 3), (1, 4, 5), (4, 6, 3), 4),
    ],
)
def test_open_channels(link, shape, w_shape, channels):
    assert link.in_channels is None
    link(np.ones(shape, np.float32))
    assert link.W.shape == w_shape
    assert (link.in_channels, link.out_channels, link.ksize) == (channels, 6, 3)


def test_an_unfit_first_input_leaves_the_size_open():
    conv = L.Convolution2D(None, 2, 3)
    with pytest.raises(ShapeError, match=r"x \(3, 8, 8\); expected 4 axes.*Convolution2D \?→2"):
        conv(np.ones((3, 8, 8), np.float32))
    assert not conv.W.is_initialized


def test_groups_must_divide():
    with pytest.raises(ShapeError, match="3 input and 4 output channels in 2 groups"):
        L.Convolution2D(3, 4, 3, groups=2)
    with pytest.raises(ShapeError, match="in 3 groups"):
        L.Convolution2D(None, 6, 3, groups=3)(np.ones((1, 4, 5, 5), np.float32))


def test_window_of_the_wrong_length():
    with pytest.raises(RenkeiError, match="ksize"):
        L.Convolution2D(3, 4, (3, 3, 3))


def test_weights_of_chainer_shape_and_text():
    conv = L.Convolution2D(3, 8, 5)
    assert {k: v.shape for k, v in conv.state().items()} == {"W": (8, 3, 5, 5), "b": (8,)}
    assert str(conv) == (
        "Convolution2D(in_channels=3, out_channels=8, ksize=5, stride=1, pad=0, nobias=False, "
        "dilate=1, groups=1)"
    )
    with pytest.raises(ShapeError, match=r"In the model \(Convolution2D 3→8\)"):
        conv(np.ones((1, 4, 8, 8), np.float32))
    assert isinstance(conv(rk.Variable(np.ones((1, 3, 8, 8), np.float32))), rk.Variable)
