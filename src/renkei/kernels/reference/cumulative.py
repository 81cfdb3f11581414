"""Products, running sums and products. Half precision is computed in single precision."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel
from renkei.kernels.reference.reduction import narrow, summed_in, wide

__all__: list[str] = []


@kernel("prod", backend="reference")
def prod(x: Any, *, axis: int, keepdims: bool) -> Any:
    return narrow(x.prod(axis=axis, dtype=summed_in(x), keepdims=keepdims), x)


@kernel("cumsum", backend="reference")
def cumsum(x: Any, *, axis: int, reverse: bool) -> Any:
    xp = get_array_module(x)
    x = xp.flip(x, axis) if reverse else x
    y = narrow(xp.cumsum(x, axis=axis, dtype=summed_in(x)), x)
    return xp.flip(y, axis) if reverse else y


@kernel("cumprod", backend="reference")
def cumprod(x: Any, *, axis: int, reverse: bool) -> Any:
    xp = get_array_module(x)
    x = xp.flip(x, axis) if reverse else x
    y = narrow(xp.cumprod(x, axis=axis, dtype=summed_in(x)), x)
    return xp.flip(y, axis) if reverse else y


@kernel("linear_recurrence", backend="reference")
def linear_recurrence(a: Any, b: Any, *, axis: int, reverse: bool) -> Any:
    """s[k] = a[k] s[k - 1] + b[k] along an axis, or from its end: s[k] = a[k] s[k + 1] + b[k]."""
    xp = get_array_module(b)
    wide_a, s = wide(a), wide(b).copy()
    rows_a, rows = xp.moveaxis(wide_a, axis, 0), xp.moveaxis(s, axis, 0)
    n = len(rows)
    order = range(n - 2, -1, -1) if reverse else range(1, n)
    before = 1 if reverse else -1
    for k in order:
        rows[k] += rows_a[k] * rows[k + before]
    return narrow(s, b)
