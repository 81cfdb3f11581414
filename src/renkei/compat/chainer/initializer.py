"""Initializer: the base of the callables that fill parameters; ``get_fans``."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.initializers import Initializer, using_random_source
from renkei.initializers import get_fans as our_get_fans

__all__ = ["Initializer", "get_fans", "numpy_random"]


def get_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many values flow into and out of each unit of a weight (out, in, ...)."""
    if not isinstance(shape, tuple):
        raise ValueError(f"shape must be a tuple, but was {shape!r}")
    if len(shape) < 2:
        raise ValueError(f"shape must be of length >= 2. Actual: {len(shape)}")
    return our_get_fans(shape)


def numpy_random() -> Any:
    """A block in which initializers draw from the global state of ``numpy.random``."""
    return using_random_source(np.random)
