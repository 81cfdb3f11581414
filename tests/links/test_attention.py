"""Attention with several heads and the Transformer's encoder layer, against loops over heads."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import ShapeError


def affine(link, x):
    return x @ link.W.array.T + link.b.array


def heads_one_by_one(link, x, key, value, allowed):
    q, k, v = affine(link.query, x), affine(link.key, key), affine(link.value, value)
    width = link.size // link.n_heads
    parts = []
    for h in range(link.n_heads):
        own = slice(h * width, (h + 1) * width)
        scores = np.einsum("bmd,bnd->bmn", q[..., own], k[..., own]) / np.sqrt(width)
        weights = np.exp(scores) * allowed
        parts.append(weights / weights.sum(axis=-1, keepdims=True) @ v[..., own])
    return affine(link.out, np.concatenate(parts, axis=-1))


def test_value(double, rng):
    link = L.MultiHeadAttention(3, 6, kv_size=7)
    x, key, value = (rng.normal(size=s) for s in ((2, 4, 6), (2, 5, 7), (2, 5, 7)))
    y = link(x, key, value)
    expected = heads_one_by_one(link, x, key, value, np.ones((2, 4, 5)))
    np.testing.assert_allclose(y.array, expected)
    expected = heads_one_by_one(link, x, key, key, np.ones((2, 4, 5)))
    np.testing.assert_allclose(link(x, key).array, expected)


def test_to_itself_with_masks(double, rng):
    link = L.MultiHeadAttention(2, 4)
    x = rng.normal(size=(2, 3, 4))
    allowed = np.array([[[1, 1, 0]], [[1, 1, 1]]], bool)  # per example, for all queries
    expected = heads_one_by_one(link, x, x, x, allowed)
    np.testing.assert_allclose(link(x, mask=allowed).array, expected)
    np.testing.assert_allclose(link(x, mask=allowed[:, None]).array, expected)
    expected = heads_one_by_one(link, x, x, x, np.tri(3))
    np.testing.assert_allclose(link(x, causal=True).array, expected)
    np.testing.assert_allclose(link(x, mask=np.tri(3, dtype=bool)).array, expected)


def test_bad_sizes():
    with pytest.raises(ShapeError, match="n_heads=3 and size=8"):
        L.MultiHeadAttention(3, 8)
    with pytest.raises(ShapeError, match=r"x \(2, 4\); expected 3 axes"):
        L.MultiHeadAttention(2, 4)(np.zeros((2, 4), np.float32))


def test_dropout_of_weights_only_while_training(rng):
    link = L.MultiHeadAttention(2, 4, dropout_ratio=0.5)
    x = rng.normal(size=(1, 6, 4)).astype(np.float32)
    assert not np.array_equal(link(x).array, link(x).array)
    with rk.using_config("train", False):
        np.testing.assert_array_equal(link(x).array, link(x).array)


@pytest.mark.parametrize("first", [True, False])
def test_encoder_layer(double, rng, first):
    layer = L.TransformerEncoderLayer(2, 4, 5, norm_first=first, activation=F.tanh)
    x = rng.normal(size=(2, 3, 4))
    norm1, norm2 = (lambda a, n=n: n(a).array for n in (layer.norm1, layer.norm2))

    def attend(a):
        return layer.attention(a, causal=True).array

    def forward(a):
        return affine(layer.linear2, np.tanh(affine(layer.linear1, a)))

    with rk.using_config("train", False):
        y = layer(x, causal=True)
        if first:
            h = x + attend(norm1(x))
            expected = h + forward(norm2(h))
        else:
            h = norm1(x + attend(x))
            expected = norm2(h + forward(h))
    np.testing.assert_allclose(y.array, expected)


def test_gradients_reach_every_parameter(rng):
    layer = L.TransformerEncoderLayer(2, 4)
    assert layer.linear1.out_size == 16
    x = rng.normal(size=(2, 3, 4)).astype(np.float32)
    F.sum(layer(x) ** 3).backward()
    for path, param in layer.namedparams():
        assert param.grad is not None, path
        # A shift of all scores of a row changes nothing, so keys need no bias.
        assert (np.abs(param.grad).max() > 1e-4) == (path != "/attention/key/b"), path
