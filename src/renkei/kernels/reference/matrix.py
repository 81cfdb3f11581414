"""Inverses, determinants and factors of stacks of square matrices.

NumPy's and CuPy's linear algebra takes single and double precision, so half precision goes through
single.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import as_array, get_array_module
from renkei.core.dispatch import kernel

__all__: list[str] = []


def _wide(a: Any) -> Any:
    return a.astype(np.float32) if a.dtype == np.float16 else a


@kernel("inv", backend="reference")
def inv(a: Any) -> Any:
    xp = get_array_module(a)
    return xp.linalg.inv(_wide(a)).astype(a.dtype, copy=False)


@kernel("det", backend="reference")
def det(a: Any) -> Any:
    return as_array(get_array_module(a).linalg.det(_wide(a)), a.dtype)


@kernel("cofactor", backend="reference")
def cofactor(a: Any) -> Any:
    """Cofactors from singular values: products that leave one out need no division."""
    xp = get_array_module(a)
    u, s, vt = xp.linalg.svd(_wide(a))
    ones = xp.ones((*s.shape[:-1], 1), s.dtype)
    before = xp.cumprod(xp.concatenate([ones, s[..., :-1]], -1), -1)
    after = xp.cumprod(xp.concatenate([ones, s[..., :0:-1]], -1), -1)[..., ::-1]
    sign = (xp.linalg.det(u) * xp.linalg.det(vt))[..., None]
    return xp.matmul(u * (sign * before * after)[..., None, :], vt).astype(a.dtype, copy=False)


@kernel("cholesky", backend="reference")
def cholesky(a: Any) -> Any:
    xp = get_array_module(a)
    return xp.linalg.cholesky(_wide(a)).astype(a.dtype, copy=False)
