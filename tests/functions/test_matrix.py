"""Inverses, determinants and factors: singular matrices, symmetric gradients, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

ONE = np.array([[4.0, 2.0], [2.0, 3.0]])


def test_singular_matrices_are_refused():
    with pytest.raises(RangeError, match=r"inv\(a\).*an invertible matrix"):
        F.inv(np.zeros((2, 2)))
    with pytest.raises(RangeError, match="positive definite"):
        F.cholesky(-ONE)


def test_the_gradient_of_a_singular_determinant():
    for rank, expected in ((1, [[0.0, 0], [0, 0]]), (2, [[1.0, -2], [-2, 4]])):
        a = np.array([[4.0, 2, 0], [2, 1, 0], [0, 0, rank - 1]])
        x = rk.Variable(a)
        F.det(x).backward()
        cofactors = np.zeros((3, 3))
        cofactors[:2, :2] = expected
        assert np.allclose(x.grad, cofactors, atol=1e-14)


def test_the_gradient_of_cholesky_is_symmetric():
    x = rk.Variable(ONE)
    y = F.cholesky(x)
    y.grad = np.array([[1.0, 2.0], [3.0, 4.0]])
    y.backward()
    # by hand: y00 = sqrt(a00), y10 = a10 / y00, y11 = sqrt(a11 - y10^2)
    y00, y10, y11 = 2.0, 1.0, np.sqrt(2.0)
    d10 = 3 - 4 * y10 / y11
    d00 = (1 - d10 * y10 / y00) / (2 * y00)
    assert np.allclose(x.grad, [[d00, d10 / y00 / 2], [d10 / y00 / 2, 4 / (2 * y11)]])


def test_results_keep_half_precision():
    a = ONE.astype(np.float16)
    for y in (F.inv(a), F.det(a), F.cholesky(a), F.batch_inv(a[None]), F.batch_det(a[None])):
        assert isinstance(y, np.ndarray)
        assert y.dtype == np.float16


def test_mistakes():
    with pytest.raises(ShapeError, match=r"inv\(a\): got a \(1, 2, 2\)"):
        F.inv(ONE[None])
    with pytest.raises(ShapeError, match=r"det\(a\)"):
        F.det(ONE[:1])
    with pytest.raises(ShapeError, match=r"\(batch, n, n\)"):
        F.batch_det(ONE)
    with pytest.raises(ShapeError, match=r"batch_inv"):
        F.batch_inv(np.ones((2, 2, 3)))
    with pytest.raises(ShapeError, match="cholesky"):
        F.cholesky(np.ones(3))
    with pytest.raises(DtypeError, match="floats"):
        F.det(np.array([[1, 2], [3, 4]]))
    with pytest.raises(DtypeError, match="floats"):
        F.inv("a")
