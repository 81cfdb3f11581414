"""Convolution over packed windows, with matrix products of our own and our own threads."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from renkei import _native
from renkei.core.dispatch import kernel
from renkei.kernels.reference import conv as reference

_Sizes = tuple[int, ...]

# With so few channels in a group there is no matrix to multiply with.
FEW = 3


def able(x: Any, *others: Any) -> bool | str:
    for a in (x, *others):
        if a is None:
            continue
        if type(a) is not np.ndarray:
            return f"wants NumPy arrays, got {type(a).__name__}"
        if a.dtype != np.float32:
            return f"wants float32, got {a.dtype}"
    return True if 3 <= x.ndim <= 5 else f"wants 1 to 3 spatial axes, got {x.ndim - 2}"


def _dense(a: np.ndarray) -> np.ndarray:
    return a if a.flags.carray else np.require(a, requirements=["C", "A"])


def _few(W: np.ndarray, groups: int) -> bool:
    return groups > 1 and min(len(W) // groups, W.shape[1]) < FEW


@kernel("convolution", backend="native", when=able)
def convolution(
    x: np.ndarray,
    W: np.ndarray,
    b: np.ndarray | None = None,
    *,
    stride: _Sizes,
    pad: _Sizes,
    dilate: _Sizes,
    groups: int,
    outsize: _Sizes,
) -> np.ndarray:
    if _few(W, groups) or prod(W.shape) == 0:
        return reference.convolution(
            x, W, b, stride=stride, pad=pad, dilate=dilate, groups=groups, outsize=outsize
        )
    y = np.empty((len(x), len(W), *outsize), np.float32)
    b = None if b is None else _dense(b)
    _native.convolution(_dense(x), _dense(W), b, y, stride, pad, dilate, groups)
    return y


@kernel("deconvolution", backend="native", when=able)
def deconvolution(
    x: np.ndarray,
    W: np.ndarray,
    b: np.ndarray | None = None,
    *,
    stride: _Sizes,
    pad: _Sizes,
    dilate: _Sizes,
    groups: int,
    outsize: _Sizes,
) -> np.ndarray:
    if _few(W, groups) or prod(W.shape) == 0:
        return reference.deconvolution(
            x, W, b, stride=stride, pad=pad, dilate=dilate, groups=groups, outsize=outsize
        )
    y = np.empty((len(x), W.shape[1] * groups, *outsize), np.float32)
    b = None if b is None else _dense(b)
    _native.deconvolution(_dense(x), _dense(W), b, y, stride, pad, dilate, groups)
    return y


@kernel("convolution_grad_w", backend="native", when=able)
def convolution_grad_w(
    x: np.ndarray,
    gy: np.ndarray,
    *,
    ksize: _Sizes,
    stride: _Sizes,
    pad: _Sizes,
    dilate: _Sizes,
    groups: int,
) -> np.ndarray:
    gW = np.empty((gy.shape[1], x.shape[1] // groups, *ksize), np.float32)
    if _few(gW, groups):
        return reference.convolution_grad_w(
            x, gy, ksize=ksize, stride=stride, pad=pad, dilate=dilate, groups=groups
        )
    _native.convolution_grad_w(_dense(x), _dense(gy), gW, stride, pad, dilate, groups)
    return gW
