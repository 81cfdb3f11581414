"""Indexing against NumPy for every kind of index, and errors; more values in cases/indexing.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import renkei.functions as F
from renkei.core.config import scoped
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.core.graph import grad
from renkei.core.variable import Variable
from renkei.functions.indexing import GetItem, _pattern

X = np.arange(24.0).reshape(2, 3, 4)


@st.composite
def indexed_shapes(draw):
    """A shape and any index of it: basic, arrays of integers, masks, mixed."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    kind = draw(st.sampled_from(["basic", "fancy", "mask"]))
    if kind == "basic":
        return shape, draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=6))
    if kind == "mask":
        first = draw(st.integers(0, len(shape)))
        last = draw(st.integers(first, len(shape)))
        mask = draw(hnp.arrays(bool, shape[first:last]))
        return shape, (*(slice(None),) * first, mask)
    result = draw(hnp.broadcastable_shapes((2, 3), max_dims=2, max_side=3))
    parts = []
    for size in shape[: draw(st.integers(0, len(shape)))]:
        if size and draw(st.booleans()):
            part = draw(hnp.arrays(int, result, elements=st.integers(-size, size - 1)))
            parts.append(draw(st.sampled_from([part, part.tolist()])))
        elif size and draw(st.booleans()):
            parts.append(draw(st.integers(-size, size - 1)))
        else:
            parts.append(draw(st.slices(size)))
        if draw(st.integers(0, 4)) == 0:
            parts.append(None)
    if draw(st.booleans()):
        parts.append(Ellipsis)
    return shape, tuple(parts)


@settings(deadline=None, max_examples=250)
@given(indexed_shapes())
def test_like_numpy(given_index):
    shape, index = given_index
    x = Variable(np.arange(1.0, np.prod(shape) + 1).reshape(shape))
    expected = np.asarray(x.array[index])
    y = x[index]
    assert isinstance(y.array, np.ndarray)
    np.testing.assert_array_equal(y.array, expected)
    pattern, arrays = _pattern(x, index)
    assert GetItem(pattern).check(x.array, *arrays) == (expected.shape, x.dtype)

    # Element k of x is in y as often as its number is in the indexed numbers.
    numbers = np.asarray(np.arange(x.size).reshape(shape)[index])
    gy = np.random.default_rng(0).integers(1, 9, y.shape).astype(float)
    y.grad = gy
    y.backward()
    counted = np.bincount(numbers.ravel(), gy.ravel(), x.size)
    np.testing.assert_array_equal(x.grad, counted.reshape(shape))


def test_every_order_of_gradient():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = F.sum(x[[0, 2, 2]] ** 3)
    (gx,) = grad([y], [x], enable_double_backprop=True)
    np.testing.assert_allclose(gx.array, [3, 0, 54])
    (ggx,) = grad([F.sum(gx)], [x], enable_double_backprop=True)
    np.testing.assert_allclose(ggx.array, [6, 0, 36])
    (gggx,) = grad([F.sum(ggx)], [x])
    np.testing.assert_allclose(gggx.array, [6, 0, 12])


def test_slices_are_views_and_arrays_copies():
    assert np.shares_memory(F.get_item(X, (0, slice(None, None, -1))), X)
    assert not np.shares_memory(F.get_item(X, [0, 1]), X)


def test_half_precision_sums_in_single():
    x = Variable(np.zeros(1, np.float16))
    y = x[np.zeros(4096, int)]
    y.grad = np.ones(4096, np.float16)
    y.backward()
    assert x.grad.dtype == np.float16
    assert x.grad[0] == 4096


def test_an_index_may_be_a_variable():
    x = Variable(X)
    np.testing.assert_array_equal(x[Variable(np.array([1, 0]))].array, X[[1, 0]])
    np.testing.assert_array_equal(x[:, Variable(np.array(2))].array, X[:, 2])


@pytest.mark.parametrize(
    ("error", "index", "message"),
    [
        (
            RangeError,
            2,
            r"get_item\(x, slices\): got index 2 for axis 0 of x \(2, 3, 4\); .*\[-2, 2\)",
        ),
        (RangeError, (0, -4), "index -4 for axis 1"),
        (RangeError, (Ellipsis, 4), "index 4 for axis 2"),
        (RangeError, (slice(None), [0, 3, 5]), "index 3 for axis 1"),
        (RangeError, (np.array([[0, -3]]), 0), "index -3 for axis 0"),
        (RangeError, (Ellipsis, np.array([9])), "index 9 for axis 2"),
        (RangeError, (0, 0, 0, 0), r"4 indexes for x \(2, 3, 4\); expected at most 3"),
        (RangeError, (Ellipsis, 0, Ellipsis), "at most one Ellipsis"),
        (ShapeError, np.ones(3, bool), r"a boolean mask \(3,\) for axes \(2,\)"),
        (ShapeError, (0, np.ones((3, 3), bool)), r"mask \(3, 3\) for axes \(3, 4\)"),
        (ShapeError, (Ellipsis, np.ones(3, bool)), r"mask \(3,\) for axes \(4,\)"),
        (ShapeError, ([0, 1], [0, 1, 2]), "shapes that broadcast"),
        (DtypeError, 1.0, "slices with float 1.0; expected integers, slices"),
        (DtypeError, np.array(1.0), r"slices with float64 \(\)"),
        (DtypeError, "a", "slices with str 'a'"),
        (DtypeError, (0, np.zeros(2)), r"slices with float64 \(2,\)"),
    ],
)
def test_bad_indexes(error, index, message):
    for x in (X, Variable(X)):
        with pytest.raises(error, match=message):
            F.get_item(x, index)


