"""Sparse matrices in coordinate format."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.sparse import CooMatrix, get_order, to_coo

BATCH = np.array([[[0.0, 2.0], [3.0, 1.0]], [[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])


def test_lists_of_one_matrix():
    x = to_coo(np.array([[0, 2.0, 0], [-1, 0, 0]], np.float32))
    assert (x.data.tolist(), x.row.tolist(), x.col.tolist()) == ([2.0, -1.0], [0, 1], [1, 0])
    assert (x.data.dtype, x.row.dtype, x.shape, x.order) == (np.float32, np.int32, (2, 3), "C")


def test_lists_of_a_batch_are_filled_up():
    x = to_coo(BATCH, ldnz=4)
    assert x.data.tolist() == [[2.0, 3.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0] * 4]
    assert x.row.tolist() == [[0, 1, 1, -1], [1, -1, -1, -1], [-1] * 4]
    assert x.col.tolist() == [[1, 0, 1, -1], [0, -1, -1, -1], [-1] * 4]
    assert to_coo(BATCH).data.shape == (3, 3)
    assert repr(x) == "<CooMatrix 3 x 2x2, 4 elements, float64>"


@pytest.mark.parametrize("dense", [BATCH, BATCH[0], BATCH[2], BATCH[:0]])
def test_there_and_back(dense):
    assert np.array_equal(to_coo(dense, ldnz=5).to_dense(), dense)


def test_dense_matrices_pass_gradients_on():
    x = to_coo(BATCH, ldnz=4, requires_grad=True)
    F.sum(x.to_dense() * np.arange(1.0, 13.0).reshape(3, 2, 2)).backward()
    assert x.data.grad.tolist() == [[2.0, 3.0, 4.0, 0.0], [7.0, 0.0, 0.0, 0.0], [0.0] * 4]
    v = rk.Variable(np.array([1.0]))
    assert CooMatrix(v, np.array([0]), np.array([0]), (1, 1)).data is v


def test_elements_at_one_place_add_up():
    x = CooMatrix(np.array([1.0, 2.0]), np.array([0, 0]), np.array([1, 1]), (1, 2))
    assert x.to_dense().tolist() == [[0.0, 3.0]]


def test_orders():
    assert get_order(np.array([0, 0, 1]), np.array([1, 2, 0])) == "C"
    assert get_order(np.array([1, 2, 0]), np.array([0, 0, 1])) == "F"
    assert get_order(np.array([1, 0, 1]), np.array([1, 0, 0])) == "other"
    assert get_order(np.array([[0, 1], [1, -1]]), np.array([[1, 0], [0, -1]])) == "C"


def test_mistakes():
    data, row = np.ones(2), np.array([0, 1])
    with pytest.raises(ShapeError, match="one shape"):
        CooMatrix(data, row, row[:1], (2, 2))
    with pytest.raises(ShapeError, match="two positive sizes"):
        CooMatrix(data, row, row, (2, 0))
    with pytest.raises(DtypeError, match="row float64"):
        CooMatrix(data, data, row, (2, 2))
    with pytest.raises(DtypeError, match="data list"):
        CooMatrix([1.0, 2.0], row, row, (2, 2))
    with pytest.raises(RangeError, match=r"col from 0 to 1"):
        CooMatrix(data, row, row, (2, 1))
    with pytest.raises(RangeError, match="order='A'"):
        CooMatrix(data, row, row, (2, 2), order="A")
    with pytest.raises(DtypeError, match="to_coo"):
        to_coo([[1.0]])
    with pytest.raises(ShapeError, match="to_coo"):
        to_coo(data)
