"""Operators and methods of Variable: each does what its function and NumPy's method do."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DtypeError
from renkei.core.variable import Variable

X = np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4) / 8


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.reshape(4, 6),
        lambda x: x.reshape((4, -1)),
        lambda x: x.reshape([4, -1]),
        lambda x: x.reshape(-1),
        lambda x: x.transpose(),
        lambda x: x.transpose(2, 0, 1),
        lambda x: x.transpose((2, 0, 1)),
        lambda x: x.transpose([-1, 0, 1]),
        lambda x: x.transpose(None),
        lambda x: x[0, 0].transpose(0),
        lambda x: x.T,
        lambda x: x.flatten(),
        lambda x: x.ravel(),
        lambda x: x[:1].squeeze(),
        lambda x: x[:1].squeeze(0),
        lambda x: x.swapaxes(0, 2),
        lambda x: x.repeat(2),
        lambda x: x.repeat(2, axis=1),
        lambda x: x.diagonal(),
        lambda x: x.astype(np.float64),
        lambda x: x.clip(1, 2),
        lambda x: x.sum(),
        lambda x: x.sum(axis=1),
        lambda x: x.sum(axis=(0, 2), keepdims=True),
        lambda x: x.mean(),
        lambda x: x.mean(axis=1, keepdims=True),
        lambda x: x.max(axis=1),
        lambda x: x.min(),
        lambda x: x.prod(axis=0),
        lambda x: x.cumsum(axis=1),
        lambda x: x.argmax(),
        lambda x: x.argmax(axis=1),
        lambda x: x.argmin(1),
        lambda x: x[1, ..., ::-1],
        lambda x: x @ np.ones((4, 2), np.float32),
        lambda x: np.ones((5, 3), np.float32) @ x,
        lambda x: abs(-x),
        lambda x: +x,
        lambda x: 2 - x,
        lambda x: 2 / x,
        lambda x: 2.0**x,
        lambda x: 2 // x,
        lambda x: x // 2,
        lambda x: x**2 * 3 + 1,
    ],
)
def test_like_numpy(call):
    expected = np.asarray(call(X))
    y = call(Variable(X))
    array = y.array if isinstance(y, Variable) else y
    assert array.dtype == expected.dtype
    np.testing.assert_allclose(array, expected, rtol=1e-6)


def test_weighted_mean():
    x, w = Variable(X[0]), np.array([1.0, 3.0, 0.0], np.float32)
    expected = np.average(X[0], axis=0, weights=w)
    np.testing.assert_allclose(x.mean(axis=0, weights=w).array, expected, rtol=1e-6)


def test_arg_methods_give_arrays():
    assert type(Variable(X).argmax()) is np.ndarray
    assert type(Variable(X).argmin(axis=0)) is np.ndarray


def test_a_method_becomes_its_function():
    Variable(X).swapaxes(0, 1)
    assert Variable.swapaxes is F.swapaxes
    Variable(X)[0]
    assert Variable.__getitem__ is F.get_item


def test_iteration_gives_rows_with_gradients():
    x = Variable(X)
    first, second = x
    np.testing.assert_array_equal(second.array, X[1])
    F.sum(first * second).backward()
    np.testing.assert_array_equal(x.grad, X[::-1])
    assert [float(v) for v in Variable(X[0, 0])] == X[0, 0].tolist()
    assert list(Variable(X[:0])) == []


def test_iteration_over_a_scalar():
    with pytest.raises(DtypeError, match=r"iter\(x\): got a Variable of shape \(\)"):
        iter(Variable(np.array(1.0)))


def test_writing_into_a_variable():
    x = Variable(X)
    with pytest.raises(DtypeError, match=r"x\[index\] = value: .*F\.where or F\.scatter_add"):
        x[0] = 1.0


def test_an_array_on_the_left():
    y = X[0] @ Variable(X[0].T)
    assert isinstance(y, Variable)
    np.testing.assert_allclose(y.array, X[0] @ X[0].T, rtol=1e-6)


def test_import_loads_only_arithmetic():
    code = (
        "import sys, renkei\n"
        "print(*sorted(m for m in sys.modules if m.startswith('renkei.functions.')))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in shown.stdout.split()}
    assert {"arithmetic", "methods"} <= loaded
    assert not loaded & {"shape", "indexing", "join_split", "reduction", "linalg", "conversion"}