def test_errors_without_checks():
    with scoped(type_check=False), pytest.raises(RangeError, match="index 7 for axis 0"):
        F.get_item(X, [7])


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (DtypeError, lambda: F.get_item([1], 0), "expected an array or a Variable"),
        (ShapeError, lambda: F.scatter_add(X, 0, np.zeros((2, 4))), "scatter_add"),
        (
            ShapeError,
            lambda: F.scatter_add(X, 0, np.zeros((2, 3, 4))),
            r"b \(2, 3, 4\) for \(3, 4\)",
        ),
        (DtypeError, lambda: F.scatter_add(X, 0, np.float32(1)), "float64 and float32"),
        (DtypeError, lambda: F.scatter_add(X, 0, 1.0), "expected arrays or Variables"),
        (RangeError, lambda: F.scatter_add(X, 2, X[0]), "index 2 for axis 0"),
        (RangeError, lambda: F.select_item(X[0], np.array([0, 1, 4])), r"t\[2\] = 4; .*\[0, 4\)"),
        (RangeError, lambda: F.select_item(X[0], np.array([-1, 1, 4])), r"t\[0\] = -1"),
        (
            ShapeError,
            lambda: F.select_item(X[0], np.array([0])),
            r"expected x \(n, c\) and t \(n,\)",
        ),
        (ShapeError, lambda: F.select_item(X, np.array([0, 0])), r"x \(n, c\)"),
        (DtypeError, lambda: F.select_item(X[0], np.zeros(3)), "expected an integer array"),
        (DtypeError, lambda: F.where(X, X, X), r"condition float64 \(2, 3, 4\); .*Compare, as in"),
        (DtypeError, lambda: F.where([True], X, X), "expected a boolean array"),
        (DtypeError, lambda: F.where(X > 0, X, X.astype("f")), "float64 and float32"),
        (DtypeError, lambda: F.where(X > 0, X, "a"), "y str 'a'"),
        (ShapeError, lambda: F.where(X > 0, X, X[:, :2]), r"where\(condition, x, y\)"),
        (ShapeError, lambda: F.permutate(X, np.array([0])), r"indices \(1,\); expected \(2,\)"),
        (RangeError, lambda: F.permutate(X, np.array([0, 2])), r"indices\[1\] = 2; .*\[0, 2\)"),
        (RangeError, lambda: F.permutate(X, np.array([1, 1])), "expected each value once"),
        (RangeError, lambda: F.permutate(X, np.array([0, 1]), 3), "axis=3 for 3 axes"),
        (DtypeError, lambda: F.permutate(X, [1, 0]), "indices list .1, 0.; expected an integer"),
    ],
)
def test_errors(error, call, message):
    with pytest.raises(error, match=message):
        call()


def test_where_keeps_what_is_not_taken_out_of_the_gradient():
    x = Variable(np.array([0.0, 4.0]))
    y = F.where(x.array > 0, F.sqrt(F.where(x.array > 0, x, 1.0)), 0.0)
    F.sum(y).backward()
    np.testing.assert_array_equal(x.grad, [0, 0.25])
    a = Variable(np.ones(2))
    z = F.where(np.array([True, False]), a, 0.0)
    z.grad = np.array([1.0, np.inf])
    z.backward()
    np.testing.assert_array_equal(a.grad, [1, 0])


def test_where_with_numbers_keeps_the_dtype():
    x = np.ones(2, np.float32)
    assert F.where(x > 0, x, 0.5).dtype == np.float32
    assert F.where(x > 0, 1, Variable(x)).dtype == np.float32


def test_scatter_add_leaves_its_argument_alone():
    a = np.zeros(3)
    F.scatter_add(a, [0, 0], np.ones(2))
    np.testing.assert_array_equal(a, 0)


def test_permutations_undo_themselves():
    x, order = np.arange(10.0).reshape(5, 2), np.array([3, 1, 4, 0, 2])
    np.testing.assert_array_equal(F.permutate(F.permutate(x, order), order, inv=True), x)
    assert F.permutate(x[:0], order[:0]).shape == (0, 2)
