"""Types for annotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

__all__ = ["TYPE_CHECKING", "AbstractInitializer"]


class AbstractInitializer(Protocol):
    """Fills an array in place."""

    dtype: Any = None

    def __call__(self, array: Any) -> None: ...


ScalarValue = Any
NdArray = Any
Device = Any
DeviceSpec = Any
InitializerSpec = Callable[..., None] | Any
ShapeSpec = int | tuple[int, ...]
Shape = tuple[int, ...]
DTypeSpec = Any
Dtype = Any
NumpyDType = Any
CudaArray = Any
