"""Geometry of convolutions, and windows of images as columns."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.shapes import conv_outsize, deconv_outsize
from renkei.kernels.reference.windows import folded, padded, reach, windows

__all__ = [
    "col2im",
    "col2im_cpu",
    "col2im_gpu",
    "get_conv_outsize",
    "get_deconv_outsize",
    "im2col",
    "im2col_cpu",
    "im2col_gpu",
]


def get_conv_outsize(size: int, k: int, s: int, p: int, cover_all: bool = False, d: int = 1) -> int:
    r"""The output size of a convolution along one axis.

    Args:
        size: the input's size.
        k: the kernel's size.
        s: the stride.
        p: the padding on each side.
        cover_all: let the last window reach over the border.
        d: the dilation.

    >>> from renkei.compat.chainer.utils import get_conv_outsize
    >>> get_conv_outsize(8, 3, 2, 1)
    4
    """
    return conv_outsize(size, k, s, p, cover_all, d)


def get_deconv_outsize(
    size: int, k: int, s: int, p: int, cover_all: bool = False, d: int = 1
) -> int:
    """The output size of a transposed convolution along one axis; see ``get_conv_outsize``."""
    return deconv_outsize(size, k, s, p, cover_all, d)


def im2col_cpu(
    img: Any, kh: int, kw: int, sy: int, sx: int, ph: int, pw: int, pval: float = 0,
    cover_all: bool = False, dy: int = 1, dx: int = 1, out_h: int | None = None,
    out_w: int | None = None,
) -> Any:  # fmt: skip
    """All windows of ``img`` (batch, channel, h, w) as an array (batch, channel, kh, kw, oh, ow).

    Args:
        img: the images.
        kh, kw: the windows' height and width.
        sy, sx: the strides.
        ph, pw: the padding.
        pval: what the padding is filled with.
        cover_all: let the last windows reach over the border.
        dy, dx: the dilation.
        out_h, out_w: the number of windows, if it is given.
    """
    h, w = img.shape[2:]
    out_h = get_conv_outsize(h, kh, sy, ph, cover_all, dy) if out_h is None else out_h
    out_w = get_conv_outsize(w, kw, sx, pw, cover_all, dx) if out_w is None else out_w
    if out_h <= 0 or out_w <= 0:
        raise AssertionError(f"Output size should be positive, but is ({out_h}, {out_w}).")
    sizes = (kh, kw), (sy, sx), (dy, dx), (out_h, out_w)
    full = padded(img, (ph, pw), reach(sizes[3], sizes[0], sizes[1], sizes[2]), pval)
    return get_array_module(img).array(windows(full, *sizes), order="C")


def im2col_gpu(
    img: Any, kh: int, kw: int, sy: int, sx: int, ph: int, pw: int, cover_all: bool = False,
    dy: int = 1, dx: int = 1, out_h: int | None = None, out_w: int | None = None,
) -> Any:  # fmt: skip
    """The same on a GPU."""
    return im2col_cpu(img, kh, kw, sy, sx, ph, pw, 0, cover_all, dy, dx, out_h, out_w)


im2col = im2col_gpu


def col2im_cpu(
    col: Any, sy: int, sx: int, ph: int, pw: int, h: int, w: int, dy: int = 1, dx: int = 1
) -> Any:
    """Adds windows (batch, channel, kh, kw, oh, ow) up to images of ``h`` rows, ``w`` columns."""
    return folded(col, col.shape[2:4], (sy, sx), (ph, pw), (dy, dx), (h, w))


col2im_gpu = col2im = col2im_cpu
