"""EmbedID."""

from __future__ import annotations

import numpy as np
import pytest

from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DtypeError, RangeError


def test_value_and_gradient():
    embed = L.EmbedID(4, 2, initialW=np.arange(8).reshape(4, 2))
    y = embed(np.array([[1, 3], [1, 0]]))
    assert y.array.tolist() == [[[2, 3], [6, 7]], [[2, 3], [0, 1]]]
    F.sum(y).backward()
    assert embed.W.grad.tolist() == [[1, 1], [2, 2], [0, 0], [1, 1]]


def test_ignored_label():
    embed = L.EmbedID(4, 2, ignore_label=-1)
    y = embed(np.array([-1, 2]))
    assert y.array[0].tolist() == [0, 0]
    F.sum(y).backward()
    assert embed.W.grad.tolist() == [[0, 0], [0, 0], [1, 1], [0, 0]]


def test_default_weights_have_variance_one():
    assert abs(L.EmbedID(100, 100).W.array.std() - 1) < 0.05


def test_errors():
    embed = L.EmbedID(4, 2)
    with pytest.raises(RangeError, match="EmbedID 4→2"):
        embed(np.array([4]))
    with pytest.raises(DtypeError):
        embed(np.array([1.0]))
    assert str(embed) == "EmbedID(in_size=4, out_size=2, ignore_label=None)"
