"""Windows of n-dimensional arrays as columns, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from renkei.compat.chainer.utils.conv import get_conv_outsize
from renkei.core.device import get_array_module
from renkei.kernels.reference.windows import folded, padded, reach, windows

__all__ = [
    "as_tuple",
    "col2im_nd",
    "col2im_nd_cpu",
    "col2im_nd_gpu",
    "im2col_nd",
    "im2col_nd_cpu",
    "im2col_nd_gpu",
]


def as_tuple(x: Any, n: int) -> tuple[Any, ...]:
    """``n`` values from one or from a sequence of ``n``."""
    if not isinstance(x, Iterable):
        return (x,) * n
    values = tuple(x)
    if len(values) != n:
        raise AssertionError(f"{n} values are wanted, got {x!r}")
    return values


def im2col_nd_cpu(
    img: Any, ksize: Any, stride: Any, pad: Any, pval: float = 0, cover_all: bool = False,
    dilate: Any = 1,
) -> Any:  # fmt: skip
    """All windows of ``img`` (batch, channel, *space) as an array (batch, channel, *k, *out)."""
    ndim = img.ndim - 2
    ksize, stride, pad, dilate = (as_tuple(v, ndim) for v in (ksize, stride, pad, dilate))
    sizes = zip(img.shape[2:], ksize, stride, pad, dilate, strict=True)
    out = tuple(get_conv_outsize(n, k, s, p, cover_all, d) for n, k, s, p, d in sizes)
    if any(o <= 0 for o in out):
        raise AssertionError(f"Output size should be positive, but is {out}.")
    full = padded(img, pad, reach(out, ksize, stride, dilate), pval)
    return get_array_module(img).array(windows(full, ksize, stride, dilate, out), order="C")


def im2col_nd_gpu(
    img: Any, ksize: Any, stride: Any, pad: Any, cover_all: bool = False, dilate: Any = 1
) -> Any:
    """The same on a GPU."""
    return im2col_nd_cpu(img, ksize, stride, pad, 0, cover_all, dilate)


im2col_nd = im2col_nd_gpu


def col2im_nd_cpu(col: Any, stride: Any, pad: Any, dims: Any, dilate: Any = 1) -> Any:
    """Adds windows (batch, channel, *k, *out) up to an image of the sizes ``dims``."""
    ndim = len(dims)
    stride, pad, dilate = (as_tuple(v, ndim) for v in (stride, pad, dilate))
    return folded(col, col.shape[2 : 2 + ndim], stride, pad, dilate, tuple(dims))


col2im_nd_gpu = col2im_nd = col2im_nd_cpu
