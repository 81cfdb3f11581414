"""Fourier transforms of complex numbers that come as two real arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

__all__: list[str] = []


@kernel("fft", backend="reference")
def fft(real: Any, imag: Any, *, inverse: bool) -> Any:
    xp = get_array_module(real)
    wide = np.float64 if real.dtype == np.float64 else np.float32
    x = xp.empty(real.shape, np.complex128 if wide == np.float64 else np.complex64)
    x.real, x.imag = real, imag
    y = xp.fft.ifft(x) if inverse else xp.fft.fft(x)
    return y.real.astype(real.dtype), y.imag.astype(real.dtype)
