"""Products with sparse matrices, given as values with their rows and columns.

A row of -1 marks a place that is not used: the matrices of a batch have different numbers of
elements.
"""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

__all__: list[str] = []


def _batched(xp: Any, index: Any) -> tuple[Any, Any]:
    """Where each element's row is among the rows of the whole batch: (batch index, index)."""
    index = index.reshape(-1, index.shape[-1])
    return xp.arange(len(index))[:, None], xp.maximum(index, 0)


def _wide(xp: Any, *dtypes: Any) -> Any:
    dtype = xp.result_type(*dtypes)
    return dtype, xp.float32 if dtype == xp.float16 else dtype


@kernel("coo_matmul", backend="reference")
def coo_matmul(data: Any, row: Any, col: Any, b: Any, *, rows: int) -> Any:
    """(..., rows, n): each element adds its multiple of a row of b, (..., k, n)."""
    xp = get_array_module(b)
    dtype, wide = _wide(xp, data.dtype, b.dtype)
    n = b.shape[-1]
    used = xp.where(row < 0, 0, data).astype(wide, copy=False).reshape(-1, data.shape[-1])
    batch, at_col = _batched(xp, col)
    batch, at_row = _batched(xp, row)
    terms = used[..., None] * b.reshape(-1, *b.shape[-2:])[batch, at_col]
    # One flat index: add.at has a quick loop for that alone.
    places = ((batch * rows + at_row)[..., None] * n + xp.arange(n)).ravel()
    y = xp.zeros(len(used) * rows * n, wide)
    xp.add.at(y, places, terms.astype(wide, copy=False).ravel())
    return y.reshape(*b.shape[:-2], rows, n).astype(dtype, copy=False)


@kernel("coo_sampled", backend="reference")
def coo_sampled(p: Any, q: Any, row: Any, col: Any) -> Any:
    """The elements of p qᵀ at chosen places: p (..., m, n), q (..., k, n)."""
    xp = get_array_module(p)
    dtype, wide = _wide(xp, p.dtype, q.dtype)
    batch, at_row = _batched(xp, row)
    batch, at_col = _batched(xp, col)
    left = p.reshape(-1, *p.shape[-2:])[batch, at_row].astype(wide, copy=False)
    right = q.reshape(-1, *q.shape[-2:])[batch, at_col]
    y = xp.where(row < 0, 0, (left * right).sum(-1).reshape(row.shape))
    return y.astype(dtype, copy=False)
