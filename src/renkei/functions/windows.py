"""Sliding windows: their sizes, what each of them sees, and the way back."""

from __future__ import annotations

from math import prod
from typing import Any

from renkei.core.errors import RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, conv_outsize, tuple_of

__all__ = ["im2col"]

_Sizes = tuple[int, ...]


def window_sizes(call: str, name: str, value: Any, n: int, least: int = 1) -> _Sizes:
    """``n`` integers of at least ``least`` from one or from a sequence, as in ``stride=2``."""
    sizes = (value,) * n if value.__class__ is int else tuple_of(call, name, value, n)
    for size in sizes:
        if size < least:
            kind = "positive integers" if least else "integers that are not negative"
            raise RangeError(call, f"{name}={value!r}", kind)
    return sizes


def spatial_axes(call: str, x: Any) -> int:
    """The number of spatial axes."""
    n = getattr(x, "ndim", 0) - 2
    if n < 1:
        raise ShapeError(call, f"x {describe(x)}", "an array (batch, channel, axis 1, ...)")
    return n


class Im2col(Function):
    """The node of ``im2col``."""

    outputs = ("col",)

    def __init__(
        self, ksize: _Sizes, stride: _Sizes, pad: _Sizes, dilate: _Sizes, cover_all: bool
    ) -> None:
        self.ksize, self.stride, self.pad, self.dilate = ksize, stride, pad, dilate
        self.cover_all = cover_all

    def _outsize(self, x: Any) -> _Sizes:
        axes = zip(x.shape[2:], self.ksize, self.stride, self.pad, self.dilate)
        return tuple(conv_outsize(n, k, s, p, self.cover_all, d) for n, k, s, p, d in axes)

    def check(self, x: Any) -> Spec:
        call = "im2col(x, ksize)"
        if x.ndim != len(self.ksize) + 2:
            raise ShapeError(call, f"x {x.shape}", "images (batch, channel, height, width)")
        outsize = self._outsize(x)
        if min(outsize) <= 0:
            raise ShapeError(
                call, f"x {x.shape}, ksize={self.ksize}", "windows that fit into the padded image"
            )
        return Spec((x.shape[0], x.shape[1] * prod(self.ksize), *outsize), x.dtype)

    def forward(self, x: Any) -> Any:
        return self.kernel("im2col", x, outsize=self._outsize(x), **self._window)

    @property
    def _window(self) -> dict[str, Any]:
        return {
            "ksize": self.ksize,
            "stride": self.stride,
            "pad": self.pad,
            "dilate": self.dilate,
        }

    def grad_x(self, gcol: Any) -> Any:
        return Col2im(**self._window, cover_all=self.cover_all, size=self.specs.x.shape[2:])(gcol)


class Col2im(Function):
    """The adjoint of ``Im2col``: adds overlapping windows up."""

    outputs = ("x",)

    def __init__(
        self,
        ksize: _Sizes,
        stride: _Sizes,
        pad: _Sizes,
        dilate: _Sizes,
        cover_all: bool,
        size: _Sizes,
    ) -> None:
        self.ksize, self.stride, self.pad, self.dilate = ksize, stride, pad, dilate
        self.cover_all, self.size = cover_all, size

    def check(self, col: Any) -> Spec:
        return Spec((col.shape[0], col.shape[1] // prod(self.ksize), *self.size), col.dtype)

    def forward(self, col: Any) -> Any:
        return self.kernel(
            "col2im",
            col,
            ksize=self.ksize,
            stride=self.stride,
            pad=self.pad,
            dilate=self.dilate,
            outsize=self.size,
        )

    def grad_col(self, gx: Any) -> Any:
        return Im2col(self.ksize, self.stride, self.pad, self.dilate, self.cover_all)(gx)


def im2col(
    x: Any, ksize: Any, stride: Any = 1, pad: Any = 0, cover_all: bool = False, dilate: Any = 1
) -> Any:
    r"""Writes out what each window of a convolution sees.

    Args:
        x: images (batch, channel, height, width), array or Variable.
        ksize: size of the window; an integer or (height, width).
        stride, pad, cover_all, dilate: as for ``convolution_2d``.

    Returns:
        Array or Variable (batch, channel * height * width of the window, out height, out width).

    Raises:
        ShapeError: ``x`` has not 4 axes, or the window is larger than the padded image.

    >>> F.im2col(np.arange(9).reshape(1, 1, 3, 3), 2)[0, :, 0, 0]
    array([0, 1, 3, 4])
    """
    call = "im2col(x, ksize)"
    return Im2col(
        window_sizes(call, "ksize", ksize, 2),
        window_sizes(call, "stride", stride, 2),
        window_sizes(call, "pad", pad, 2, 0),
        window_sizes(call, "dilate", dilate, 2),
        bool(cover_all),
    )(x)
