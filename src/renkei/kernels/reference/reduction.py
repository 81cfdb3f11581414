"""Reductions. Half precision is summed in single precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import as_array, get_array_module
from renkei.core.dispatch import kernel

__all__: list[str] = []


def wide(x: Any) -> Any:
    return x.astype(np.float32) if x.dtype == np.float16 else x


def narrow(y: Any, x: Any) -> Any:
    y = as_array(y)
    return y.astype(x.dtype) if x.dtype == np.float16 else y


def summed_in(x: Any) -> Any:
    return np.float32 if x.dtype == np.float16 else None


@kernel("sum", backend="reference")
def sum_(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    return narrow(x.sum(axis=axis, dtype=summed_in(x), keepdims=keepdims), x)


@kernel("mean", backend="reference")
def mean(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    return narrow(x.mean(axis=axis, dtype=summed_in(x), keepdims=keepdims), x)


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
    exact = wide(x)
    top = exact.max(axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0)  # infinity minus infinity would be NaN
    with np.errstate(divide="ignore"):  # log 0 is the right answer for a row of -infinity
        y = xp.log(xp.exp(exact - top).sum(axis=axis, keepdims=True)) + top
    return narrow(y.squeeze(axis), x)
