"""Softmax, its logarithm, and their gradients along one axis."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel


@kernel("softmax", backend="reference")
def softmax(x: Any, *, axis: int) -> Any:
    r"""``exp(x) / sum exp(x)``; 0 in a row that is -inf throughout."""
    xp = get_array_module(x)
    z = _wide(xp, x)
    if z.size == 0:
        return x.copy()
    y = xp.exp(z - _top(xp, z, axis))
    total = y.sum(axis=axis, keepdims=True)
    y /= xp.where(total == 0, 1, total)
    return y.astype(x.dtype, copy=False)


@kernel("softmax_grad", backend="reference")
def softmax_grad(y: Any, gy: Any, *, axis: int) -> Any:
    r"""``y * (gy - sum(gy * y))``."""
    xp = get_array_module(y)
    wide = _wide(xp, y)
    gx = wide * gy
    gx -= wide * gx.sum(axis=axis, keepdims=True)
    return gx.astype(y.dtype, copy=False)


@kernel("log_softmax", backend="reference")
def log_softmax(x: Any, *, axis: int) -> Any:
    r"""``x - log sum exp(x)``; -inf in a row that is -inf throughout."""
    xp = get_array_module(x)
    z = _wide(xp, x)
    if z.size == 0:
        return x.copy()
    y = z - _top(xp, z, axis)
    total = xp.exp(y).sum(axis=axis, keepdims=True)
    y -= xp.log(xp.where(total == 0, 1, total))
    return y.astype(x.dtype, copy=False)


@kernel("log_softmax_grad", backend="reference")
def log_softmax_grad(y: Any, gy: Any, *, axis: int) -> Any:
    r"""``gy - exp(y) * sum(gy)``."""
    xp = get_array_module(y)
    gx = xp.exp(_wide(xp, y))
    gx *= -_wide(xp, gy).sum(axis=axis, keepdims=True)
    gx += gy
    return gx.astype(y.dtype, copy=False)


def _wide(xp: Any, x: Any) -> Any:
    return x.astype(xp.float32) if x.dtype == xp.float16 else x


def _top(xp: Any, z: Any, axis: int) -> Any:
    """The largest of each row, or 0 where that is -inf: -inf minus itself is no number."""
    top = z.max(axis=axis, keepdims=True)
    return xp.where(top == -xp.inf, 0, top)
