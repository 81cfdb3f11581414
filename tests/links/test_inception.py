"""Inception: the paths, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from renkei import functions as F
from renkei import links as L
from renkei.core.errors import RangeError, UsageError

IMAGE = np.random.default_rng(0).normal(size=(2, 3, 6, 6))


def conv(x, link, pad=0, stride=1):
    b = None if link.b is None else link.b.array
    return F.convolution_2d(x, link.W.array, b, stride, pad)


def relu(x):
    return np.maximum(x, 0)


def test_paths_of_inception(double, rng):
    link = L.Inception(3, 4, 2, 5, 3, 6, 7, bias_init=0.1)
    pooled = F.max_pooling_2d(IMAGE, 3, 1, 1)
    paths = [
        conv(IMAGE, link.conv1),
        conv(relu(conv(IMAGE, link.proj3)), link.conv3, 1),
        conv(relu(conv(IMAGE, link.proj5)), link.conv5, 2),
        conv(pooled, link.projp),
    ]
    y = link(IMAGE)
    assert y.shape == (2, 22, 6, 6)
    assert np.allclose(y.array, relu(np.concatenate(paths, axis=1)))


def normed(x, link, name, pad=0, stride=1):
    h = conv(x, getattr(link, name), pad, stride)
    centred = h - h.mean(axis=(0, 2, 3), keepdims=True)
    return relu(centred / np.sqrt(h.var(axis=(0, 2, 3), keepdims=True) + 2e-5))


@pytest.mark.parametrize(
    ("out1", "pooltype", "proj_pool", "stride"),
    [(4, "max", 7, 1), (4, "avg", 7, 1), (0, "max", None, 2), (0, "avg", 7, 2)],
)
def test_paths_with_normalization(double, out1, pooltype, proj_pool, stride):
    link = L.InceptionBN(3, out1, 2, 5, 2, 6, pooltype, proj_pool, stride)
    paths = [normed(IMAGE, link, "conv1")] if out1 else []
    paths.append(normed(normed(IMAGE, link, "proj3"), link, "conv3", 1, stride))
    h = normed(normed(IMAGE, link, "proj33"), link, "conv33a", 1)
    paths.append(normed(h, link, "conv33b", 1, stride))
    if pooltype == "max":
        pooled = F.max_pooling_2d(IMAGE, 3, stride, 1, cover_all=False)
    else:
        pooled = F.average_pooling_2d(IMAGE, 3, stride, 1)
    paths.append(pooled if proj_pool is None else normed(pooled, link, "poolp"))
    assert np.allclose(link(IMAGE).array, np.concatenate(paths, axis=1))


def test_names_of_parameters():
    link = L.InceptionBN(3, 1, 1, 1, 1, 1, "max", 1)
    layers = ("conv1", "conv3", "conv33a", "conv33b", "poolp", "proj3", "proj33")
    assert {name for name, _ in link.namedlinks(skipself=True)} == {
        f"/{layer}{n}" for layer in layers for n in ("", "n")
    }


def test_open_channels():
    link = L.Inception(None, 1, 1, 1, 1, 1, 1)
    assert link(IMAGE.astype(np.float32)).shape == (2, 4, 6, 6)
    assert link.proj5.in_channels == 3


def test_mistakes():
    with pytest.raises(RangeError, match="pooltype='min'"):
        L.InceptionBN(3, 0, 1, 1, 1, 1, "min")
    with pytest.raises(UsageError, match="out1=1, stride=2"):
        L.InceptionBN(3, 1, 1, 1, 1, 1, "max", 1, 2)
    with pytest.raises(UsageError, match="proj_pool=None"):
        L.InceptionBN(3, 1, 1, 1, 1, 1, "max")
