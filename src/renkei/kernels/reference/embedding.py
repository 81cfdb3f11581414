"""Embedding: plain array code, the oracle of all other kernels."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel


@kernel("embed_id", backend="reference")
def embed_id(x: Any, W: Any, *, ignore_label: int | None) -> Any:
    """Rows of W, zeros for the ignored id, which need not be a row."""
    xp = get_array_module(W)
    if ignore_label is None:
        return xp.take(W, x, axis=0)
    y = xp.zeros((*x.shape, W.shape[1]), W.dtype)
    kept = x != ignore_label
    y[kept] = W[x[kept]]
    return y


@kernel("embed_id_grad", backend="reference")
def embed_id_grad(gy: Any, x: Any, *, n: int, ignore_label: int | None) -> Any:
    """Adds each vector to the row of its id."""
    xp = get_array_module(gy)
    d = gy.shape[-1]
    ids, vectors = x.ravel(), gy.reshape(x.size, d)
    if ignore_label is not None:
        kept = ids != ignore_label
        ids, vectors = ids[kept], vectors[kept]
    gW = xp.zeros(n * d, xp.float32 if gy.dtype == xp.float16 else gy.dtype)
    # One flat index: add.at has a quick loop for that alone.
    places = ids.astype(xp.intp)[:, None] * d + xp.arange(d)
    xp.add.at(gW, places.ravel(), vectors.ravel().astype(gW.dtype, copy=False))
    return gW.reshape(n, d).astype(gy.dtype, copy=False)
