"""Pooling over windows of any number of spatial axes, and the way back."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel
from renkei.kernels.reference.windows import crop, padded, positions, reach

__all__ = ["average_pooling", "max_pooling", "pooling_at", "unpooling", "upsampling"]

_Sizes = tuple[int, ...]


def _slices(ksize: _Sizes, stride: _Sizes, outsize: _Sizes) -> list[tuple[Any, ...]]:
    """For each place in the window, in row-major order, the index of all windows' element."""
    ones = (1,) * len(ksize)
    return [index for _, index in positions(ksize, stride, ones, outsize)]


def _reach(outsize: _Sizes, ksize: _Sizes, stride: _Sizes) -> _Sizes:
    return reach(outsize, ksize, stride, (1,) * len(ksize))


@kernel("max_pooling", backend="reference")
def max_pooling(
    x: Any, *, ksize: _Sizes, stride: _Sizes, pad: _Sizes, outsize: _Sizes
) -> tuple[Any, Any]:
    x = padded(x, pad, _reach(outsize, ksize, stride), -np.inf)
    first, *others = _slices(ksize, stride, outsize)
    xp = get_array_module(x)
    y = x[first].copy("K")
    indices = xp.zeros(y.shape, np.int32)
    for place, index in enumerate(others, 1):
        value = x[index]
        xp.copyto(indices, place, where=value > y)
        xp.maximum(y, value, out=y)
    return y, indices


@kernel("upsampling", backend="reference")
def upsampling(
    x: Any, indices: Any, *, ksize: _Sizes, stride: _Sizes, pad: _Sizes, outsize: _Sizes
) -> Any:
    insize = x.shape[2:]
    full = tuple(max(p + o, r) for p, o, r in zip(pad, outsize, _reach(insize, ksize, stride)))
    dtype = np.dtype(np.float32) if x.dtype == np.float16 else x.dtype
    y = get_array_module(x).zeros((*x.shape[:2], *full), dtype)
    for place, index in enumerate(_slices(ksize, stride, insize)):
        y[index] += x * (indices == place)
    return y[crop(pad, outsize)].astype(x.dtype)


@kernel("pooling_at", backend="reference")
def pooling_at(x: Any, indices: Any, *, ksize: _Sizes, stride: _Sizes, pad: _Sizes) -> Any:
    outsize = indices.shape[2:]
    x = padded(x, pad, _reach(outsize, ksize, stride))
    xp = get_array_module(x)
    y = xp.zeros(indices.shape, x.dtype)
    for place, index in enumerate(_slices(ksize, stride, outsize)):
        xp.copyto(y, x[index], where=indices == place)
    return y


@kernel("average_pooling", backend="reference")
def average_pooling(
    x: Any, *, ksize: _Sizes, stride: _Sizes, pad: _Sizes, divisor: str, outsize: _Sizes
) -> Any:
    y = x.astype(np.float32) if x.dtype == np.float16 else x
    for axis, (k, s, p, o) in enumerate(zip(ksize, stride, pad, outsize), 2):
        y = _summed(y, axis, k, s, p, o)
    y = _divided(y, x.shape[2:], ksize, stride, pad, divisor)
    return y.astype(x.dtype, copy=False)


@kernel("unpooling", backend="reference")
def unpooling(
    x: Any, *, ksize: _Sizes, stride: _Sizes, pad: _Sizes, divisor: str, outsize: _Sizes
) -> Any:
    y = x.astype(np.float32) if x.dtype == np.float16 else x
    y = _divided(y.copy("K"), outsize, ksize, stride, pad, divisor)
    for axis, (k, s, p, o) in enumerate(zip(ksize, stride, pad, outsize), 2):
        y = _spread(y, axis, k, s, p, o)
    return y.astype(x.dtype, copy=False)


def _overlaps(k: int, s: int, p: int, size: int, out: int, axis: int) -> Any:
    """For each place in the window, which outputs see which elements inside the array."""
    lead = (slice(None),) * axis
    for i in range(k):
        first = max(0, -(-(p - i) // s))
        last = min(out, (size - 1 + p - i) // s + 1)
        if first < last:
            start, stop = first * s + i - p, (last - 1) * s + i - p + 1
            yield (*lead, slice(first, last)), (*lead, slice(start, stop, s))


def _summed(x: Any, axis: int, k: int, s: int, p: int, out: int) -> Any:
    """Sums windows along one axis: a window's sum is done one axis after the other."""
    shape = (*x.shape[:axis], out, *x.shape[axis + 1 :])
    y = get_array_module(x).zeros(shape, x.dtype)
    if out == 1 and p <= 0 and k >= x.shape[axis]:
        y += x.sum(axis=axis, keepdims=True)
        return y
    for outputs, inputs in _overlaps(k, s, p, x.shape[axis], out, axis):
        y[outputs] += x[inputs]
    return y


def _spread(y: Any, axis: int, k: int, s: int, p: int, size: int) -> Any:
    """The adjoint of ``_summed``."""
    shape = (*y.shape[:axis], size, *y.shape[axis + 1 :])
    x = get_array_module(y).zeros(shape, y.dtype)
    for outputs, inputs in _overlaps(k, s, p, size, y.shape[axis], axis):
        x[inputs] += y[outputs]
    return x


def _divided(y: Any, size: _Sizes, ksize: _Sizes, stride: _Sizes, pad: _Sizes, divisor: str) -> Any:
    """Divides window sums, in place, by the elements of a window or by those it really sees."""
    if divisor == "window":
        y /= prod(ksize)
    elif divisor == "seen":
        xp = get_array_module(y)
        axes = zip(size, ksize, stride, pad, y.shape[2:])
        for axis, (n, k, s, p, out) in enumerate(axes, 2):
            start = xp.arange(out) * s - p
            seen = xp.minimum(start + k, n) - xp.maximum(start, 0)
            shape = [out if i == axis else 1 for i in range(y.ndim)]
            y /= xp.maximum(seen, 1).astype(y.dtype).reshape(shape)
    return y
