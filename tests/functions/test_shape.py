"""Shapes and axes: options, edges and errors; the values are in cases/shape.py."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.core.variable import Variable

X = np.arange(24.0).reshape(2, 3, 4)


def test_reshape_of_contiguous_memory_is_a_view():
    assert np.shares_memory(F.reshape(X, (4, 6)), X)
    assert np.shares_memory(F.transpose(X, (2, 0, 1)), X)
    assert np.shares_memory(F.squeeze(X[:1], 0), X)


def test_gradient_of_a_view_has_memory_of_its_own():
    x = Variable(np.zeros((2, 3)))
    y = F.reshape(x, (6,))
    y.grad = np.ones(6)
    y.backward()
    x.grad[0] = 5.0
    seed = np.ones((3, 2))
    z = F.transpose(Variable(np.zeros((2, 3))))
    z.grad = seed
    z.backward()
    assert not np.shares_memory(x.grad, seed)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 4), r"reshape\(x, shape\): got x \(2, 3, 4\) and shape \(4, 4\); .* 24 != 16"),
        ((5, -1), r"24 elements to be a multiple of 5"),
        ((0, -1), r"24 elements to be a multiple of 0"),
        ((-1, -1), r"at most one -1"),
        ((-2, 12), r"sizes of 0 or more"),
    ],
)
def test_reshape_refuses(shape, message):
    with pytest.raises(ShapeError, match=message):
        F.reshape(X, shape)
    with pytest.raises(ShapeError, match=message):
        F.reshape(Variable(X), shape)


def test_a_shape_of_other_things_is_refused():
    with pytest.raises(DtypeError, match=r"reshape\(x, shape\): got shape=\(2.5, 2\)"):
        F.reshape(X, (2.5, 2))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: F.reshape(x, (2,)),
        F.flatten,
        F.transpose,
        lambda x: F.swapaxes(x, 0, 1),
        lambda x: F.moveaxis(x, 0, 1),
        lambda x: F.rollaxis(x, 0),
        lambda x: F.expand_dims(x, 0),
        F.squeeze,
    ],
)
def test_a_list_is_no_array(call):
    with pytest.raises(DtypeError, match=r"got .*\[1, 2\]; expected"):
        call([1, 2])


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (ShapeError, lambda: F.transpose(X, (0, 1)), r"axes=\(0, 1\); expected every axis of x"),
        (ShapeError, lambda: F.transpose(X, (0, 1, 1)), "each axis at most once"),
        (ShapeError, lambda: F.transpose(X, (0, 1, -2)), "each axis at most once"),
        (RangeError, lambda: F.transpose(X, (0, 1, 3)), r"transpose.* axis=3 for 3 axes"),
        (RangeError, lambda: F.swapaxes(X, 0, 3), r"swapaxes\(x, axis1, axis2\): got axis=3"),
        (ShapeError, lambda: F.moveaxis(X, (0, 1), 2), "as many of each"),
        (ShapeError, lambda: F.moveaxis(X, (0, 0), (1, 2)), "each axis at most once"),
        (RangeError, lambda: F.moveaxis(X, 0, -4), "axis=-4 for 3 axes"),
        (RangeError, lambda: F.rollaxis(X, 0, 4), r"start=4 for 3 axes; expected .*\[-3, 3\]"),
        (RangeError, lambda: F.rollaxis(X, 3), "axis=3 for 3 axes"),
        (RangeError, lambda: F.expand_dims(X, 4), r"axis=4 for 4 axes; expected .*\[-4, 4\)"),
        (DtypeError, lambda: F.expand_dims(X, 1.0), "an integer axis"),
        (ShapeError, lambda: F.squeeze(X, 1), r"x \(2, 3, 4\), axis=1; expected an axis of size 1"),
        (RangeError, lambda: F.squeeze(X, 3), "axis=3 for 3 axes"),
    ],
)
def test_axes_are_checked(error, call, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("start", range(-3, 4))
@pytest.mark.parametrize("axis", range(-3, 3))
def test_rollaxis_like_numpy(axis, start):
    assert F.rollaxis(X, axis, start).shape == np.rollaxis(X, axis, start).shape


def test_expand_dims_at_every_place():
    for axis in range(-4, 4):
        assert F.expand_dims(X, axis).shape == np.expand_dims(X, axis).shape
