"""Small helpers on arrays."""

from __future__ import annotations

import math
from typing import Any

from renkei.core.broadcast import sum_array_to
from renkei.core.device import get_array_module

__all__ = ["as_mat", "as_vec", "empty_like", "size_of_shape", "sum_to"]


def as_vec(x: Any) -> Any:
    """The array as a vector, a view where possible."""
    return x.ravel()


def as_mat(x: Any) -> Any:
    """The array as a matrix: the first axis and all others."""
    return x if x.ndim == 2 else x.reshape(len(x), -1)


def empty_like(x: Any) -> Any:
    """An uninitialized array of the same shape, dtype and device."""
    return get_array_module(x).empty_like(x)


def size_of_shape(shape: Any) -> int:
    """The number of elements of an array of a shape."""
    return math.prod(shape)


def sum_to(x: Any, shape: tuple[int, ...]) -> Any:
    """Sums an array over the axes along which ``shape`` was broadcast to it."""
    return x if x.shape == tuple(shape) else sum_array_to(x, tuple(shape))
