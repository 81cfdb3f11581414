"""Numerical gradients and comparisons, for users' own functions."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.testing import gradient_check, numerical_grad


def test_numerical_grad_of_several_inputs_and_outputs() -> None:
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    gx, gy = numerical_grad(lambda: (x * y, x + 0.0), [x, y], [np.array([1.0, 10.0]), np.ones(2)])
    np.testing.assert_allclose(gx, [4.0, 41.0], rtol=1e-8)
    np.testing.assert_allclose(gy, [1.0, 20.0], rtol=1e-8)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_numerical_grad_of_a_0d_array_and_variables() -> None:
    x = np.array(3.0)
    [gx] = numerical_grad(lambda: rk.Variable(x) ** 2, [x])
    assert gx.shape == ()
    assert abs(gx - 6.0) < 1e-6


def test_gradient_check_passes_integers_on_and_takes_wrt() -> None:
    x, t = np.array([0.5, 2.0]), np.array([1, 2])

    def f(x, t):
        assert isinstance(t, np.ndarray)
        return x * x * t.astype(np.float64)

    gradient_check(f, [x, t])
    gradient_check(lambda x, y: x * y, [x, x], wrt=[1])


def test_gradient_check_fails_without_dependence() -> None:
    with pytest.raises(AssertionError, match="no result depends on an input"):
        gradient_check(lambda x: rk.Variable(x.array, requires_grad=False), [np.ones(2)])


def test_gradient_check_fails_a_wrong_gradient() -> None:
    @rk.elementwise(x=lambda gy, y: gy * y * 1.01)
    def exponential(xp, x):
        return xp.exp(x)

    with pytest.raises(AssertionError, match="gradient of input 0"):
        gradient_check(lambda x: exponential(x), [np.ones(2)])


def test_first_order_only() -> None:
    class Once(rk.Function):
        def forward(self, x):
            return x**2

        def grad_x(self, gy, x):
            g = gy if isinstance(gy, np.ndarray) else gy.array
            x = x if isinstance(x, np.ndarray) else x.array
            return rk.as_variable(g * x * 2) if not isinstance(gy, np.ndarray) else g * x * 2

    gradient_check(lambda x: Once()(x), [np.ones(2)], order=1)
    with pytest.raises(AssertionError, match="do not depend on the output gradients"):
        gradient_check(lambda x: Once()(x), [np.ones(2)])
