"""The same values as another dtype, on another device, or under another name."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import device_of, get_device
from renkei.core.errors import DtypeError
from renkei.core.function import Function
from renkei.core.shapes import Spec

__all__ = ["cast", "copy", "identity"]


class Cast(Function):
    """Converts an array to another dtype."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def check(self, x: Any) -> Spec:
        if x.dtype.kind == "c" and self.dtype.kind != "c":
            raise DtypeError("cast(x, typ)", f"{x.dtype} to {self.dtype}", "a complex dtype")
        return Spec(x.shape, self.dtype)

    def forward(self, x: Any) -> Any:
        return x.astype(self.dtype)

    def grad_x(self, gy: Any) -> Any:
        return cast(gy, self.specs.x.dtype)


def cast(x: Any, typ: Any) -> Any:
    r"""Converts an array to another dtype; the gradient is converted back.

    Args:
        x: array or Variable.
        typ: the new dtype, as ``numpy.dtype`` takes it. With an integer or boolean one the result
            has no gradient.

    Returns:
        Array or Variable of the same shape; ``x`` itself if it has that dtype already.

    Raises:
        DtypeError: there is no such dtype, or ``x`` is complex and ``typ`` is not.

    >>> F.cast(np.array([1.5, 2.5]), np.float16)
    array([1.5, 2.5], dtype=float16)
    """
    try:
        dtype = np.dtype(typ)
    except TypeError:
        raise DtypeError("cast(x, typ)", f"typ={typ!r}", "a dtype") from None
    return x if getattr(x, "dtype", None) == dtype else Cast(dtype)(x)


class Copy(Function):
    """Copies an array to a device."""

    _source: Any = None

    def __init__(self, dst: str) -> None:
        self.dst = dst

    def check(self, x: Any) -> Spec:
        return Spec(x.shape, x.dtype)

    def forward(self, x: Any) -> Any:
        self._source = device_of(x)
        y = get_device(self.dst).send(x)
        return y.copy() if y is x else y

    def grad_x(self, gy: Any) -> Any:
        return Copy(self._source.name)(gy)


def copy(x: Any, dst: Any) -> Any:
    r"""Copies an array to a device; the gradient travels back.

    Args:
        x: array or Variable.
        dst: the device, as ``get_device`` takes it; -1 is the CPU, 0 the first GPU.

    Returns:
        Array or Variable on that device, in memory of its own.

    Raises:
        DeviceError: there is no such device here.

    >>> F.copy(np.array([1.0, 2.0]), "@numpy")
    array([1., 2.])
    """
    return Copy(get_device(dst).name)(x)


class Identity(Function):
    """Passes its inputs on."""

    outputs = ("*ys",)

    def check(self, *xs: Any) -> tuple[Spec, ...]:
        return tuple(Spec(x.shape, x.dtype) for x in xs)

    def forward(self, *xs: Any) -> Any:
        return xs

    def grads(self, wanted: tuple[bool, ...], gys: Any) -> Any:
        return gys


def identity(*inputs: Any) -> Any:
    r"""Passes its inputs on as they are, under new names in the graph.

    Args:
        inputs: arrays or Variables.

    Returns:
        What was given: one, or a tuple of several.

    >>> F.identity(np.array([1.0]))
    array([1.])
    """
    outs = Identity()(*inputs)
    return outs[0] if len(inputs) == 1 else outs
