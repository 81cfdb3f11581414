"""Adding into picked elements: plain array code, the oracle of all other kernels."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel


@kernel("scatter_add", backend="reference")
def scatter_add(gy: Any, *indices: Any, pattern: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of a shape, with the values added where the index points."""
    xp = get_array_module(gy)
    arrays = iter(indices)
    index = tuple(next(arrays) if isinstance(p, str) else p for p in pattern)
    size = 1
    for n in shape:
        size *= n
    gx = xp.zeros(size, xp.float32 if gy.dtype == xp.float16 else gy.dtype)
    places = xp.arange(size).reshape(shape)[index]
    # One flat index: add.at has a quick loop for that alone.
    xp.add.at(gx, places.ravel(), gy.ravel().astype(gx.dtype, copy=False))
    return gx.reshape(shape).astype(gy.dtype, copy=False)
