"""Discrete Fourier transforms."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec

__all__ = ["fft", "ifft"]


class FFT(Function):
    """The discrete Fourier transform along the last axis, or its inverse."""

    op = "fft"
    outputs = ("y_real", "y_imag")

    def __init__(self, inverse: bool) -> None:
        self.inverse = inverse

    def check(self, real: Any, imag: Any) -> tuple[Spec, Spec]:
        call = "ifft((real, imag))" if self.inverse else "fft((real, imag))"
        for x in (real, imag):
            if getattr(x, "dtype", None) is None or x.dtype.kind != "f":
                got = f"real {describe(real)}, imag {describe(imag)}"
                raise DtypeError(call, got, "two arrays of floats", "See F.cast.")
        if real.dtype != imag.dtype:
            raise DtypeError(call, f"{real.dtype} and {imag.dtype}", "parts of one dtype")
        if real.shape != imag.shape or not real.ndim or not real.shape[-1]:
            got = f"real {real.shape}, imag {imag.shape}"
            raise ShapeError(call, got, "parts of one shape (..., n) with n > 0")
        return Spec(real.shape, real.dtype), Spec(real.shape, real.dtype)

    def forward(self, real: Any, imag: Any) -> Any:
        return self.kernel("fft", real, imag, inverse=self.inverse)

    # The transform is linear, and its adjoint is its inverse up to the factor n.
    def grads(self, wanted: tuple[bool, ...], gy_real: Any, gy_imag: Any) -> tuple[Any, Any]:
        n = self.specs.real.shape[-1]
        like = gy_imag if gy_real is None else gy_real
        zeros = get_array_module(like).zeros(like.shape, like.dtype)
        parts = [zeros if g is None else g for g in (gy_real, gy_imag)]
        real, imag = FFT(not self.inverse)(*parts)
        scale = 1 / n if self.inverse else n
        return real * scale, imag * scale


def fft(x: tuple[Any, Any]) -> tuple[Any, Any]:
    r"""The discrete Fourier transform along the last axis.

    .. math:: y_k = \sum_{j=0}^{n-1} x_j e^{-2 \pi i j k / n}

    Args:
        x: the real and the imaginary parts, a pair of arrays or Variables of shape (..., n).

    Returns:
        The real and the imaginary parts of the result, each of shape (..., n).

    Raises:
        ShapeError: the parts differ in shape.
        DtypeError: the parts are not floats of one dtype.

    J. Cooley and J. Tukey, An Algorithm for the Machine Calculation of Complex Fourier Series,
    1965.

    >>> real, imag = F.fft((np.array([0.0, 1.0, 0.0, 0.0]), np.zeros(4)))
    >>> real, imag
    (array([ 1.,  0., -1.,  0.]), array([ 0., -1.,  0.,  1.]))
    """
    return FFT(False)(*_parts("fft", x))


def ifft(x: tuple[Any, Any]) -> tuple[Any, Any]:
    r"""The inverse of the discrete Fourier transform along the last axis.

    .. math:: y_j = \frac1n \sum_{k=0}^{n-1} x_k e^{2 \pi i j k / n}

    Args:
        x: the real and the imaginary parts, a pair of arrays or Variables of shape (..., n).

    Returns:
        The real and the imaginary parts of the result, each of shape (..., n).

    Raises:
        ShapeError: the parts differ in shape.
        DtypeError: the parts are not floats of one dtype.

    >>> real, imag = F.ifft(F.fft((np.array([3.0, 1.0]), np.array([0.0, 2.0]))))
    >>> real, imag
    (array([3., 1.]), array([0., 2.]))
    """
    return FFT(True)(*_parts("ifft", x))


def _parts(name: str, x: Any) -> tuple[Any, Any]:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise DtypeError(f"{name}(x)", describe(x), "a pair: real parts, imaginary parts")
    return x[0], x[1]
