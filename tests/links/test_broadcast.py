"""Scale, Bias and a parameter alone."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DtypeError, ShapeError, UsageError

X = np.random.default_rng(0).normal(size=(2, 3, 4))


def test_bias_with_a_parameter(double):
    link = L.Bias(1, (3,))
    assert (link.b.array == 0).all()
    link.b.array[...] = [1, 2, 3]
    assert np.allclose(link(X).array, X + np.array([1, 2, 3])[:, None])


def test_bias_as_an_input(double):
    link = L.Bias(0)
    y = link(X, X[:, :, 0])
    assert np.allclose(y.array, X + X[:, :, :1])
    assert list(link.params()) == []


def test_scale_with_parameters(double):
    link = L.Scale(1, (3, 4), bias_term=True)
    assert (link.W.array == 1).all() and link.bias.b.shape == (3, 4)
    link.W.array[...] = np.arange(12).reshape(3, 4)
    link.bias.b.array[...] = 5
    assert np.allclose(link(X).array, X * np.arange(12).reshape(3, 4) + 5)
    assert [path for path, _ in link.namedparams()] == ["/W", "/bias/b"]


def test_scale_as_an_input(double):
    link = L.Scale(0, bias_term=True, bias_shape=(2,))
    link.bias.b.array[...] = [7, 8]
    y = link(X, np.array([2.0, 3.0])).array
    assert np.allclose(y, X * np.array([2, 3])[:, None, None] + np.array([7, 8])[:, None, None])


def test_mistakes():
    with pytest.raises(UsageError, match="bias_term without a shape"):
        L.Scale(bias_term=True)
    with pytest.raises(UsageError, match=r"Bias\(...\).*2 inputs; expected 1 with a parameter b"):
        L.Bias(1, (3,))(X, X)
    with pytest.raises(UsageError, match=r"Scale\(...\).*1 inputs; expected 2 without"):
        L.Scale()(X)
    with pytest.raises(ShapeError, match=r"In the model \(Scale\)"):
        L.Scale(1, (4,))(X.astype(np.float32))
    with pytest.raises(DtypeError, match="an array"):
        L.Parameter([1.0])


def test_parameter():
    link = L.Parameter(np.array([1.0, 2.0], np.float32))
    y = link()
    assert isinstance(y, rk.Variable) and y is not link.W
    F.sum(y * y).backward()
    assert link.W.grad.tolist() == [2, 4]
    assert list(link.state()) == ["W"]
