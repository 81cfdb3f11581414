"""Sparse matrices in coordinate format: values with their rows and columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import get_array_module, get_array_types
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.variable import Variable
from renkei.functions.indexing import scatter_add, where

__all__ = ["CooMatrix", "get_order", "to_coo"]


class CooMatrix:
    r"""A sparse matrix, or a batch of them, as lists of values with their places.

    Args:
        data: the values, array or Variable of shape (elements,) or (batch, elements).
        row: integer array of that shape: the row of each value; -1 marks a place of the list that
            is not used, as the matrices of a batch have different numbers of elements.
        col: integer array of that shape: the column of each value, or -1.
        shape: (rows, columns) of one matrix.
        order: ``"C"`` if the rows are sorted, ``"F"`` if the columns are, ``"other"``; None finds
            it out.
        requires_grad: makes ``data`` a Variable, so that it gets a gradient. It is one already if
            it was given as one.

    Raises:
        ShapeError: ``data``, ``row`` and ``col`` differ in shape, or ``shape`` is no pair.
        DtypeError: ``row`` or ``col`` is no array of integers.
        RangeError: a row or column lies outside ``shape``, or ``order`` is unknown.

    >>> from renkei.sparse import CooMatrix
    >>> x = CooMatrix(np.array([2.0, 3.0]), np.array([0, 1]), np.array([1, 0]), (2, 2))
    >>> x.to_dense()
    array([[0., 2.],
           [3., 0.]])
    """

    def __init__(
        self,
        data: Any,
        row: Any,
        col: Any,
        shape: tuple[int, int],
        order: str | None = None,
        requires_grad: bool = False,
    ) -> None:
        _check(data, row, col, shape, order)
        if requires_grad and not isinstance(data, Variable):
            data = Variable(data)
        self.data, self.row, self.col = data, row, col
        self.shape = int(shape[0]), int(shape[1])
        self.order = get_order(row, col) if order is None else order

    def to_dense(self) -> Any:
        """The matrix with all its zeros: an array, or a Variable if ``data`` is one."""
        data = self.data
        xp = get_array_module(data)
        used = self.row >= 0
        values = where(used, data, 0.0)
        places: tuple[Any, ...] = xp.maximum(self.row, 0), xp.maximum(self.col, 0)
        if data.ndim == 2:
            places = (xp.arange(data.shape[0])[:, None], *places)
        return scatter_add(xp.zeros((*data.shape[:-1], *self.shape), data.dtype), places, values)

    def __repr__(self) -> str:
        batch = "".join(f"{n} x " for n in self.data.shape[:-1])
        return (
            f"<CooMatrix {batch}{self.shape[0]}x{self.shape[1]}, {self.data.shape[-1]} elements, "
            f"{self.data.dtype}>"
        )


def _check(data: Any, row: Any, col: Any, shape: Any, order: Any) -> None:
    call = "CooMatrix(data, row, col, shape)"
    if not isinstance(data, (Variable, *get_array_types())):
        raise DtypeError(call, f"data {describe(data)}", "an array or a Variable")
    for name, x in (("row", row), ("col", col)):
        if not isinstance(x, get_array_types()) or x.dtype.kind not in "iu":
            raise DtypeError(call, f"{name} {describe(x)}", "an array of integers")
    if data.ndim not in (1, 2) or not data.shape == row.shape == col.shape:
        got = f"data {data.shape}, row {row.shape}, col {col.shape}"
        raise ShapeError(call, got, "three arrays of one shape (elements,) or (batch, elements)")
    if len(shape) != 2 or min(shape) < 1:
        raise ShapeError(call, f"shape={shape}", "two positive sizes")
    if order not in (None, "C", "F", "other"):
        raise RangeError(call, f"order={order!r}", "'C', 'F', 'other' or None")
    for name, x, size in (("row", row, shape[0]), ("col", col, shape[1])):
        if x.size and not -1 <= int(x.min()) <= int(x.max()) < size:
            got = f"{name} from {int(x.min())} to {int(x.max())}"
            raise RangeError(call, got, f"integers in [0, {size}), or -1")


def to_coo(x: Any, ldnz: int | None = None, requires_grad: bool = False) -> CooMatrix:
    r"""Takes the elements of a matrix that are not 0.

    Args:
        x: array of shape (rows, columns) or (batch, rows, columns).
        ldnz: room for at least that many elements in each matrix; places that are not used have
            value 0, row -1 and column -1.
        requires_grad: whether the values shall get a gradient.

    Returns:
        A ``CooMatrix`` whose elements are sorted by row.

    Raises:
        DtypeError: ``x`` is no array.
        ShapeError: ``x`` has not 2 or 3 axes.

    >>> from renkei.sparse import to_coo
    >>> x = to_coo(np.array([[0.0, 2.0], [3.0, 0.0]]))
    >>> x.data, x.row, x.col
    (array([2., 3.]), array([0, 1], dtype=int32), array([1, 0], dtype=int32))
    """
    if not isinstance(x, get_array_types()):
        raise DtypeError("to_coo(x)", f"x {describe(x)}", "an array")
    if x.ndim not in (2, 3):
        raise ShapeError("to_coo(x)", f"x {x.shape}", "(rows, columns) or (batch, rows, columns)")
    xp = get_array_module(x)
    stack = x.reshape(-1, *x.shape[-2:])
    batch, rows, columns = (i.astype(np.int32) for i in xp.nonzero(stack))
    counts = xp.bincount(batch, minlength=len(stack))
    room = max(int(counts.max()) if len(stack) else 0, ldnz or 0)
    # The place of an element in the list of its matrix: they come sorted by matrix.
    place = xp.arange(len(batch)) - (xp.cumsum(counts) - counts)[batch]
    data = xp.zeros((len(stack), room), x.dtype)
    row, col = xp.full_like(data, -1, np.int32), xp.full_like(data, -1, np.int32)
    data[batch, place] = stack[batch, rows, columns]
    row[batch, place], col[batch, place] = rows, columns
    lists = [a.reshape(*x.shape[:-2], room) for a in (data, row, col)]
    return CooMatrix(lists[0], lists[1], lists[2], x.shape[-2:], "C", requires_grad)


def get_order(row: Any, col: Any) -> str:
    r"""How the elements of a sparse matrix are sorted.

    Args:
        row: integer array of shape (elements,) or (batch, elements).
        col: integer array of that shape.

    Returns:
        ``"C"`` if by row and in a row by column, ``"F"`` if by column, else ``"other"``.

    >>> from renkei.sparse import get_order
    >>> get_order(np.array([0, 1]), np.array([1, 0])), get_order(np.array([1, 0]), np.array([0, 1]))
    ('C', 'F')
    """
    if _is_sorted(row, col):
        return "C"
    return "F" if _is_sorted(col, row) else "other"


def _is_sorted(major: Any, minor: Any) -> bool:
    step, inner = major[..., 1:] - major[..., :-1], minor[..., 1:] - minor[..., :-1]
    unused = (major[..., 1:] < 0) | (minor[..., 1:] < 0)
    return bool((unused | (step > 0) | ((step == 0) & (inner >= 0))).all())
