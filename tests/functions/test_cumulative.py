"""Products and running sums: zeros, nothing, whole numbers."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F


@pytest.mark.parametrize(
    ("x", "gradient"),
    [([2, 3, 4], [12, 8, 6]), ([0, 3, 2], [6, 0, 0]), ([0, 0, 1], [0, 0, 0])],
)
def test_products_with_zeros(x, gradient):
    x = rk.Variable(np.array(x, np.float32))
    F.prod(x).backward()
    assert x.grad.tolist() == gradient


def test_the_second_derivative_of_a_product_with_two_zeros():
    x = rk.Variable(np.array([0.0, 5.0, 0.0]))
    (g,) = rk.grad([F.prod(x)], [x], enable_double_backprop=True)
    assert g.array.tolist() == [0, 0, 0]
    (gg,) = rk.grad([g], [x], [rk.Variable(np.array([1.0, 0.0, 0.0]))])
    assert gg.array.tolist() == [0, 0, 5]


def test_running_products_with_zeros():
    x = rk.Variable(np.array([2.0, 0.0, 3.0, 4.0]))
    y = F.cumprod(x)
    assert y.array.tolist() == [2, 0, 0, 0]
    y.grad = np.ones(4)
    y.backward()
    assert x.grad.tolist() == [1, 2 + 6 + 24, 0, 0]


@pytest.mark.parametrize("function", [F.cumsum, F.cumprod])
def test_without_an_axis_the_array_is_flattened(function):
    x = rk.Variable(np.ones((2, 3), np.float32))
    y = function(x)
    assert y.shape == (6,)
    F.sum(y).backward()
    assert x.grad.tolist() == [[6, 5, 4], [3, 2, 1]]
    assert function(np.array(3.0)).tolist() == [3.0]


def test_nothing_multiplies_to_1():
    x = rk.Variable(np.zeros((2, 0), np.float32))
    y = F.prod(x, 1)
    assert y.array.tolist() == [1, 1]
    F.sum(y).backward()
    assert x.grad.shape == (2, 0)


def test_whole_numbers():
    x = np.array([1, 2, 3], np.int32)
    assert F.cumsum(x).tolist() == [1, 3, 6]
    assert (F.prod(x).item(), F.prod(x).dtype) == (6, np.int64)
