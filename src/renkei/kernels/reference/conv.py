"""Convolution of any number of spatial axes as matrix products over unrolled windows."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel
from renkei.kernels.reference.windows import folded, padded, reach, windows

__all__ = ["convolution", "convolution_grad_w", "deconvolution"]

# Unrolled windows are made for so many elements at a time: they stay in the cache, and memory does
# not grow with the batch.
CHUNK = 1 << 20

_Sizes = tuple[int, ...]


def _chunks(n: int, per_example: int) -> Iterator[slice]:
    step = max(1, CHUNK // max(1, per_example))
    return (slice(i, i + step) for i in range(0, n, step))


def _working(*arrays: Any) -> tuple[Any, list[Any]]:
    """The dtype of the result, and the arrays in the dtype to compute in."""
    dtype = np.result_type(*[a.dtype for a in arrays])
    wide = np.dtype(np.float32) if dtype == np.float16 else dtype
    return dtype, [a.astype(wide, copy=False) for a in arrays]


def _plus_bias(y: Any, b: Any) -> Any:
    if b is not None:
        y += b.astype(y.dtype, copy=False).reshape(b.shape + (1,) * (y.ndim - 2))
    return y


@kernel("convolution", backend="reference")
def convolution(
    x: Any,
    W: Any,
    b: Any = None,
    *,
    stride: _Sizes,
    pad: _Sizes,
    dilate: _Sizes,
    groups: int,
    outsize: _Sizes,
) -> Any:
    dtype, (x, w) = _working(x, W)
    n, c, *_ = x.shape
    o, ksize = W.shape[0], W.shape[2:]
    depth, places = c // groups * prod(ksize), prod(outsize)
    x = padded(x, pad, reach(outsize, ksize, stride, dilate))
    w = w.reshape(groups, o // groups, depth)
    xp = get_array_module(x)
    y = xp.empty((n, groups, o // groups, places), x.dtype)
    for part in _chunks(n, c * prod(ksize) * places):
        col = windows(x[part], ksize, stride, dilate, outsize)
        xp.matmul(w, col.reshape(len(col), groups, depth, places), out=y[part])
    return _plus_bias(y.reshape(n, o, *outsize), b).astype(dtype, copy=False)


@kernel("deconvolution", backend="reference")
def deconvolution(
    x: Any,
    W: Any,
    b: Any = None,
    *,
    stride: _Sizes,
    pad: _Sizes,
    dilate: _Sizes,
    groups: int,
    outsize: _Sizes,
) -> Any:
    dtype, (x, w) = _working(x, W)
    n, c, *insize = x.shape
    ksize, places = W.shape[2:], prod(insize)
    o = W.shape[1] * groups
    w = w.reshape(groups, c // groups, W.shape[1] * prod(ksize)).swapaxes(1, 2)
    xp = get_array_module(x)
    y = xp.empty((n, o, *outsize), x.dtype)
    for part in _chunks(n, o * prod(ksize) * places):
        some = x[part]
        col = xp.matmul(w, some.reshape(len(some), groups, c // groups, places))
        col = col.reshape(len(some), o, *ksize, *insize)
        y[part] = folded(col, ksize, stride, pad, dilate, outsize)
    return _plus_bias(y, b).astype(dtype, copy=False)


@kernel("convolution_grad_w", backend="reference")
def convolution_grad_w(
    x: Any,
    gy: Any,
    *,
    ksize: _Sizes,
    stride: _Sizes,
    pad: _Sizes,
    dilate: _Sizes,
    groups: int,
) -> Any:
    dtype, (x, gy) = _working(x, gy)
    n, c, *_ = x.shape
    o, outsize = gy.shape[1], gy.shape[2:]
    depth, places = c // groups * prod(ksize), prod(outsize)
    x = padded(x, pad, reach(outsize, ksize, stride, dilate))
    xp = get_array_module(x)
    gW = xp.zeros((groups, o // groups, depth), x.dtype)
    for part in _chunks(n, c * prod(ksize) * places):
        col = windows(x[part], ksize, stride, dilate, outsize)
        m, g = len(col), gy[part]
        if m * o * depth <= CHUNK:
            # many small products, for which BLAS wakes no threads, and their sum
            col = col.reshape(m, groups, depth, places)
            g = g.reshape(m, groups, o // groups, places)
            gW += xp.matmul(g, col.swapaxes(2, 3)).sum(axis=0)
        else:
            # col: (c, *ksize, m, *outsize), so that one product sums over the batch as well
            col = xp.moveaxis(col, 0, 1 + len(ksize)).reshape(groups, depth, m * places)
            g = g.swapaxes(0, 1).reshape(groups, o // groups, m * places)
            gW += xp.matmul(g, col.swapaxes(1, 2))
    return gW.reshape(o, c // groups, *ksize).astype(dtype, copy=False)
