"""Relatives of the convolution: values, open sizes, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DtypeError, RenkeiError, ShapeError

IMAGE = np.random.default_rng(0).normal(size=(2, 3, 6, 7))


def shapes(link):
    return {path: p.shape for path, p in link.namedparams()}


def test_dilated(double):
    link = L.DilatedConvolution2D(3, 4, 3, 1, 2, 2)
    expected = F.convolution_2d(IMAGE, link.W.array, link.b.array, pad=2, dilate=2)
    assert np.allclose(link(IMAGE).array, expected)
    assert shapes(link) == {"/W": (4, 3, 3, 3), "/b": (4,)}


def test_depthwise(double, rng):
    link = L.DepthwiseConvolution2D(3, 2, (3, 2), 2, 1, initial_bias=rng.normal(size=6))
    y = link(IMAGE).array
    for c in range(3):
        kernels = link.W.array[:, c : c + 1]
        alone = F.convolution_2d(IMAGE[:, c : c + 1], kernels, stride=2, pad=1)
        bias = link.b.array[2 * c : 2 * c + 2].reshape(2, 1, 1)
        assert np.allclose(y[:, 2 * c : 2 * c + 2], alone + bias)


def test_local(double, rng):
    link = L.LocalConvolution2D(3, 2, (6, 7), 3, (1, 2), initial_bias=rng.normal(size=(2, 4, 3)))
    y = link(IMAGE).array
    for i, j in np.ndindex(4, 3):
        part = IMAGE[:, :, i : i + 3, 2 * j : 2 * j + 3]
        there = np.einsum("ncuv,ocuv->no", part, link.W.array[:, i, j])
        assert np.allclose(y[:, :, i, j], there + link.b.array[:, i, j])


def test_deformable(double, rng):
    link = L.DeformableConvolution2D(3, 4, 3, 2, 1, deform_initialW=rng.normal(size=(4, 3, 3, 3)))
    assert shapes(link) == {
        "/deform_conv/W": (4, 3, 3, 3),
        "/deform_conv/b": (4,),
        "/offset_conv/W": (18, 3, 3, 3),
        "/offset_conv/b": (18,),
    }
    offset = link.offset_conv(IMAGE)
    W = link.deform_conv.W
    expected = F.deformable_convolution_2d_sampler(IMAGE, offset, W, stride=2, pad=1)
    assert np.allclose(link(IMAGE).array, expected.array)
    link.offset_conv.W.array[...] = 0
    assert np.allclose(link(IMAGE).array, F.convolution_2d(IMAGE, W, stride=2, pad=1).array)


def test_deformable_weights_are_zero_at_first():
    link = L.DeformableConvolution2D(None, 4, 3, deform_nobias=True, offset_nobias=True)
    y = link(IMAGE.astype(np.float32))
    assert (y.array == 0).all() and link.offset_conv.W.array.any()
    assert sorted(shapes(link)) == ["/deform_conv/W", "/offset_conv/W"]


def test_layers_behind_a_convolution(double):
    link = L.MLPConvolution2D(3, (5, 4, 2), 3, activation=F.tanh)
    expected = F.tanh(F.tanh(link[0](IMAGE)))
    expected = link[2](F.tanh(link[1](F.tanh(link[0](IMAGE)))))
    assert np.array_equal(link(IMAGE).array, expected.array)
    assert [layer.W.shape for layer in link] == [(5, 3, 3, 3), (4, 5, 1, 1), (2, 4, 1, 1)]


@pytest.mark.parametrize(
    ("link", "sizes"),
    [
        (L.DilatedConvolution2D(4, 3), {"/W": (4, 3, 3, 3), "/b": (4,)}),
        (L.DepthwiseConvolution2D(None, 2, 3), {"/W": (2, 3, 3, 3), "/b": (6,)}),
        (L.LocalConvolution2D(None, 2, ksize=3), {"/W": (2, 4, 5, 3, 3, 3), "/b": (2, 4, 5)}),
        (L.LocalConvolution2D(3, 2, None, 6, nobias=True), {"/W": (2, 1, 2, 3, 6, 6)}),
    ],
)
def test_open_sizes(link, sizes):
    assert not link.W.is_initialized
    for x in (IMAGE[0], None):
        with pytest.raises(RenkeiError):
            link(x)
        assert not link.W.is_initialized
    link(IMAGE.astype(np.float32))
    assert shapes(link) == sizes


def test_open_channels_of_layers():
    link = L.MLPConvolution2D((5, 2), 3)
    assert link(IMAGE.astype(np.float32)).shape == (2, 2, 4, 5)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: L.LocalConvolution2D(3, 2, 6), RenkeiError, "ksize"),
        (lambda: L.LocalConvolution2D(3, 2, 6, 7), ShapeError, "windows that fit"),
        (lambda: L.MLPConvolution2D(3, (), 3), DtypeError, "one or more"),
        (lambda: L.MLPConvolution2D(3, 8, 3), DtypeError, "out_channels=int 8"),
        (lambda: L.DepthwiseConvolution2D(3, 2, (3, 3, 3)), ShapeError, "ksize"),
        (lambda: L.DepthwiseConvolution2D(-1, 2, 3), RenkeiError, "in_channels"),
        (lambda: L.DeformableConvolution2D(3, 2, (3,)), ShapeError, "ksize"),
    ],
)
def test_mistakes(make, error, message):
    with pytest.raises(error, match=message):
        make()
