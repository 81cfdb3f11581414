"""Images of another size: each axis by itself, as weighted sums of two neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

__all__ = ["resize_images", "resize_images_grad"]

_Sizes = tuple[int, int]


def _neighbours(size: int, out: int, mode: str, align_corners: bool) -> tuple[Any, Any, Any]:
    """For each output the places of two inputs, and the weight of the second; on the host."""
    if mode == "nearest":
        low = np.minimum(np.arange(out) * (size / out), size - 1).astype(np.intp)
        return low, low, np.zeros(out)
    if align_corners:
        place = np.linspace(0, size - 1, out)
    else:
        place = np.maximum((np.arange(out) + 0.5) * (size / out) - 0.5, 0)
    low = place.astype(np.intp)
    return low, np.minimum(low + 1, size - 1), place - low


def _along(axis: int, weight: Any, like: Any) -> Any:
    shape = [-1 if i == axis else 1 for i in range(like.ndim)]
    return get_array_module(like).asarray(weight, like.dtype).reshape(shape)


def _gathered(x: Any, axis: int, low: Any, high: Any, weight: Any) -> Any:
    xp = get_array_module(x)
    y = xp.take(x, xp.asarray(low), axis)
    if weight.any():
        y *= _along(axis, 1 - weight, y)
        y += xp.take(x, xp.asarray(high), axis) * _along(axis, weight, y)
    return y


def _spread(gy: Any, axis: int, size: int, low: Any, high: Any, weight: Any) -> Any:
    """The adjoint of ``_gathered``."""
    shape = tuple(size if i == axis else n for i, n in enumerate(gy.shape))
    gx = get_array_module(gy).zeros(shape, gy.dtype)
    rows, sums = (a.swapaxes(0, axis) for a in (gy, gx))
    for row, i, j, w in zip(rows, low.tolist(), high.tolist(), weight.tolist()):
        sums[i] += row if w == 0 else row * (1 - w)
        if w:
            sums[j] += row * w
    return gx


@kernel("resize_images", backend="reference")
def resize_images(x: Any, *, outsize: _Sizes, mode: str, align_corners: bool) -> Any:
    y = x.astype(np.float32) if x.dtype == np.float16 else x
    for axis, out in zip((2, 3), outsize):
        y = _gathered(y, axis, *_neighbours(x.shape[axis], out, mode, align_corners))
    return y.astype(x.dtype, copy=False)


@kernel("resize_images_grad", backend="reference")
def resize_images_grad(gy: Any, *, insize: _Sizes, mode: str, align_corners: bool) -> Any:
    gx = gy.astype(np.float32) if gy.dtype == np.float16 else gy
    for axis, size in zip((2, 3), insize):
        gx = _spread(gx, axis, size, *_neighbours(size, gy.shape[axis], mode, align_corners))
    return gx.astype(gy.dtype, copy=False)
