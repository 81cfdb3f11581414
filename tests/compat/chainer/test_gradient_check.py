"""Gradient checks: they pass right gradients, and they bite."""

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import functions as F
from renkei.compat.chainer import gradient_check
from renkei.compat.chainer.gradient_check import NondifferentiableError

X = np.array([0.5, -1.5, 2.0])
GY = np.array([1.0, -2.0, 0.5])


class Wrong(chainer.FunctionNode):
    """A square whose gradient is off by a factor."""

    def forward(self, inputs):
        self.retain_inputs((0,))
        return (inputs[0] ** 2,)

    def backward(self, indexes, grad_outputs):
        (x,) = self.get_retained_inputs()
        return (2.01 * x * grad_outputs[0],)


class WrongSecond(Wrong):
    """A square whose first gradient is right and whose second is missing."""

    def backward(self, indexes, grad_outputs):
        (x,) = self.get_retained_inputs()
        return (2 * x.array * grad_outputs[0],)


def test_numerical_gradients():
    x, y = X.copy(), X + 1
    gx, gy = gradient_check.numerical_grad(lambda: (x * y, x), (x, y), (GY, None))
    np.testing.assert_allclose(gx, GY * y, rtol=1e-6)
    np.testing.assert_allclose(gy, GY * x, rtol=1e-6)
    (g5,) = gradient_check.numerical_grad(
        lambda: (np.exp(x),), (x,), (2.0,), eps=0.1, detect_nondifferentiable=True
    )
    np.testing.assert_allclose(g5, 2 * np.exp(x), rtol=1e-5)
    np.testing.assert_array_equal(x, X)


def test_kinks_are_found():
    for kink in (np.abs, np.sign, lambda x: np.where(x > 0, np.inf, x)):
        x = np.array([0.0002])
        with pytest.raises(NondifferentiableError):
            gradient_check.numerical_grad(
                lambda x=x, kink=kink: (kink(x),), (x,), (1.0,), 1e-3, True
            )


def test_bad_arguments():
    with pytest.raises(RuntimeError, match="kind of float"):
        gradient_check.numerical_grad(lambda: (X,), (np.array([1]),), (GY,))
    with pytest.raises(AssertionError, match="2 outputs"):
        gradient_check.numerical_grad(lambda: (X, X), (X.copy(),), (GY,))
    with pytest.raises(ValueError, match="cannot be omitted"):
        gradient_check.check_backward(F.exp, X, None)
    with pytest.raises(ValueError, match="Shapes and/or dtypes"):
        gradient_check.check_backward(F.exp, X, GY.astype(np.float32))
    with pytest.raises(ValueError, match="equally as many"):
        gradient_check.check_backward(F.exp, X, (GY, GY))
    with pytest.raises(ValueError, match="only float type"):
        gradient_check.check_backward(F.exp, X, GY, dtype=np.int32)
    with pytest.raises(ValueError, match="Length of no_grads"):
        gradient_check.check_backward(F.exp, X, GY, no_grads=[True, True])


def test_right_gradients_pass():
    gradient_check.check_backward(lambda x: F.sum(x * x), X, None)
    gradient_check.check_backward(lambda x, y: (x * y, x + y), (X, X + 1), (GY, GY))
    gradient_check.check_backward(
        lambda x, i: F.get_item(x, i.array), (X, np.array([0, 2])), GY[:2]
    )
    gradient_check.check_double_backward(lambda x: F.tanh(x), X, GY, GY)


def test_parameters_are_checked_too():
    W = chainer.Parameter(np.array([[1.0, 2.0, 3.0], [0.5, 0.1, 0.2]]))
    f = lambda x: F.linear(x, W)
    gradient_check.check_backward(f, X[None], np.ones((1, 2)), params=(W,))
    W.cleargrad()
    detached = lambda x: F.linear(x, W.array)  # reads the moved array, but has no gradient for it
    with pytest.raises(AssertionError, match="check_backward failed"):
        gradient_check.check_backward(detached, X[None], np.ones((1, 2)), params=(W,))


def test_wrong_gradients_are_found():
    apply = lambda x: Wrong().apply((x,))[0]
    with pytest.raises(AssertionError, match="check_backward failed") as caught:
        gradient_check.check_backward(apply, X, GY)
    for part in ("inputs[0]", "grad_outputs[0]", "directions[0]", "gradients (numeric)"):
        assert part in str(caught.value)
    second = lambda x: WrongSecond().apply((x,))[0]
    gradient_check.check_backward(second, X, GY)
    with pytest.raises(AssertionError, match="check_double_backward failed"):
        gradient_check.check_double_backward(second, X, GY, GY)


def test_float32_is_checked_in_float64():
    x = X.astype(np.float32)
    gradient_check.check_backward(F.exp, x, GY.astype(np.float32), dtype=np.float64)
    assert x.dtype == np.float32


def test_the_old_assert_allclose():
    with pytest.warns(DeprecationWarning, match="testing.assert_allclose"):
        gradient_check.assert_allclose(X, X)
