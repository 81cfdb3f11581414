"""The affine map of a fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.dispatch import kernel


@kernel("linear", backend="reference")
def linear(x: Any, W: Any, b: Any = None) -> Any:
    r"""``x W^T + b``: ``x`` (n, in), ``W`` (out, in), ``b`` (out,) or None, result (n, out).

    float16 is multiplied and summed in float32.
    """
    if x.dtype == W.dtype == "float16":
        y = linear(x.astype("float32"), W.astype("float32"), b)
        return y.astype("float16") if b is None or b.dtype == "float16" else y
    with np.errstate(invalid="ignore"):  # BLAS raises the flag on values that it discards
        y = x.dot(W.T)
    if b is None:
        return y
    if b.dtype is y.dtype:
        y += b
        return y
    return y + b
