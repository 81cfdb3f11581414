"""The factors of batch renormalization, and its running averages."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

__all__ = ["renormalization_factors"]


def _average(running: Any, value: Any, decay: float) -> None:
    running *= decay
    running += (value * (1 - decay)).astype(running.dtype)


@kernel("renormalization_factors", backend="reference", writes=("running_mean", "running_var"))
def renormalization_factors(
    x: Any,
    running_mean: Any,
    running_var: Any,
    *,
    eps: float,
    rmax: float,
    dmax: float,
    decay: float,
    axis: tuple[int, ...],
    update: bool,
) -> tuple[Any, Any]:
    """By what a batch's normalized values are stretched and moved towards the running averages."""
    xp = get_array_module(x)
    dtype = np.result_type(np.float32, x.dtype, running_mean.dtype)
    mean = x.mean(axis=axis, dtype=dtype, keepdims=True)
    # the mean of squared differences, not of squares: no cancellation where the mean is large
    var = ((x - mean) ** 2).mean(axis=axis, dtype=dtype)
    mean = mean.reshape(var.shape)
    sigma = xp.sqrt(running_var + eps).astype(dtype)
    r = xp.clip(xp.sqrt(var + eps) / sigma, 1 / rmax, rmax)
    d = xp.clip((mean - running_mean) / sigma, -dmax, dmax)
    if update:
        count = prod(x.shape[i] for i in axis)
        _average(running_mean, mean, decay)
        _average(running_var, var * (count / max(count - 1, 1)), decay)
    return r, d
