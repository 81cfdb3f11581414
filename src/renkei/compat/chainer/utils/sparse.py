"""Sparse matrices in coordinate format."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import get_array_module, get_array_types
from renkei.core.variable import Variable as CoreVariable

__all__ = ["CooMatrix", "get_order", "to_coo"]


class CooMatrix:
    """A matrix, or a batch of matrices, as lists of values with their rows and columns.

    Args:
        data: the values (nnz,) or (batch, nnz).
        row: the row of each; -1 for an entry that is not there.
        col: the column of each.
        shape: the shape of one matrix.
        order: "C" (sorted by row), "F" (by column), "other"; None to find out.
        requires_grad: whether a gradient of ``data`` is wanted.
    """

    def __init__(
        self, data: Any, row: Any, col: Any, shape: tuple[int, int], order: str | None = None,
        requires_grad: bool = False,
    ) -> None:  # fmt: skip
        from renkei.compat.chainer.variable import Variable

        if not 1 <= data.ndim <= 2:
            raise ValueError("ndim of data must be 1 or 2.")
        if not data.shape == row.shape == col.shape:
            raise ValueError("shape of data, row and col must be the same.")
        if len(shape) != 2:
            raise ValueError("length of shape must be 2.")
        if shape[0] <= 0 or shape[1] <= 0:
            raise ValueError("numbers in shape must be greater than 0.")
        if order not in ("C", "F", "other", None):
            raise ValueError("order must be 'C', 'F', 'other' or None.")
        self.data = Variable(data, requires_grad=requires_grad)
        self.row, self.col, self.shape, self.order = row, col, shape, order
        if order is None:
            self.order = get_order(row, col)

    def to_dense(self) -> Any:
        """The matrix as an ordinary Variable."""
        from renkei.compat.chainer.variable import Variable

        data = self.data.array
        xp = get_array_module(data)
        batch = data.shape[:-1]
        dense = xp.zeros((*batch, *self.shape), data.dtype)
        there = (self.row >= 0) & (self.col >= 0)
        places = (self.row[there], self.col[there])
        if batch:
            places = (xp.nonzero(there)[0], *places)
        xp.add.at(dense, places, data[there])
        return Variable(dense, requires_grad=False)


def to_coo(x: Any, ldnz: int | None = None, requires_grad: bool = False) -> CooMatrix:
    """The non-zero elements of a matrix, or of a batch of matrices.

    Args:
        x: an array (m, n) or (batch, m, n).
        ldnz: room for at least that many elements for each matrix.
        requires_grad: whether a gradient of the values is wanted.
    """
    if isinstance(x, CoreVariable):
        x = x.array
    if not isinstance(x, get_array_types()):
        raise ValueError(f"A value x is expected to be an array, not {type(x)}.")
    if x.ndim not in (2, 3):
        raise ValueError("ndim of x must be 2 or 3.")
    xp = get_array_module(x)
    matrices = x[None] if x.ndim == 2 else x
    found = [xp.nonzero(matrix) for matrix in matrices]
    room = max([len(rows) for rows, _ in found] + ([] if ldnz is None else [ldnz]))
    data = xp.zeros((len(matrices), room), x.dtype)
    row = xp.full((len(matrices), room), -1, np.int32)
    col = xp.full((len(matrices), room), -1, np.int32)
    for i, (rows, columns) in enumerate(found):
        n = len(rows)
        data[i, :n], row[i, :n], col[i, :n] = matrices[i][rows, columns], rows, columns
    if x.ndim == 2:
        data, row, col = data[0], row[0], col[0]
    return CooMatrix(data, row, col, x.shape[-2:], "C", requires_grad)


def get_order(row: Any, col: Any) -> str:
    """ "C" if the elements are sorted by row, "F" if by column, else "other"."""
    if _sorted(row, col):
        return "C"
    return "F" if _sorted(col, row) else "other"


def _sorted(major: Any, minor: Any) -> bool:
    step, inner = major[..., 1:] - major[..., :-1], minor[..., 1:] - minor[..., :-1]
    there = (major[..., 1:] >= 0) & (minor[..., 1:] >= 0)
    return bool((~there | (step > 0) | ((step == 0) & (inner >= 0))).all())
