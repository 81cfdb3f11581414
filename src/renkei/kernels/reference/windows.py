"""Sliding windows over the spatial axes of an array (batch, channel, *space)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

__all__ = ["col2im", "crop", "folded", "im2col", "padded", "positions", "reach", "windows"]

_Sizes = tuple[int, ...]


def reach(outsize: _Sizes, ksize: _Sizes, stride: _Sizes, dilate: _Sizes) -> _Sizes:
    """How far ``outsize`` windows stretch along each axis, from the first to the last element."""
    return tuple(
        (o - 1) * s + (k - 1) * d + 1 if o else 0
        for o, k, s, d in zip(outsize, ksize, stride, dilate)
    )


def padded(x: Any, pad: _Sizes, size: _Sizes, value: float = 0) -> Any:
    """``x`` behind a margin of ``pad``, filled up with ``value`` to at least ``size``.

    The memory order of ``x`` is kept, so that channels-last stays channels-last.
    """
    space = x.shape[2:]
    full = tuple(max(p + n, t) for p, n, t in zip(pad, space, size))
    if full == space:
        return x
    shape = x.shape[:2] + full
    order = sorted(range(x.ndim), key=lambda i: -abs(x.strides[i]))
    back = [order.index(i) for i in range(x.ndim)]
    xp = get_array_module(x)
    memory = xp.full([shape[i] for i in order], value, x.dtype).transpose(back)
    memory[crop(pad, space)] = x
    return memory


def crop(pad: _Sizes, space: _Sizes) -> tuple[Any, ...]:
    """The index of what lies inside the margin."""
    return (..., *(slice(p, p + n) for p, n in zip(pad, space)))


def windows(x: Any, ksize: _Sizes, stride: _Sizes, dilate: _Sizes, outsize: _Sizes) -> Any:
    """All windows of a padded array as a view (batch, channel, *ksize, *outsize)."""
    n, c, *space = x.strides
    inner = [step * d for step, d in zip(space, dilate)]
    outer = [step * s for step, s in zip(space, stride)]
    as_strided = get_array_module(x).lib.stride_tricks.as_strided
    return as_strided(x, (*x.shape[:2], *ksize, *outsize), (n, c, *inner, *outer))


def positions(
    ksize: _Sizes, stride: _Sizes, dilate: _Sizes, outsize: _Sizes
) -> Iterator[tuple[_Sizes, tuple[Any, ...]]]:
    """Each place in a window with the index of what all windows have there."""
    for place in itertools.product(*map(range, ksize)):
        starts = [i * d for i, d in zip(place, dilate)]
        steps = zip(starts, stride, outsize)
        yield place, (..., *(slice(a, a + (o - 1) * s + 1 if o else a, s) for a, s, o in steps))


def folded(
    col: Any, ksize: _Sizes, stride: _Sizes, pad: _Sizes, dilate: _Sizes, outsize: _Sizes
) -> Any:
    """Adds windows (n, c, *ksize, *insize) up where they overlap."""
    insize = col.shape[2 + len(ksize) :]
    size = reach(insize, ksize, stride, dilate)
    full = tuple(max(p + o, r) for p, o, r in zip(pad, outsize, size))
    y = get_array_module(col).zeros((*col.shape[:2], *full), col.dtype)
    for place, index in positions(ksize, stride, dilate, insize):
        y[index] += col[(slice(None), slice(None), *place)]
    return y[crop(pad, outsize)]


@kernel("im2col", backend="reference")
def im2col(
    x: Any, *, ksize: _Sizes, stride: _Sizes, pad: _Sizes, dilate: _Sizes, outsize: _Sizes
) -> Any:
    full = padded(x, pad, reach(outsize, ksize, stride, dilate))
    view = windows(full, ksize, stride, dilate, outsize)
    # not reshape alone: where that needs no copy, the result would share the input's memory
    col = get_array_module(x).empty(view.shape, x.dtype)
    col[...] = view
    return col.reshape(len(x), x.shape[1] * prod(ksize), *outsize)


@kernel("col2im", backend="reference")
def col2im(
    col: Any, *, ksize: _Sizes, stride: _Sizes, pad: _Sizes, dilate: _Sizes, outsize: _Sizes
) -> Any:
    dtype = col.dtype
    if dtype == np.float16:
        col = col.astype(np.float32)
    n, depth, *insize = col.shape
    col = col.reshape(n, depth // prod(ksize), *ksize, *insize)
    y = folded(col, ksize, stride, pad, dilate, outsize)
    return get_array_module(y).ascontiguousarray(y).astype(dtype, copy=False)
