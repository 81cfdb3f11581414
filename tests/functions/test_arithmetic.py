"""Arithmetic: edges of the gradients, numbers beside Variables, messages."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, ShapeError


def variable(*values, dtype="f"):
    return rk.Variable(np.array(values, dtype))


def gradients(y, *xs):
    y.grad = np.ones_like(y.array)
    y.backward()
    return [x.grad.tolist() for x in xs]


def test_the_slope_of_a_constant_power_is_0_even_at_0():
    x = variable(0, 2)
    assert gradients(x**0, x) == [[0, 0]]
    x, y = variable(0, 2), variable(0, 0)
    assert gradients(x**y, x)[0] == [0, 0]


def test_the_slope_by_the_exponent_is_0_where_the_base_is_0():
    x, y = variable(0, 0, 1), variable(2, 0, 3)
    assert gradients(x**y, y) == [[0, 0, 0]]
    y = variable(2, 3)
    assert gradients(0**y, y) == [[0, 0]]
    assert gradients(0.0**y, y) == [[0, 0]]


def test_second_derivatives_of_a_power_at_0():
    x, y = variable(0, 0, dtype="d"), variable(2, 3, dtype="d")
    (gx,) = rk.grad([x**y], [x], enable_double_backprop=True)
    (ggx,) = rk.grad([gx], [x])
    assert ggx.array.tolist() == [2, 0]
    (gy,) = rk.grad([x**y], [y], enable_double_backprop=True)
    (gyx,) = rk.grad([gy], [x])
    assert gyx.array.tolist() == [0, 0]


@pytest.mark.parametrize("exponent", [-3, -2, -1, -0.5, 0.5, 1.5, 2, 3, 4, 2.0, np.float64(1.5)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_powers_with_a_number_keep_the_dtype(exponent, dtype):
    x = rk.Variable(np.array([0.5, 2.0], dtype))
    y = x**exponent
    assert y.dtype == dtype
    assert y.array == pytest.approx(np.array([0.5, 2.0]) ** float(exponent), rel=2e-3)
    y.grad = np.ones_like(y.array)
    y.backward()
    assert x.grad.dtype == dtype
    slope = float(exponent) * np.array([0.5, 2.0]) ** (float(exponent) - 1)
    assert x.grad == pytest.approx(slope, rel=4e-3)


def test_whole_numbers_have_no_gradient():
    x = rk.Variable(np.array([1, 2, 3]))
    for y in (x + x, x * 2, x - 1, x**2, x**3, -x, abs(x), F.maximum(x, 2)):
        assert y.dtype.kind == "i"
        assert y.creator is None
    assert (x**3).array.tolist() == [1, 8, 27]


def test_whole_numbers_to_negative_powers_are_refused_by_numpy():
    with pytest.raises(ValueError, match="negative integer powers") as caught:
        F.power(np.array([1, 2]), -2)
    assert caught.value is not None


@pytest.mark.parametrize(
    ("function", "first", "second"),
    [(F.maximum, [1, 0, 1], [0, 1, 0]), (F.minimum, [1, 1, 0], [0, 0, 1])],
)
def test_of_equal_numbers_the_first_takes_the_gradient(function, first, second):
    a, b = variable(1, 2, 3), variable(1, 3, 2)
    assert gradients(function(a, b), a, b) == [first, second]


def test_extremes_pass_nan_on():
    with_nan = np.array([np.nan, 1.0], "f")
    assert np.isnan(F.maximum(with_nan, np.zeros(2, "f"))).tolist() == [True, False]
    assert np.isnan(F.minimum(np.zeros(2, "f"), with_nan)).tolist() == [True, False]


def test_the_absolute_value_is_flat_at_0():
    x = variable(-2, 0, 3)
    assert gradients(abs(x), x) == [[-1, 0, 1]]


def test_remainders_have_the_sign_of_the_dividend():
    x, d = variable(5, -5, 4.5), variable(3, 3, -2)
    y = F.fmod(x, d)
    assert y.array.tolist() == [2, -2, 0.5]
    assert gradients(y, x, d) == [[1, 1, 1], [-1, 1, 2]]


@pytest.mark.parametrize(
    "function", [F.add, F.subtract, F.multiply, F.divide, F.power, F.maximum, F.minimum, F.fmod]
)
def test_shapes_that_do_not_broadcast_are_named(function):
    a, b = variable(1, 2, 3), variable(1, 2)
    with pytest.raises(ShapeError, match=r"\(3,\) and \(2,\).*broadcast") as caught:
        function(a, b)
    assert function.__name__ in str(caught.value)


@pytest.mark.parametrize("function", [F.add, F.multiply, F.power, F.maximum])
def test_variables_of_two_dtypes_do_not_mix(function):
    with pytest.raises(DtypeError, match="float32 and float64"):
        function(variable(1), variable(1, dtype="d"))


@pytest.mark.parametrize("function", [F.add, F.divide, F.maximum])
def test_results_of_scalars_are_arrays(function):
    y = function(np.array(3.0, "f"), np.array(2.0, "f"))
    assert isinstance(y, np.ndarray)
    assert (y.shape, y.dtype) == ((), np.float32)


def test_text_is_refused():
    with pytest.raises(DtypeError, match="a Variable, an array or a number"):
        F.add(variable(1), "one")
