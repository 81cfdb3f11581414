"""Parameter: a Variable that optimizers train, whose size may be left open."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from renkei.core.config import get_dtype
from renkei.core.device import (
    as_array,
    current_device,
    device_of,
    get_array_types,
    get_device,
)
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.variable import Leaf, Variable

__all__ = ["Parameter"]


class Parameter(Variable):
    r"""A Variable that optimizers train.

    Args:
        initializer: an array; a callable that fills an array in place; a number; or None for NaN.
        shape: the shape; left open, ``initialize(shape)`` makes the array later.
        name: the parameter's name.

    >>> import numpy as np, renkei as rk
    >>> W = rk.Parameter(0.5)          # the size is not known yet
    >>> W.is_initialized
    False
    >>> W.initialize((2,))
    >>> W.array
    array([0.5, 0.5], dtype=float32)
    """

    __slots__ = ("_device", "_wanted", "initializer", "update_rule")

    def __init__(
        self,
        initializer: Any = None,
        shape: int | tuple[int, ...] | None = None,
        name: str | None = None,
        *,
        requires_grad: bool = True,
    ) -> None:
        array = initializer if isinstance(initializer, get_array_types()) else None
        if array is not None and shape is not None and array.shape != _as_shape(shape):
            raise ShapeError("Parameter(initializer, shape)", f"{array.shape} and {shape}", "equal")
        super().__init__(array, name=name, requires_grad=requires_grad)
        self.initializer = initializer
        self.update_rule: Any = None
        self._wanted = requires_grad
        self._device = current_device() if array is None else device_of(array)
        if array is None and shape is not None:
            self.initialize(shape)

    @property
    def is_initialized(self) -> bool:
        """Whether the array exists."""
        return self._array is not None

    @property
    def dtype(self) -> Any:
        """The dtype of the array, or the one that it will get."""
        if self._array is not None:
            return self._array.dtype
        return get_dtype(getattr(self.initializer, "dtype", None))

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient is computed; setting False freezes the parameter."""
        return self._wanted

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self._wanted = wanted
        Variable.requires_grad.__set__(self, wanted)  # type: ignore[attr-defined]

    @property
    def array(self) -> Any:
        """The array of values; assigning one initializes an open parameter."""
        return self._array

    @array.setter
    def array(self, array: Any) -> None:
        Variable.array.__set__(self, array)  # type: ignore[attr-defined]
        if self._edge is None and self._wanted and array is not None and array.dtype.kind in "fc":
            self._edge = Leaf(self)

    data = array

    def initialize(self, shape: int | tuple[int, ...]) -> None:
        """Makes the array: the initializer fills it on the host, and it goes to the device."""
        try:
            array = np.empty(_as_shape(shape), self.dtype)
        except ValueError as error:  # more elements than can be counted
            raise ShapeError(
                "Parameter.initialize(shape)", f"{shape}", f"sizes: {error}"
            ) from error
        if callable(self.initializer):
            if array.size:  # the usual deviations divide by the sizes
                self.initializer(array)
        else:
            array[...] = np.nan if self.initializer is None else as_array(self.initializer)
        self.array = self._device.send(array)

    def to_device(self, spec: Any) -> None:
        """Moves array and gradient; an open parameter remembers where it shall be made."""
        self._device = get_device(spec)
        super().to_device(self._device)

    def update(self) -> None:
        """Lets the optimizer's rule for this parameter take one step."""
        if self.update_rule is not None:
            self.update_rule.update(self)

    def _copy_into(self, twin: Any) -> None:
        super()._copy_into(twin)
        twin.initializer, twin.update_rule = self.initializer, None
        twin._wanted, twin._device = self._wanted, self._device

    def __reduce__(self) -> Any:
        state = (self._array, self.name, self.grad, self._wanted, self.initializer)
        return _rebuild_parameter, (type(self), *state)


def _rebuild_parameter(
    cls: type[Parameter], array: Any, name: str | None, grad: Any, wanted: bool, initializer: Any
) -> Any:
    result = cls.__new__(cls)
    first = initializer if array is None else array
    Parameter.__init__(result, first, name=name, requires_grad=wanted)
    result.initializer = initializer
    if grad is not None:
        result.grad = grad
    return result


def _as_shape(shape: int | tuple[int, ...]) -> tuple[int, ...]:
    sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
    try:
        result = tuple(operator.index(size) for size in sizes)
    except TypeError:
        raise DtypeError("Parameter(initializer, shape)", describe(shape), "integers") from None
    if any(size < 0 for size in result):
        raise RangeError("Parameter(initializer, shape)", f"{shape}", "sizes of 0 or more")
    return result
