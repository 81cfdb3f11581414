"""Reductions and running sums. Half precision is summed in single precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import as_array, get_array_module
from renkei.core.dispatch import kernel

__all__: list[str] = []


def _wide(x: Any) -> Any:
    return x.astype(np.float32) if x.dtype == np.float16 else x


def _narrow(y: Any, x: Any) -> Any:
    y = as_array(y)
    return y.astype(x.dtype) if x.dtype == np.float16 else y


def _sum_dtype(x: Any) -> Any:
    return np.float32 if x.dtype == np.float16 else None


@kernel("sum", backend="reference")
def sum_(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    return _narrow(x.sum(axis=axis, dtype=_sum_dtype(x), keepdims=keepdims), x)


@kernel("mean", backend="reference")
def mean(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    return _narrow(x.mean(axis=axis, dtype=_sum_dtype(x), keepdims=keepdims), x)


@kernel("prod", backend="reference")
def prod(x: Any, *, axis: int, keepdims: bool) -> Any:
    return _narrow(x.prod(axis=axis, dtype=_sum_dtype(x), keepdims=keepdims), x)


@kernel("max", backend="reference")
def max_(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    return as_array(x.max(axis=axis, keepdims=keepdims))


@kernel("min", backend="reference")
def min_(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    return as_array(x.min(axis=axis, keepdims=keepdims))


@kernel("argmax", backend="reference")
def argmax(x: Any, *, axis: int | None) -> Any:
    return as_array(x.argmax(axis=axis), np.int32)


@kernel("argmin", backend="reference")
def argmin(x: Any, *, axis: int | None) -> Any:
    return as_array(x.argmin(axis=axis), np.int32)


@kernel("logsumexp", backend="reference")
def logsumexp(x: Any, *, axis: tuple[int, ...]) -> Any:
    xp = get_array_module(x)
    if x.size == 0:
        kept = tuple(n for i, n in enumerate(x.shape) if i not in axis)
        return xp.full(kept, -np.inf, x.dtype)
    wide = _wide(x)
    top = wide.max(axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0)  # infinity minus infinity would be NaN
    with np.errstate(divide="ignore"):  # log 0 is the right answer for a row of -infinity
        y = xp.log(xp.exp(wide - top).sum(axis=axis, keepdims=True)) + top
    return _narrow(y.squeeze(axis), x)


@kernel("cumsum", backend="reference")
def cumsum(x: Any, *, axis: int, reverse: bool) -> Any:
    xp = get_array_module(x)
    x = xp.flip(x, axis) if reverse else x
    y = _narrow(xp.cumsum(x, axis=axis, dtype=_sum_dtype(x)), x)
    return xp.flip(y, axis) if reverse else y


@kernel("cumprod", backend="reference")
def cumprod(x: Any, *, axis: int, reverse: bool) -> Any:
    xp = get_array_module(x)
    x = xp.flip(x, axis) if reverse else x
    y = _narrow(xp.cumprod(x, axis=axis, dtype=_sum_dtype(x)), x)
    return xp.flip(y, axis) if reverse else y


@kernel("linear_recurrence", backend="reference")
def linear_recurrence(a: Any, b: Any, *, axis: int, reverse: bool) -> Any:
    """s[k] = a[k] s[k - 1] + b[k] along an axis, or from its end: s[k] = a[k] s[k + 1] + b[k]."""
    xp = get_array_module(b)
    wide_a, s = _wide(a), _wide(b).copy()
    rows_a, rows = xp.moveaxis(wide_a, axis, 0), xp.moveaxis(s, axis, 0)
    n = len(rows)
    order = range(n - 2, -1, -1) if reverse else range(1, n)
    before = 1 if reverse else -1
    for k in order:
        rows[k] += rows_a[k] * rows[k + before]
    return _narrow(s, b)
