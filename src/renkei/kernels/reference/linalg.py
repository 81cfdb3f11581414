"""Matrix products. Half precision is multiplied and summed in single precision.

GPUs do that by themselves; NumPy is several times slower than in single precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import as_array, get_array_module
from renkei.core.dispatch import kernel

__all__: list[str] = []


def _wide(x: Any) -> Any:
    return x.astype(np.float32) if x.dtype == np.float16 else x


def _is_half(xp: Any, dtype: Any) -> bool:
    return xp is np and dtype == np.float16


@kernel("matmul", backend="reference")
def matmul(a: Any, b: Any, *, transa: bool, transb: bool) -> Any:
    xp = get_array_module(a)
    dtype = a.dtype if a.dtype == b.dtype else xp.result_type(a.dtype, b.dtype)
    a = a.swapaxes(-1, -2) if transa else a
    b = b.swapaxes(-1, -2) if transb else b
    if _is_half(xp, dtype):
        return xp.matmul(_wide(a), _wide(b)).astype(dtype)
    with np.errstate(invalid="ignore"):  # BLAS raises the flag on values that it discards
        return xp.matmul(a, b)


@kernel("einsum", backend="reference")
def einsum(*xs: Any, subscripts: str) -> Any:
    xp = get_array_module(*xs)
    dtype = xp.result_type(*[x.dtype for x in xs])
    if _is_half(xp, dtype):
        return as_array(xp.einsum(subscripts, *map(_wide, xs), optimize=True)).astype(dtype)
    return as_array(xp.einsum(subscripts, *xs, optimize=True))
