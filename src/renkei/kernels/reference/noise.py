"""Random functions: the numbers follow from (key, offset), so backward computes them again."""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel
from renkei.core.random import uniform

__all__ = ["dropout", "random_like", "zoneout"]


@kernel("dropout", backend="reference")
def dropout(x: Any, *, ratio: float, key: int, offset: int) -> Any:
    xp = get_array_module(x)
    y = x * (1 / (1 - ratio))
    # not a product with the mask: a dropped infinity would become NaN
    xp.copyto(y, 0, where=uniform(xp, key, offset, x.shape) < ratio)
    return y


@kernel("random_like", backend="reference")
def random_like(x: Any, *, kind: str, key: int, offset: int) -> Any:
    xp = get_array_module(x)
    if kind == "gumbel":
        # in float32, where no number in [2^-25, 1) rounds to 0 or 1
        u = xp.maximum(uniform(xp, key, offset, x.shape), np.float32(2.0**-25))
        return (-xp.log(-xp.log(u))).astype(x.dtype, copy=False)
    if kind == "uniform":
        return _open_uniform(xp, x, key, offset)
    half = (x.size + 1) // 2
    u, v = uniform(xp, key, offset, (2, half))
    radius = xp.sqrt(xp.log1p(-u) * np.float32(-2))
    angle = v * np.float32(2 * pi)
    pairs = xp.concatenate([radius * xp.cos(angle), radius * xp.sin(angle)])
    return pairs[: x.size].reshape(x.shape).astype(x.dtype, copy=False)


def _open_uniform(xp: Any, x: Any, key: int, offset: int) -> Any:
    """Numbers in (0, 1), neither end of which remains when they are rounded to the dtype."""
    if x.dtype == np.float64:  # of two numbers, one in the last digits of the other
        u, v = uniform(xp, key, offset, (2, *x.shape)).astype(np.float64)
        return u + (v + 2.0**-25) * 2.0**-24
    low = 2.0**-14 if x.dtype == np.float16 else 2.0**-25
    u = uniform(xp, key, offset, x.shape)
    return xp.clip(u, np.float32(low), np.float32(1 - np.finfo(x.dtype).epsneg)).astype(x.dtype)


@kernel("zoneout", backend="reference")
def zoneout(h: Any, x: Any, *, ratio: float, key: int, offset: int) -> Any:
    xp = get_array_module(x)
    return xp.where(uniform(xp, key, offset, x.shape) < ratio, h, x)
