"""Softmax: large and infinite scores, zero-size axes, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError

INF = np.inf


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_large_scores(dtype):
    x = np.array([[3e4, 0, -3e4], [-3e4, -3e4, -3e4]], dtype)
    np.testing.assert_allclose(F.softmax(x), [[1, 0, 0], [1 / 3] * 3], rtol=1e-3)
    np.testing.assert_allclose(F.log_softmax(x)[1], [-np.log(3)] * 3, rtol=1e-3)
    assert F.log_softmax(x)[0, 0] == 0


def test_masked_scores():
    x = rk.Variable(np.array([[-INF, 0, 0], [-INF, -INF, -INF]]))
    y = F.softmax(x)
    np.testing.assert_array_equal(y.array, [[0, 0.5, 0.5], [0, 0, 0]])
    y.grad = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    y.backward()
    np.testing.assert_allclose(x.grad, [[0, -0.25, 0.25], [0, 0, 0]])
    np.testing.assert_allclose(F.log_softmax(x.array), [[-INF, -np.log(2), -np.log(2)], [-INF] * 3])


def test_half_precision_sums_in_single():
    y = F.softmax(np.zeros((1, 5000), np.float16))
    assert y.dtype == np.float16
    np.testing.assert_allclose(y, 1 / 5000, rtol=1e-3)


@pytest.mark.parametrize("function", [F.softmax, F.log_softmax])
def test_no_classes_and_no_rows(function):
    assert function(np.zeros((3, 0), np.float32)).shape == (3, 0)
    assert function(np.zeros((0, 3), np.float32)).shape == (0, 3)


REFUSED = [
    (lambda f: f(np.zeros(3)), RangeError, "axis=1 for 1 axes"),
    (lambda f: f(np.zeros((2, 3)), axis=-3), RangeError, "axis=-3"),
    (lambda f: f(np.zeros((2, 3)), axis="x"), DtypeError, "axis='x'"),
    (lambda f: f(np.zeros((2, 3), int)), DtypeError, r"x int64 \(2, 3\)"),
    (lambda f: f([[1.0, 2.0]]), DtypeError, "x list"),
]


@pytest.mark.parametrize("function", [F.softmax, F.log_softmax])
@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals(function, call, error, message):
    with pytest.raises(error, match=rf"{function.__name__}\(x, axis\).*{message}"):
        call(function)
