"""Normalization by the mean and variance over some axes: one pass forward, one back."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

__all__ = [
    "batch_normalization",
    "batch_normalization_grad",
    "layer_normalization",
    "layer_normalization_grad",
]

_Axes = tuple[int, ...]


def _working(x: Any, *others: Any) -> Any:
    """The dtype to compute in: that of the widest argument, and float32 at least."""
    return np.result_type(np.float32, x.dtype, *[a.dtype for a in others if a is not None])


def _kept(shape: tuple[int, ...], axis: _Axes) -> tuple[int, ...]:
    return tuple(1 if i in axis else n for i, n in enumerate(shape))


def _centred(x: Any, axis: _Axes, dtype: Any) -> tuple[Any, Any, Any]:
    """``x`` less its mean, the mean and the variance; of nothing, zeros."""
    shape = _kept(x.shape, axis)
    if x.size == 0:
        zeros = get_array_module(x).zeros(shape, dtype)
        return x.astype(dtype), zeros, zeros
    mean = x.mean(axis=axis, dtype=dtype, keepdims=True)
    centred = x - mean
    # the mean of squared differences, not of squares: no cancellation where the mean is large
    return centred, mean, (centred * centred).mean(axis=axis, keepdims=True)


def _gradients(
    gy: Any, x: Any, gamma: Any, mean: Any, inv_std: Any, axis: _Axes, others: _Axes
) -> tuple[Any, Any, Any]:
    """``axis`` are those of the statistics; gamma and beta are summed over ``others``."""
    normal = (x - mean) * inv_std
    gbeta = gy.sum(axis=others, dtype=normal.dtype)
    product = gy * normal
    ggamma = product.sum(axis=others, dtype=normal.dtype)
    g = gy if gamma is None else gy * gamma
    if gamma is not None:
        product = product * gamma
    count = max(prod(x.shape[i] for i in axis), 1)
    along = product.sum(axis=axis, dtype=normal.dtype, keepdims=True) / count
    shift = g.sum(axis=axis, dtype=normal.dtype, keepdims=True) / count
    normal *= along
    gx = g - normal
    gx -= shift
    gx *= inv_std
    return gx, ggamma, gbeta


def _update(running: Any, value: Any, decay: float, factor: float) -> None:
    running *= decay
    running += (value.reshape(running.shape) * ((1 - decay) * factor)).astype(running.dtype)


@kernel("batch_normalization", backend="reference", writes=("running_mean", "running_var"))
def batch_normalization(
    x: Any,
    gamma: Any,
    beta: Any,
    running_mean: Any = None,
    running_var: Any = None,
    *,
    eps: float,
    decay: float,
    axis: _Axes,
) -> tuple[Any, Any, Any]:
    dtype = _working(x, gamma, beta)
    y, mean, var = _centred(x, axis, dtype)
    inv_std = 1 / get_array_module(x).sqrt(var + eps)
    y *= inv_std * gamma.reshape(mean.shape)
    y += beta.reshape(mean.shape)
    count = prod(x.shape[i] for i in axis)
    if running_mean is not None and x.size:
        _update(running_mean, mean, decay, 1)
    if running_var is not None and x.size:
        _update(running_var, var, decay, count / max(count - 1, 1))
    return y.astype(x.dtype, copy=False), mean, inv_std


@kernel("batch_normalization_grad", backend="reference")
def batch_normalization_grad(
    gy: Any, x: Any, gamma: Any, mean: Any, inv_std: Any, *, axis: _Axes
) -> tuple[Any, Any, Any]:
    weight = gamma.reshape(mean.shape)
    gx, ggamma, gbeta = _gradients(gy, x, weight, mean, inv_std, axis, axis)
    types = gamma.dtype
    return gx.astype(x.dtype, copy=False), ggamma.astype(types), gbeta.astype(types)


@kernel("layer_normalization", backend="reference")
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, *, eps: float, axis: _Axes
) -> tuple[Any, Any, Any]:
    dtype = _working(x, gamma, beta)
    y, mean, var = _centred(x, axis, dtype)
    inv_std = 1 / get_array_module(x).sqrt(var + eps)
    y *= inv_std
    if gamma is not None:
        y *= gamma
        y += beta
    return y.astype(x.dtype, copy=False), mean, inv_std


@kernel("layer_normalization_grad", backend="reference")
def layer_normalization_grad(
    gy: Any, x: Any, gamma: Any, mean: Any, inv_std: Any, *, axis: _Axes
) -> tuple[Any, Any, Any]:
    others = tuple(i for i in range(x.ndim) if i not in axis)
    gx, ggamma, gbeta = _gradients(gy, x, gamma, mean, inv_std, axis, others)
    types = x.dtype if gamma is None else gamma.dtype
    return gx.astype(x.dtype, copy=False), ggamma.astype(types), gbeta.astype(types)
