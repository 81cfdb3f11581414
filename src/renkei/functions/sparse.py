"""Products of sparse and dense matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec
from renkei.functions.conversion import cast
from renkei.functions.shape import swapaxes

__all__ = ["sparse_matmul"]


class CooMatmul(Function):
    """A sparse matrix times a dense one, or a batch of them.

    ``data``, ``row`` and ``col`` are (..., elements), ``b`` is (..., k, n).
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def check(self, data: Any, row: Any, col: Any, b: Any) -> Spec:
        dtype = np.result_type(data.dtype, b.dtype)
        return Spec((*b.shape[:-2], self.rows, b.shape[-1]), dtype)

    def forward(self, data: Any, row: Any, col: Any, b: Any) -> Any:
        return self.kernel("coo_matmul", data, row, col, b, rows=self.rows)

    def grad_data(self, gy: Any, row: Any, col: Any, b: Any) -> Any:
        return _as(CooSampled()(gy, b, row, col), self.specs.data)

    def grad_b(self, gy: Any, data: Any, row: Any, col: Any) -> Any:
        return _as(CooMatmul(self.specs.b.shape[-2])(data, col, row, gy), self.specs.b)


class CooSampled(Function):
    """Chosen elements of the product of a dense matrix and a transposed one."""

    def check(self, p: Any, q: Any, row: Any, col: Any) -> Spec:
        return Spec(row.shape, np.result_type(p.dtype, q.dtype))

    def forward(self, p: Any, q: Any, row: Any, col: Any) -> Any:
        return self.kernel("coo_sampled", p, q, row, col)

    def grad_p(self, gy: Any, q: Any, row: Any, col: Any) -> Any:
        return _as(CooMatmul(self.specs.p.shape[-2])(gy, row, col, q), self.specs.p)

    def grad_q(self, gy: Any, p: Any, row: Any, col: Any) -> Any:
        return _as(CooMatmul(self.specs.q.shape[-2])(gy, col, row, p), self.specs.q)


def _as(g: Any, spec: Spec) -> Any:
    return g if g.dtype == spec.dtype else cast(g, spec.dtype)


def _is_sparse(x: Any) -> bool:
    return all(hasattr(x, name) for name in ("data", "row", "col", "shape"))


def sparse_matmul(a: Any, b: Any, transa: bool = False, transb: bool = False) -> Any:
    r"""The product of a sparse and a dense matrix, or of each pair of a batch: :math:`y = a b`.

    The gradient by the sparse matrix has its elements only, as many as it has values. Operands of
    different dtypes promote.

    Args:
        a: matrix of shape (m, k), or (k, m) with ``transa``.
        b: matrix of shape (k, n), or (n, k) with ``transb``. One of both is a
            ``renkei.sparse.CooMatrix``, the other an array or Variable; in front of its matrix
            axes, that has the batch axis that the other one has.
        transa: transpose ``a``.
        transb: transpose ``b``.

    Returns:
        Array or Variable of shape (m, n) or (batch, m, n).

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: both operands are sparse, or both dense, or not of floats.

    >>> from renkei.sparse import to_coo
    >>> F.sparse_matmul(to_coo(np.array([[0.0, 2.0], [3.0, 0.0]])), np.array([[1.0], [5.0]]))
    array([[10.],
           [ 3.]])
    """
    call = f"sparse_matmul(a, b{', transa=True' * transa}{', transb=True' * transb})"
    if _is_sparse(a) == _is_sparse(b):
        got = "two sparse operands" if _is_sparse(a) else f"a {describe(a)} and b {describe(b)}"
        raise DtypeError(call, got, "one sparse and one dense operand", "See renkei.sparse.to_coo.")
    if _is_sparse(a):
        return _product(call, a, b, transa, transb)
    return swapaxes(_product(call, b, a, not transb, not transa), -1, -2)


def _product(call: str, sparse: Any, dense: Any, transs: bool, transd: bool) -> Any:
    for x in (sparse.data, dense):
        if getattr(x, "dtype", None) is None or x.dtype.kind != "f":
            raise DtypeError(call, describe(x), "operands of floats", "See F.cast.")
    (rows, inner), row, col = sparse.shape, sparse.row, sparse.col
    if transs:
        rows, inner, row, col = inner, rows, col, row
    batch, dense_inner = sparse.data.shape[:-1], dense.shape[-1 if transd else -2 :][:1]
    if dense.ndim < 2 or dense.shape[:-2] != batch or dense_inner != (inner,):
        raise ShapeError(
            call,
            f"a sparse matrix {(*batch, *sparse.shape)} and a dense one {dense.shape}",
            f"a dense one with the batch axes {batch} and the inner size {inner}",
        )
    return CooMatmul(rows)(sparse.data, row, col, swapaxes(dense, -1, -2) if transd else dense)
