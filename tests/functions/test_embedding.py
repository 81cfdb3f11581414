"""Embedding: errors and edges; the values are in cases/embedding.py."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.core.variable import Variable

W = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("ids", "ignore_label", "message"),
    [
        (
            [0, 4],
            None,
            r"embed_id\(x, W\): got x\[1\] = 4; expected ids in \[0, 4\), the rows of W",
        ),
        ([[0, 1], [-1, 9]], None, r"x\[1, 0\] = -1"),
        ([-1, 7], -1, r"x\[1\] = 7; .*, or ignore_label=-1"),
        (5, None, "x = 5"),
    ],
)
def test_ids_out_of_range(ids, ignore_label, message):
    for table in (W, Variable(W)):
        with pytest.raises(RangeError, match=message):
            F.embed_id(np.array(ids), table, ignore_label)


def test_bad_arguments():
    with pytest.raises(DtypeError, match=r"x float64 \(2,\); expected integer ids"):
        F.embed_id(np.zeros(2), W)
    with pytest.raises(DtypeError, match="expected integer ids"):
        F.embed_id(np.zeros(2, bool), W)
    with pytest.raises(ShapeError, match=r"W \(3,\)"):
        F.embed_id(np.zeros(2, int), W[0])


def test_ids_may_be_a_variable():
    y = F.embed_id(Variable(np.array([2])), Variable(W))
    np.testing.assert_array_equal(y.array, W[[2]])


def test_an_empty_table():
    y = F.embed_id(np.array([-1, -1]), W[:0], ignore_label=-1)
    np.testing.assert_array_equal(y, np.zeros((2, 3)))
    with pytest.raises(RangeError, match=r"ids in \[0, 0\)"):
        F.embed_id(np.array([0]), W[:0])


def test_rows_get_the_sum_of_their_gradients():
    table = Variable(W.astype(np.float32))
    ids = np.array([[1, 3], [1, 1]])
    y = F.embed_id(ids, table)
    y.grad = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    y.backward()
    np.testing.assert_array_equal(table.grad, [[0, 0, 0], [15, 18, 21], [0, 0, 0], [3, 4, 5]])


def test_half_precision_sums_in_single():
    n = 4096  # in half precision 2048 + 1 is 2048
    table = Variable(np.zeros((1, 1), np.float16))
    y = F.embed_id(np.zeros(n, int), table)
    y.grad = np.ones((n, 1), np.float16)
    y.backward()
    assert table.grad.dtype == np.float16
    assert table.grad[0, 0] == n


def test_no_gradient_reaches_an_ignored_row():
    table = Variable(W)
    F.sum(F.embed_id(np.array([0, 1, 0]), table, ignore_label=0)).backward()
    np.testing.assert_array_equal(table.grad, [[0] * 3, [1] * 3, [0] * 3, [0] * 3])
