"""Elementary functions: what has no gradient, limits, dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError

UNARY = [
    F.arccos, F.arcsin, F.arctan, F.arctanh, F.ceil, F.cos, F.cosh, F.exp, F.expm1, F.fix, F.floor,
    F.log, F.log1p, F.log2, F.log10, F.rsqrt, F.sign, F.sin, F.sinh, F.sqrt, F.square, F.tan,
]  # fmt: skip


@pytest.mark.parametrize("function", [F.ceil, F.floor, F.fix, F.sign])
def test_steps_are_cut_off_the_graph(function):
    x = rk.Variable(np.array([1.5, -1.5], np.float32))
    y = function(x)
    assert isinstance(y, rk.Variable)
    assert not y.requires_grad
    assert y.creator is None


@pytest.mark.parametrize("function", UNARY)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtype_and_type_stay(function, dtype):
    for x in (np.array(0.5, dtype), np.full((2, 3), 0.5, dtype), np.zeros((0, 3), dtype)):
        y = function(x)
        assert isinstance(y, np.ndarray)
        assert (y.dtype, y.shape) == (x.dtype, x.shape)
        assert isinstance(function(rk.Variable(x)), rk.Variable)


def test_whole_numbers_become_floating_ones():
    assert F.exp(np.array([0, 0])).dtype == np.float64
    assert F.sqrt(rk.Variable(np.array([4]))).array.tolist() == [2.0]


def test_clip_passes_the_gradient_at_its_limits():
    x = rk.Variable(np.array([-1.0, 1.0, 2.0, 0.0], np.float32))
    y = F.clip(x, -1, 1)
    assert y.array.tolist() == [-1, 1, 1, 0]
    F.sum(y).backward()
    assert x.grad.tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize("limits", [(2, 1), (np.nan, 1.0), (0.0, np.nan)])
def test_limits_in_the_wrong_order_are_refused(limits):
    with pytest.raises(RangeError, match="x_min <= x_max"):
        F.clip(np.zeros(3), *limits)


def test_the_square_root_is_steep_at_0():
    x = rk.Variable(np.zeros(1, np.float32))
    y = F.sqrt(x)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        y.backward()
    assert x.grad.tolist() == [np.inf]


def test_angles_in_all_quadrants():
    y = F.arctan2(np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, -1.0, 1.0]))
    assert np.rad2deg(y) == pytest.approx([45, 135, -135, -45])


@pytest.mark.parametrize("function", [F.exp, F.floor, F.sin])
def test_lists_are_refused(function):
    with pytest.raises(DtypeError, match="list"):
        function([1.0, 2.0])


def test_a_recorded_gradient_holds_no_mask_made_outside_the_graph():
    """Each mask is an operation, so replaying it on other values gives their own mask."""
    x = rk.Variable(np.array([-2.0, 0.5], np.float32))
    y = F.clip(x, -1, 1)
    y.grad = np.ones(2, np.float32)
    y.backward(enable_double_backprop=True)
    assert x.grad_var.creator.op == "inside"
