"""Fourier transforms: dtypes and mistakes."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DtypeError, ShapeError


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_inverse_undoes_the_transform_in_each_dtype(dtype):
    x = np.random.default_rng(0).normal(size=(2, 3, 7)).astype(dtype)
    parts = F.ifft(F.fft((x[0], x[1])))
    assert [p.dtype for p in parts] == [dtype, dtype]
    assert np.allclose(parts, x, atol=50 * np.finfo(dtype).eps)


def test_mistakes():
    x = np.ones((2, 4))
    with pytest.raises(ShapeError, match=r"fft\(\(real, imag\)\)"):
        F.fft((x, x[:1]))
    with pytest.raises(ShapeError, match="n > 0"):
        F.ifft((x[:, :0], x[:, :0]))
    with pytest.raises(DtypeError, match="one dtype"):
        F.fft((x, x.astype(np.float32)))
    with pytest.raises(DtypeError, match="floats"):
        F.fft((x, None))
    with pytest.raises(DtypeError, match="a pair"):
        F.ifft(x)
