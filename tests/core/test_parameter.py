"""Parameter: open sizes, initializers, freezing, copies."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import ShapeError, UninitializedError
from renkei.core.parameter import Parameter
from renkei.core.variable import Variable


def f32(*values):
    return np.array(values, np.float32)


def test_parameter_of_an_array():
    a = f32(1, 2)
    p = Parameter(a, name="W")
    assert p.array is a
    assert p.is_initialized
    assert p.grad is None
    assert isinstance(p, Variable)
    with pytest.raises(ShapeError, match=r"Parameter\(initializer, shape\)"):
        Parameter(a, (3,))
    assert Parameter(a, 2).array is a


@pytest.mark.parametrize(
    ("initializer", "value"), [(None, np.nan), (0.5, 0.5), (np.float32(2), 2.0), (3, 3.0)]
)
def test_parameter_filled_with_a_number(initializer, value):
    p = Parameter(initializer, (2, 3))
    assert p.dtype == np.float32
    np.testing.assert_array_equal(p.array, np.full((2, 3), value, np.float32))


def test_parameter_of_a_callable():
    def fill(array):
        array[...] = np.arange(array.size).reshape(array.shape)

    p = Parameter(fill, (2, 2))
    np.testing.assert_array_equal(p.array, [[0, 1], [2, 3]])
    fill.dtype = np.float64
    assert Parameter(fill, 3).dtype == np.float64


def test_parameter_dtype_follows_the_configuration():
    with rk.using_config("dtype", np.float16):
        assert Parameter(0, 2).dtype == np.float16
        late = Parameter(0)
        assert late.dtype == np.float16
    late.initialize(2)
    assert late.dtype == np.float32, "resolved when the array is made"
    with rk.using_config("dtype", rk.mixed16):
        assert Parameter(0, 2).dtype == np.float16


def test_open_parameter():
    p = Parameter(1.0, name="W")
    assert not p.is_initialized
    assert p.array is None
    assert p.grad is None
    assert p.requires_grad
    for use in (lambda: p.shape, lambda: p * 2, lambda: p.size, lambda: len(p)):
        with pytest.raises(UninitializedError, match="Parameter 'W' holds no array yet"):
            use()
    p.initialize((2,))
    assert p.is_initialized
    y = p * 2
    y.grad = f32(1, 1)
    y.backward()
    np.testing.assert_array_equal(p.grad, f32(2, 2))


def test_assigning_an_array_initializes():
    p = Parameter()
    p.array = f32(1, 2)
    assert (p * 2).requires_grad


def test_frozen_before_it_is_initialized():
    p = Parameter(1.0)
    p.requires_grad = False
    p.initialize(2)
    assert not p.requires_grad
    assert not (p * 2).requires_grad
    p.requires_grad = True
    assert (p * 2).requires_grad
    assert not (Parameter(1.0, 2, requires_grad=False) * 2).requires_grad


def test_update_runs_the_rule():
    class Rule:
        def update(self, parameter):
            parameter.array[...] = 7

    p = Parameter(1.0, 2)
    p.update()
    assert p.array[0] == 1
    p.update_rule = Rule()
    p.update()
    assert p.array[0] == 7


@pytest.mark.parametrize(
    "twist", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
def test_copies_of_parameters(twist):
    p = Parameter(0.5, (2,), name="W")
    p.grad = f32(1, 2)
    twin = twist(p)
    assert type(twin) is Parameter
    np.testing.assert_array_equal(twin.array, p.array)
    np.testing.assert_array_equal(twin.grad, p.grad)
    assert (twin.name, twin.initializer, twin.update_rule) == ("W", 0.5, None)
    assert twin.requires_grad
    assert (twin * 2).requires_grad
    frozen = Parameter(0.5, (2,), requires_grad=False)
    assert not twist(frozen).requires_grad
    late = twist(Parameter(0.5))
    assert not late.is_initialized
    late.initialize(3)
    np.testing.assert_array_equal(late.array, f32(0.5, 0.5, 0.5))


def test_subclasses_survive_copies():
    class Mine(Parameter):
        pass

    assert type(copy.deepcopy(Mine(0.5, 2))) is Mine
