"""Products of sparse matrices: which dtype, a gradient of few elements, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, ShapeError
from renkei.sparse import to_coo

DENSE = np.array([[0.0, 2.0, 0.0], [3.0, 0.0, 1.0]])


def test_the_gradient_has_the_elements_of_the_matrix():
    a = to_coo(DENSE, ldnz=4, requires_grad=True)
    b = rk.Variable(np.arange(6.0).reshape(3, 2))
    F.sum(F.sparse_matmul(a, b)).backward()
    assert a.data.grad.tolist() == [5.0, 1.0, 9.0, 0.0]
    assert b.grad.tolist() == [[3.0, 3.0], [2.0, 2.0], [1.0, 1.0]]


def test_dtypes_promote_and_gradients_keep_theirs():
    a = to_coo(DENSE.astype(np.float32), requires_grad=True)
    b = rk.Variable(np.ones((3, 2)))
    y = F.sparse_matmul(a, b)
    assert y.dtype == np.float64
    F.sum(y).backward()
    assert (a.data.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


def test_values_at_unused_places_do_not_count():
    a = to_coo(DENSE, ldnz=5)
    a.data[3:] = 100.0
    assert np.array_equal(F.sparse_matmul(a, np.eye(3)), DENSE)


def test_mistakes():
    a, b = to_coo(DENSE), np.ones((3, 2))
    with pytest.raises(DtypeError, match="two sparse operands"):
        F.sparse_matmul(a, a)
    with pytest.raises(DtypeError, match="one sparse and one dense"):
        F.sparse_matmul(b, b)
    with pytest.raises(ShapeError, match=r"transa=True.*inner size 2"):
        F.sparse_matmul(a, b, transa=True)
    with pytest.raises(ShapeError, match="batch axes"):
        F.sparse_matmul(a, b[None])
    with pytest.raises(ShapeError, match="dense one"):
        F.sparse_matmul(a, np.ones(3))
    with pytest.raises(DtypeError, match="floats"):
        F.sparse_matmul(a, np.ones((3, 2), int))
