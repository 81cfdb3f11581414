"""Tests of a function of one array, from one decorator."""

from __future__ import annotations

import inspect
import unittest
import warnings
from typing import Any

import numpy as np

from renkei.compat.chainer import functions, gradient_check
from renkei.compat.chainer.backends import cuda
from renkei.compat.chainer.function import Function
from renkei.compat.chainer.testing import attr
from renkei.compat.chainer.testing.array import assert_allclose
from renkei.compat.chainer.testing.attr import check_available, is_available
from renkei.compat.chainer.testing.parameterized import parameterize, product
from renkei.compat.chainer.variable import Variable

__all__ = ["check_available", "is_available", "unary_math_function_unittest"]

_HALF = float(np.finfo(np.float16).eps)


def _uniform(shape: tuple[int, ...], dtype: Any) -> tuple[Any, Any, Any]:
    x, gy, ggx = (np.random.uniform(-1, 1, shape) for _ in range(3))
    return tuple(np.asarray(a, dtype) for a in (x, gy, ggx))  # type: ignore[return-value]


class _Tests:
    """What the decorator gives a class: data, and tests of values and gradients."""

    func: Any
    shape: tuple[int, ...]
    dtype: Any
    x: Any
    gy: Any
    ggx: Any

    def _set_up(self, make_data: Any, options: dict[str, Any]) -> None:
        data = make_data(self.shape, self.dtype)
        self.x, self.gy, self.ggx = (*data, None)[:3]
        if self.dtype == np.float16:
            self.forward_options = {"atol": _HALF, "rtol": _HALF}
            slack = {"eps": 2**-4, "atol": 2**-4, "rtol": 2**-4, "dtype": np.float64}
        else:
            self.forward_options = {"atol": 1e-4, "rtol": 1e-4}
            slack = {"dtype": np.float64, "atol": 1e-4, "rtol": 1e-4}
        self.backward_options, self.double_backward_options = dict(slack), dict(slack)
        for name, more in options.items():
            getattr(self, name).update(more or {})


def _members(
    func: Any, expected: Any, label: str | None, make_data: Any, options: Any, old: bool,
    linear: Any,
) -> dict[str, Any]:  # fmt: skip
    def set_up(self: Any) -> None:
        _Tests._set_up(self, make_data, options)

    def check_forward(self: Any, x_data: Any) -> None:
        y = func(Variable(x_data))
        self.assertEqual(y.data.dtype, x_data.dtype)
        y_expected = expected(cuda.to_cpu(x_data), dtype=x_data.dtype)
        assert_allclose(y_expected, y.data, **self.forward_options)

    def check_backward(self: Any, x_data: Any, y_grad: Any) -> None:
        gradient_check.check_backward(func, x_data, y_grad, **self.backward_options)

    def check_double_backward(self: Any, x_data: Any, y_grad: Any, x_grad_grad: Any) -> None:
        target = (lambda x: func(x) * func(x)) if linear else func
        gradient_check.check_double_backward(
            target, x_data, y_grad, x_grad_grad, **self.double_backward_options
        )

    members: dict[str, Any] = {
        "setUp": set_up,
        "check_forward": check_forward,
        "check_backward": check_backward,
        "test_forward_cpu": lambda self: self.check_forward(self.x),
        "test_backward_cpu": lambda self: self.check_backward(self.x, self.gy),
        "test_forward_gpu": attr.gpu(_on_gpu("check_forward", "x")),
        "test_backward_gpu": attr.gpu(_on_gpu("check_backward", "x gy")),
    }
    if not old:
        members["check_double_backward"] = check_double_backward
        members["test_double_backward_cpu"] = lambda self: self.check_double_backward(
            self.x, self.gy, self.ggx
        )
        members["test_double_backward_gpu"] = attr.gpu(_on_gpu("check_double_backward", "x gy ggx"))
    if label is not None:
        kind = type(func) if old else _class_of(func)
        members["test_label"] = lambda self: self.assertEqual(kind().label, label)
    return members


def _on_gpu(method: str, names: str) -> Any:
    def test(self: Any) -> None:
        arrays = [cuda.to_gpu(getattr(self, name)) for name in names.split()]
        getattr(self, method)(*arrays)

    return test


def _class_of(func: Any) -> Any:
    return getattr(functions, func.__name__.capitalize(), None)


def unary_math_function_unittest(
    func: Any, func_expected: Any = None, label_expected: str | None = None, make_data: Any = None,
    is_linear: Any = None, forward_options: Any = None, backward_options: Any = None,
    double_backward_options: Any = None,
) -> Any:  # fmt: skip
    """A class decorator: tests of values and gradients in all float dtypes.

    Args:
        func: the function of one Variable, or an old-style Function object.
        func_expected: NumPy's function of the same meaning, which takes ``dtype``.
        label_expected: the label of its graph node.
        make_data: gives input, output gradient and second gradient for a shape and a dtype.
        is_linear: deprecated.
        forward_options: tolerances of ``assert_allclose``.
        backward_options: arguments of ``check_backward``.
        double_backward_options: arguments of ``check_double_backward``.
    """
    check_available()
    old = isinstance(func, Function)
    name = type(func).__name__.lower() if old else func.__name__
    if func_expected is None:
        func_expected = getattr(np, name, None)
        if func_expected is None:
            raise ValueError(f"NumPy has no functions corresponding to Chainer function '{name}'.")
    kind = type(func) if old else _class_of(func)
    if label_expected is not None and kind is None:
        raise ValueError("Expected label is given even though Chainer function does not have its "
                         "label.")  # fmt: skip
    if is_linear is not None:
        warnings.warn("is_linear option is deprecated", DeprecationWarning, stacklevel=2)
    label = None if kind is None else label_expected or name
    options = {
        "forward_options": forward_options,
        "backward_options": backward_options,
        "double_backward_options": double_backward_options,
    }
    if make_data is None:
        make_data = (lambda shape, dtype: _uniform(shape, dtype)[:2]) if old else _uniform
    members = _members(func, func_expected, label, make_data, options, old, is_linear)
    grid = product({"shape": [(3, 2), ()], "dtype": [np.float16, np.float32, np.float64]})

    def decorate(klass: type) -> Any:
        if not (inspect.isclass(klass) and issubclass(klass, unittest.TestCase)):
            raise AssertionError("a unittest.TestCase class is wanted")
        for key, value in members.items():
            if inspect.isfunction(value):
                value.__name__ = key
            setattr(klass, key, value)
        return parameterize(*grid)(klass)

    return decorate
