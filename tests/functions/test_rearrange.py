"""Repeating, reversing, striding: edges and errors; the values are in cases/rearrange.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.core.variable import Variable

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (RangeError, lambda: F.tile(X, (2, -1)), r"tile\(x, reps\): got reps=\(2, -1\)"),
        (DtypeError, lambda: F.tile(X, 1.5), "reps=1.5"),
        (DtypeError, lambda: F.tile([1], 2), "an array or a Variable"),
        (RangeError, lambda: F.repeat(X, -1, 0), "repeats=-1; expected numbers of 0 or more"),
        (ShapeError, lambda: F.repeat(X, (1, 2), 1), "2 repeats; expected 1 or 3"),
        (RangeError, lambda: F.repeat(X, 2, 3), "axis=3 for 3 axes"),
        (DtypeError, lambda: F.repeat(X, 1.0), "repeats=1.0"),
        (RangeError, lambda: F.flip(X, 3), r"flip\(x, axis\): got axis=3 for 3 axes"),
        (ShapeError, lambda: F.flip(X, (0, -3)), "each axis at most once"),
        (RangeError, lambda: F.fliplr(X[0, 0]), "axis=1 for 1 axes"),
        (RangeError, lambda: F.flipud(np.array(1.0)), "axis=0 for 0 axes"),
        (RangeError, lambda: F.diagonal(X[0, 0]), r"diagonal\(.*axis=1 for 1 axes"),
        (ShapeError, lambda: F.diagonal(X, 0, 1, 1), "each axis at most once"),
        (ShapeError, lambda: F.as_strided(X, (2, 2), (1,)), "as many of each"),
        (RangeError, lambda: F.as_strided(X, (5, 5), (5, 1)), r"elements 0 to 24; .* in \[0, 24\)"),
        (RangeError, lambda: F.as_strided(X, (2,), (-1,)), "elements -1 to 0"),
        (ShapeError, lambda: F.depth2space(X, 2), r"4 axes: \(batch, channel, height, width\)"),
        (ShapeError, lambda: F.depth2space(X[None], 2), r"r=2; expected X.shape\[1\] a multiple"),
        (ShapeError, lambda: F.space2depth(X[None], 2), r"r=2; expected sides that are multiples"),
        (ShapeError, lambda: F.space2depth(X[None], 0), "r=0"),
    ],
)
def test_errors(error, call, message):
    with pytest.raises(error, match=message):
        call()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 3), max_size=3), st.lists(st.integers(0, 3), max_size=4))
def test_tile_like_numpy(shape, reps):
    x = np.random.default_rng(0).random(shape)
    np.testing.assert_array_equal(F.tile(x, reps), np.tile(x, reps))


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_repeat_like_numpy(data):
    shape = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    size = shape[axis]
    repeats = data.draw(
        st.one_of(st.integers(0, 3), st.lists(st.integers(0, 3), min_size=size, max_size=size))
    )
    x = np.random.default_rng(0).random(shape)
    if repeats == []:  # numpy counts it as one number for all, which it is not
        repeats = 1
    np.testing.assert_array_equal(F.repeat(x, repeats, axis), np.repeat(x, repeats, axis))


@pytest.mark.parametrize("offset", range(-4, 5))
def test_diagonal_like_numpy(offset):
    np.testing.assert_array_equal(F.diagonal(X, offset, 2, 1), X.diagonal(offset, 2, 1))


def test_as_strided_does_not_depend_on_memory_order():
    x = np.arange(6.0).reshape(2, 3)
    y = F.as_strided(x, (2, 2), (3, 1))
    np.testing.assert_array_equal(F.as_strided(np.asfortranarray(x), (2, 2), (3, 1)), y)


def test_elements_that_are_read_twice_get_both_gradients():
    x = Variable(np.arange(4.0))
    F.sum(F.as_strided(x, (3, 2), (1, 1))).backward()
    np.testing.assert_array_equal(x.grad, [1, 2, 2, 1])


def test_space2depth_undoes_depth2space():
    x = np.random.default_rng(0).random((2, 18, 2, 5))
    np.testing.assert_array_equal(F.space2depth(F.depth2space(x, 3), 3), x)
