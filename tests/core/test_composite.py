"""@composite: the body is the meaning; a kernel may override it where nothing is recorded."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.core.composite import composite
from renkei.core.dispatch import fast_kernels, kernel
from renkei.core.variable import Variable
from renkei.testing import gradient_check

BODY, KERNEL = [], []


@composite
def cube_for_testing(x, *, times=1):
    """times x cubed."""
    BODY.append(1)
    return x * x * x * times


@pytest.fixture
def overridden():
    BODY.clear()
    KERNEL.clear()

    @kernel(
        "cube_for_testing",
        backend="native",
        when=lambda x: x.dtype == np.float32 or "wants float32",
    )
    def fast(x, *, times=1):
        KERNEL.append(1)
        return x**3 * np.float32(times)

    yield
    fast_kernels("cube_for_testing").clear()


def test_keeps_its_name_and_docstring():
    assert cube_for_testing.__name__ == cube_for_testing.op == "cube_for_testing"
    assert cube_for_testing.__doc__ == "times x cubed."


def test_the_body_has_gradients():
    gradient_check(lambda x: cube_for_testing(x, times=2), [np.array([1.0, 2.0])])


def test_a_kernel_runs_on_bare_arrays(overridden):
    y = cube_for_testing(np.array([2.0], np.float32), times=2)
    assert type(y) is np.ndarray
    assert (y[0], len(BODY), len(KERNEL)) == (16, 0, 1)


def test_a_kernel_runs_where_no_gradient_is_wanted(overridden):
    x = Variable(np.array([2.0], np.float32), requires_grad=False)
    y = cube_for_testing(x)
    assert isinstance(y, Variable)
    assert not y.requires_grad
    with rk.no_backprop_mode():
        assert not cube_for_testing(Variable(x.array)).requires_grad
    assert (len(BODY), len(KERNEL)) == (0, 2)


def test_the_body_runs_where_a_gradient_is_wanted(overridden):
    y = cube_for_testing(Variable(np.array([2.0], np.float32)))
    assert y.requires_grad
    assert (len(BODY), len(KERNEL)) == (1, 0)


def test_the_body_runs_where_the_kernel_refuses(overridden):
    assert cube_for_testing(np.array([2.0]))[0] == 8
    assert (len(BODY), len(KERNEL)) == (1, 0)


def test_the_body_runs_under_hooks_so_that_they_see_it(overridden):
    with rk.using_config("debug", True):
        cube_for_testing(Variable(np.array([2.0], np.float32), requires_grad=False))
    assert (len(BODY), len(KERNEL)) == (1, 0)


def test_config_kernels_is_respected(overridden):
    with rk.using_config("kernels", ("reference",)):
        cube_for_testing(np.array([2.0], np.float32))
    assert (len(BODY), len(KERNEL)) == (1, 0)
