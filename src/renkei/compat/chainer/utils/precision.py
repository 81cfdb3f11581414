"""Computing in single precision where half precision would lose too much."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

__all__ = ["_fp16_mixed_precision_helper"]


def _fp16_mixed_precision_helper(function: Any) -> Any:
    """Runs a method on float32 copies of float16 arrays and casts its results back."""

    @functools.wraps(function)
    def call(self: Any, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
        half = any(x is not None and x.dtype == np.float16 for x in arrays)
        if not half:
            return function(self, arrays)
        raised = tuple(
            x.astype(np.float32) if x is not None and x.dtype == np.float16 else x for x in arrays
        )
        return tuple(y if y is None else y.astype(np.float16) for y in function(self, raised))

    return call
