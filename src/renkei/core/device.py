"""Devices: where arrays live, how they move, and which array module computes on them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy import ndarray

from renkei.core.errors import DeviceError, DtypeError, describe

__all__ = [
    "CpuDevice",
    "CudaDevice",
    "Device",
    "as_array",
    "device_of",
    "get_array_module",
    "get_array_types",
    "get_device",
    "using_device",
]


class Device:
    """A place where arrays live. ``xp`` is its array module, ``send`` brings an array there."""

    name: str

    @property
    def xp(self) -> Any:
        raise NotImplementedError

    def send(self, array: Any) -> Any:
        raise NotImplementedError

    def use(self) -> None:
        """Makes this the current device of the running thread or task."""
        _current.set(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name


class CpuDevice(Device):
    """The host's memory, computed on with NumPy and the native kernels."""

    name = "@numpy"

    @property
    def xp(self) -> Any:
        return np

    def send(self, array: Any) -> Any:
        if isinstance(array, ndarray):
            return array
        return array.get() if hasattr(array, "get") else np.asarray(array)

    def __repr__(self) -> str:
        return "<CpuDevice (numpy)>"


class CudaDevice(Device):
    """An NVIDIA GPU, computed on with CuPy."""

    def __init__(self, index: int = 0) -> None:
        self.index = index
        self.name = f"@cupy:{index}"
        count = _gpu_count()
        if not 0 <= index < count:
            raise DeviceError(
                f"Device {self.name} cannot be used",
                hint=f"{count} CUDA device(s) can be seen, and CuPy is "
                + ("installed." if _cupy() else "not installed: pip install 'renkei[cuda13]'."),
            )

    @property
    def xp(self) -> Any:
        return _cupy()

    def send(self, array: Any) -> Any:
        with self.xp.cuda.Device(self.index):
            return self.xp.asarray(array)

    def use(self) -> None:
        self.xp.cuda.Device(self.index).use()
        super().use()

    def __repr__(self) -> str:
        return f"<CudaDevice {self.index} (cupy)>"


def _cupy() -> Any:
    try:
        import cupy
    except ImportError:
        return None
    return cupy


def _gpu_count() -> int:
    cupy = _cupy()
    if cupy is None:
        return 0
    try:
        return int(cupy.cuda.runtime.getDeviceCount())
    except cupy.cuda.runtime.CUDARuntimeError:
        return 0


_cpu = CpuDevice()
_current: ContextVar[Device] = ContextVar("renkei device", default=_cpu)


def get_device(spec: Any) -> Device:
    r"""Finds the device that a specifier names.

    Args:
        spec: ``"@numpy"``, ``"@cupy:N"``, an integer (negative: CPU, otherwise a GPU's number), a
            digit string, or a Device.

    Returns:
        The Device.

    Raises:
        DeviceError: the device does not exist here.
        DtypeError: the specifier is of no such type.

    >>> import renkei as rk
    >>> rk.get_device("@numpy")
    <CpuDevice (numpy)>
    """
    if isinstance(spec, Device):
        return spec
    if isinstance(spec, (int, np.integer)) and not isinstance(spec, bool):
        return _cpu if spec < 0 else CudaDevice(int(spec))
    if not isinstance(spec, str):
        raise DtypeError("get_device(spec)", describe(spec), "a Device, a string or an integer")
    if spec == "@numpy":
        return _cpu
    if spec.lstrip("-").isdigit():
        return get_device(int(spec))
    head, _, index = spec.partition(":")
    if head == "@cupy" and (index or "0").isdigit():
        return CudaDevice(int(index or 0))
    raise DeviceError("get_device(spec)", repr(spec), "'@numpy', '@cupy:N' or a number")


@contextlib.contextmanager
def using_device(spec: Any) -> Iterator[Device]:
    """A block in which a device is the current one: new parameters are made there."""
    device = get_device(spec)
    token = _current.set(device)
    scope = device.xp.cuda.Device(device.index) if isinstance(device, CudaDevice) else None
    try:
        with scope or contextlib.nullcontext():
            yield device
    finally:
        _current.reset(token)


def current_device() -> Device:
    """The device on which new arrays are made in this thread or task."""
    return _current.get()


def get_array_types() -> tuple[type, ...]:
    """The array types of the modules that are loaded: always numpy.ndarray, and CuPy's."""
    cupy = sys.modules.get("cupy")
    return (ndarray,) if cupy is None else (ndarray, cupy.ndarray)


def get_array_module(*values: Any) -> Any:
    r"""The array module of the first array or Variable among the values; NumPy if there is none.

    >>> import numpy as np, renkei as rk
    >>> rk.get_array_module(np.zeros(3)).__name__
    'numpy'
    """
    cupy = sys.modules.get("cupy")
    if cupy is None:
        return np
    for value in values:
        value = getattr(value, "array", value)
        if isinstance(value, cupy.ndarray):
            return cupy
    return np


def device_of(array: Any) -> Device:
    """The device that an array lies on."""
    cupy = sys.modules.get("cupy")
    if cupy is not None and isinstance(array, cupy.ndarray):
        return CudaDevice(array.device.id)
    return _cpu


def as_array(value: Any, dtype: Any = None) -> Any:
    """An array from an array or scalar, on the device it is on.

    Kernels return arrays, never NumPy scalars: a float64 scalar would promote float32 later.
    """
    if isinstance(value, get_array_types()):
        return value if dtype is None else value.astype(dtype, copy=False)
    return np.asarray(value, dtype)
