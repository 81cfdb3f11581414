"""Reductions: axes, ties, precision, nothing to reduce, messages."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

REDUCTIONS = [F.sum, F.mean, F.average, F.max, F.min, F.logsumexp, F.prod]


def backward(y):
    y.grad = np.ones_like(y.array)
    y.backward()


@pytest.mark.parametrize("function", [*REDUCTIONS, F.argmax, F.argmin, F.cumsum, F.cumprod])
@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_that_is_not_there_is_named(function, axis):
    with pytest.raises(RangeError, match=rf"{function.__name__}.*axis={axis} for 2 axes") as caught:
        function(np.zeros((2, 3)), axis)
    assert "[-2, 2)" in str(caught.value)


@pytest.mark.parametrize("function", REDUCTIONS)
def test_an_axis_given_twice_is_refused(function):
    with pytest.raises(ShapeError, match="at most once"):
        function(np.zeros((2, 3)), (1, -1))


@pytest.mark.parametrize("function", REDUCTIONS)
def test_an_axis_that_is_no_number_is_refused(function):
    with pytest.raises(DtypeError, match="an integer axis"):
        function(np.zeros((2, 3)), "rows")


@pytest.mark.parametrize("function", [*REDUCTIONS, F.argmax, F.cumsum, F.batch_l2_norm_squared])
def test_lists_are_refused(function):
    with pytest.raises(DtypeError, match="an array or a Variable"):
        function([1.0, 2.0])


@pytest.mark.parametrize("function", [*REDUCTIONS, F.argmax, F.argmin])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_full_reductions_give_arrays_without_axes(function, dtype):
    x = np.ones((2, 3), dtype)
    y = function(x)
    assert isinstance(y, np.ndarray)
    assert y.shape == ()
    assert y.dtype == (np.int32 if function in (F.argmax, F.argmin) else dtype)
    assert isinstance(function(rk.Variable(x)), rk.Variable)


def test_half_precision_is_summed_in_single():
    x = np.ones((8192, 2), np.float16)
    assert F.sum(x, 0).tolist() == [8192, 8192]
    assert F.mean(np.full((70000,), 8.0, np.float16)) == 8
    assert F.cumsum(x, 0)[-1].tolist() == [8192, 8192]
    assert F.logsumexp(np.zeros(4096, np.float16)) == pytest.approx(np.log(4096), rel=1e-3)


def test_whole_numbers():
    x = np.array([[1, 2], [3, 4]], np.int32)
    assert (F.sum(x).item(), F.sum(x).dtype) == (10, np.int64)
    assert F.max(x, 0).tolist() == [3, 4]
    assert F.sum(rk.Variable(x)).creator is None
    with pytest.raises(DtypeError, match="floating numbers"):
        F.mean(x)
    with pytest.raises(DtypeError, match="floating numbers"):
        F.logsumexp(x)


def test_nothing_sums_to_0():
    x = rk.Variable(np.zeros((0, 3), np.float32))
    y = F.sum(x)
    assert y.array == 0
    y.backward()
    assert x.grad.shape == (0, 3)
    assert F.sum(x, 0).array.tolist() == [0, 0, 0]
    assert F.logsumexp(x, 0).array.tolist() == [-np.inf] * 3


@pytest.mark.parametrize("function", [F.max, F.min, F.argmax, F.argmin])
def test_nothing_has_no_extreme(function):
    with pytest.raises(ShapeError, match=r"\(0, 3\).*at least one element"):
        function(np.zeros((0, 3)))
    with pytest.raises(ShapeError, match="at least one element"):
        function(rk.Variable(np.zeros((0, 3))), 0)
    assert function(np.zeros((0, 3)), 1).shape == (0,)


@pytest.mark.parametrize(("function", "x"), [(F.max, [3, 3, 1]), (F.min, [0, 0, 1])])
def test_all_ties_receive_the_gradient(function, x):
    x = rk.Variable(np.array(x, np.float32))
    backward(function(x))
    assert x.grad.tolist() == [1, 1, 0]


def test_the_first_of_equal_numbers_is_found():
    assert F.argmax(np.array([1, 3, 3])) == 1
    assert F.argmin(np.array([3, 1, 1])) == 1
    assert not F.argmax(rk.Variable(np.ones(3))).requires_grad


def test_rows_of_minus_infinity():
    x = rk.Variable(np.array([[-np.inf, -np.inf], [0.0, 0.0], [0.0, -np.inf]], np.float32))
    y = F.logsumexp(x, 1)
    assert y.array.tolist() == pytest.approx([-np.inf, np.log(2), 0])
    backward(y)
    assert x.grad.tolist() == [[0, 0], [0.5, 0.5], [1, 0]]


def test_weights_of_the_wrong_shape_are_refused():
    x = np.zeros((2, 3))
    with pytest.raises(ShapeError, match=r"weights \(2,\).*\(3,\), the sizes along"):
        F.average(x, 1, np.ones(2))
    with pytest.raises(ShapeError, match=r"\(2, 3\)"):
        F.mean(x, weights=np.ones(6))
    with pytest.raises(DtypeError, match=r"weights list \[1\]"):
        F.mean(x, 0, [1])


def test_weights_may_want_gradients_alone():
    x, w = np.array([1.0, 5.0]), rk.Variable(np.array([1.0, 3.0]))
    y = F.average(x, 0, w)
    assert y.array == 4
    y.backward()
    assert w.grad.tolist() == [-0.75, 0.25]


def test_norms_need_a_batch():
    with pytest.raises(ShapeError, match=r"\(batch, ...\)"):
        F.batch_l2_norm_squared(np.zeros(3))


def test_sums_keep_no_array():
    x = rk.Variable(np.ones((2, 3), np.float32))
    assert F.sum(x).creator.kept == []
    assert F.mean(x, 0).creator.kept == []


def test_methods():
    x = rk.Variable(np.array([[1.0, 2.0], [3.0, 5.0]]))
    assert x.sum(axis=0).array.tolist() == [4, 7]
    assert x.mean(1, keepdims=True).array.tolist() == [[1.5], [4.0]]
    assert (x.max().item(), x.min().item(), x.prod().item()) == (5, 1, 30)
