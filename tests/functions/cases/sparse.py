"""Rows of renkei.functions.sparse: the expectation is the product of dense matrices."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.sparse import CooMatrix
from renkei.testing import Case

ROW = np.array([0, 0, 2, 3, 2])
COL = np.array([1, 2, 0, 1, 2])
SHAPE = (4, 3)
ROWS = np.array([[0, 2, 3, 3], [1, 1, -1, -1]], np.int32)
COLS = np.array([[0, 2, 0, 2], [0, 1, -1, -1]], np.int32)


def _dense(data, row=ROW, col=COL):
    y = np.zeros((*data.shape[:-1], *SHAPE))
    for i in np.ndindex(data.shape):
        if row[i] >= 0:
            y[(*i[:-1], row[i], col[i])] += data[i]
    return y


def _left(transa=False, transb=False):
    def function(data, b):
        return F.sparse_matmul(CooMatrix(data, ROW, COL, SHAPE), b, transa, transb)

    return (
        function,
        lambda data, b: (_dense(data).T if transa else _dense(data)) @ (b.T if transb else b),
    )


def _right(transa=False, transb=False):
    def function(a, data):
        return F.sparse_matmul(a, CooMatrix(data, ROW, COL, SHAPE), transa, transb)

    return (
        function,
        lambda a, data: (a.T if transa else a) @ (_dense(data).T if transb else _dense(data)),
    )


def _batch(data, b):
    return F.sparse_matmul(CooMatrix(data, ROWS, COLS, SHAPE), b)


def _row(label, pair, shapes):
    return Case(pair[0], shapes, label=f"sparse_matmul-{label}", expected=pair[1])


CASES = [
    _row("left", _left(), [(5,), (3, 6)]),
    _row("left-transa", _left(transa=True), [(5,), (4, 6)]),
    _row("left-transb", _left(transb=True), [(5,), (6, 3)]),
    _row("right", _right(), [(6, 4), (5,)]),
    _row("right-transa", _right(transa=True), [(4, 6), (5,)]),
    _row("right-transb", _right(transb=True), [(6, 3), (5,)]),
    _row("right-both", _right(transa=True, transb=True), [(3, 6), (5,)]),
    Case(
        _batch,
        [(2, 4), (2, 3, 5)],
        label="sparse_matmul",
        expected=lambda data, b: np.stack([_dense(data, ROWS, COLS)[i] @ b[i] for i in range(2)]),
    ),
]
