"""Dtypes and devices; the values are in cases/conversion.py."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DeviceError, DtypeError
from renkei.core.variable import Variable


def test_cast_to_its_own_dtype_is_nothing():
    x = Variable(np.zeros(2, np.float32))
    assert F.cast(x, np.float32) is x
    assert F.cast(x.array, "f") is x.array


def test_the_gradient_has_the_old_dtype():
    x = Variable(np.array([1.0, 2.0], np.float32))
    y = F.cast(x, np.float64)
    assert y.dtype == np.float64
    F.sum(y * y).backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_array_equal(x.grad, [2, 4])


def test_integers_have_no_gradient():
    y = F.cast(Variable(np.array([1.7])), np.int32)
    assert y.dtype == np.int32
    assert not y.requires_grad


def test_bad_dtypes():
    with pytest.raises(DtypeError, match=r"cast\(x, typ\): got typ='quarter'; expected a dtype"):
        F.cast(np.zeros(2), "quarter")
    with pytest.raises(DtypeError, match="complex128 to float32; expected a complex dtype"):
        F.cast(np.zeros(2, complex), np.float32)
    with pytest.raises(DtypeError, match="expected arrays or Variables"):
        F.cast([1.0], np.float32)


def test_copy_has_memory_of_its_own():
    x = np.zeros(3)
    assert not np.shares_memory(F.copy(x, "@numpy"), x)
    with pytest.raises(DeviceError, match="get_device"):
        F.copy(x, "@nowhere")


def test_identity_makes_a_name_of_its_own():
    x = Variable(np.ones(2))
    y, z = F.identity(x, x * 2)
    assert y is not x
    F.sum(y + z).backward(retain_grad=True)
    np.testing.assert_array_equal(x.grad, [3, 3])
    np.testing.assert_array_equal(y.grad, [1, 1])


def test_identity_of_one_used_output():
    x, y = Variable(np.ones(2)), Variable(np.ones(2))
    F.sum(F.identity(x, y)[1]).backward()
    assert x.grad is None
    np.testing.assert_array_equal(y.grad, [1, 1])
