"""Images of another size, by interpolation."""

from __future__ import annotations

from typing import Any

from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec
from renkei.functions.windows import window_sizes

__all__ = ["resize_images"]

_CALL = "resize_images(x, output_shape)"
_Sizes = tuple[int, ...]


class ResizeImages(Function):
    """The node of ``resize_images``."""

    def __init__(self, outsize: _Sizes, mode: str, align_corners: bool) -> None:
        self.outsize, self.mode, self.align_corners = outsize, mode, align_corners

    def check(self, x: Any) -> Spec:
        if x.ndim != 4 or 0 in x.shape[2:]:
            raise ShapeError(_CALL, f"x {x.shape}", "images (batch, channel, height, width)")
        if x.dtype.kind != "f":
            raise DtypeError(_CALL, f"x {describe(x)}", "an array of floats", "See F.cast.")
        return Spec((*x.shape[:2], *self.outsize), x.dtype)

    def forward(self, x: Any) -> Any:
        attrs = {"mode": self.mode, "align_corners": self.align_corners}
        return self.kernel("resize_images", x, outsize=self.outsize, **attrs)

    def grad_x(self, gy: Any) -> Any:
        return ResizeImagesGrad(self.specs.x.shape[2:], self.mode, self.align_corners)(gy)


class ResizeImagesGrad(Function):
    """The adjoint of ``ResizeImages``: adds each pixel to those that it was made of."""

    outputs = ("gx",)

    def __init__(self, insize: _Sizes, mode: str, align_corners: bool) -> None:
        self.insize, self.mode, self.align_corners = insize, mode, align_corners

    def check(self, gy: Any) -> Spec:
        return Spec((*gy.shape[:2], *self.insize), gy.dtype)

    def forward(self, gy: Any) -> Any:
        attrs = {"mode": self.mode, "align_corners": self.align_corners}
        return self.kernel("resize_images_grad", gy, insize=self.insize, **attrs)

    def grad_gy(self, ggx: Any) -> Any:
        return ResizeImages(self.specs.gy.shape[2:], self.mode, self.align_corners)(ggx)


def resize_images(
    x: Any, output_shape: Any, *, mode: str = "bilinear", align_corners: bool = True
) -> Any:
    r"""Makes images larger or smaller by interpolation between neighbouring pixels.

    An output pixel i of an axis of n pixels, m before, lies at the place

    .. math:: p_i = i \frac{m - 1}{n - 1}, \quad \text{or } \max\big(0,
        (i + \tfrac12) \tfrac mn - \tfrac12\big) \text{ without } \mathit{align\_corners}

    between two input pixels, and is :math:`(1 - w) x_{\lfloor p_i \rfloor} + w\,
    x_{\lfloor p_i \rfloor + 1}` with :math:`w = p_i - \lfloor p_i \rfloor`. With mode ``"nearest"``
    it is :math:`x_{\lfloor i m / n \rfloor}`. There is no smoothing before an image is made
    smaller.

    Args:
        x: images (batch, channel, height, width), array or Variable of floats.
        output_shape: (height, width) of the result in pixels; an integer stands for both.
        mode: ``"bilinear"`` or ``"nearest"``.
        align_corners: with ``"bilinear"``: the centres of the corner pixels stay where they are;
            False: the corners of the image do.

    Returns:
        Array or Variable (batch, channel) + output_shape.

    Raises:
        ShapeError: ``x`` has not 4 axes, or has no pixels.
        DtypeError: ``x`` is no array of floats.
        RangeError: ``mode`` is neither of the two, or a size is not positive.

    >>> F.resize_images(np.array([[[[0.0, 1.0]]]]), (1, 5))
    array([[[[0.  , 0.25, 0.5 , 0.75, 1.  ]]]])
    >>> F.resize_images(np.array([[[[0.0, 1.0]]]]), (2, 4), mode="nearest")
    array([[[[0., 0., 1., 1.],
             [0., 0., 1., 1.]]]])
    """
    if not isinstance(mode, str) or mode not in ("bilinear", "nearest"):
        raise RangeError(_CALL, f"mode={describe(mode)}", "'bilinear' or 'nearest'")
    sizes = window_sizes(_CALL, "output_shape", output_shape, 2)
    return ResizeImages(sizes, mode, bool(align_corners))(x)
