"""Devices and array modules, in Chainer's words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from renkei.compat.chainer.backends._devices import (
    ChainerxDevice,
    CpuDevice,
    Device,
    GpuDevice,
    Intel64Device,
)
from renkei.core.device import CpuDevice as CoreCpuDevice
from renkei.core.device import CudaDevice, device_of, get_array_types
from renkei.core.device import Device as CoreDevice
from renkei.core.device import get_array_module as _array_module
from renkei.core.device import using_device as _using_device
from renkei.core.variable import Variable as CoreVariable

__all__ = [
    "ChainerxDevice",
    "CpuDevice",
    "Device",
    "GpuDevice",
    "Intel64Device",
    "copyto",
    "from_chx",
    "get_array_module",
    "get_device",
    "get_device_from_array",
    "to_chx",
    "using_device",
]


def _facade_device(device: CoreDevice) -> Device:
    """The facade's device of the engine's."""
    if isinstance(device, CoreCpuDevice):
        return CpuDevice()
    return GpuDevice.from_device_id(device.index)  # type: ignore[attr-defined]


def get_device(device_spec: Any) -> Device:
    r"""Finds the device that a specifier names.

    Args:
        device_spec: ``"@numpy"``, ``"@cupy:N"``, an integer or digit string (negative: CPU), a
            Device, or CuPy's own device.

    >>> from renkei.compat import chainer
    >>> chainer.get_device("@numpy")
    <CpuDevice (numpy)>
    """
    if isinstance(device_spec, Device):
        return device_spec
    if isinstance(device_spec, CoreDevice):
        return _facade_device(device_spec)
    if isinstance(device_spec, (int, np.integer)) and not isinstance(device_spec, bool):
        return CpuDevice() if device_spec < 0 else GpuDevice.from_device_id(int(device_spec))
    if isinstance(device_spec, str):
        return _named_device(device_spec)
    if type(device_spec).__module__.startswith("cupy") and hasattr(device_spec, "id"):
        return GpuDevice.from_device_id(device_spec.id)
    raise TypeError(
        "Device specifier must be a backend.Device, cuda.Device, chainerx.Device, integer or a "
        f"string. Actual: {type(device_spec)}"
    )


def _named_device(spec: str) -> Device:
    if spec.lstrip("-").isdigit():
        return get_device(int(spec))
    head, _, index = spec.partition(":")
    if spec == "@numpy":
        return CpuDevice()
    if head == "@cupy" and index.isdigit():
        return GpuDevice.from_device_id(int(index))
    if spec == "@intel64":
        return Intel64Device()
    if head in ("native", "cuda") and (not index or index.isdigit()):
        return ChainerxDevice(spec)
    if head == "@cupy" and not index:
        raise ValueError(f"Invalid device specifier: {spec!r}; name a GPU, as in '@cupy:0'")
    raise ValueError(f"Invalid device specifier: {spec!r}")


@contextlib.contextmanager
def using_device(device_spec: Any) -> Iterator[Device]:
    """A block in which a device is the current one."""
    device = get_device(device_spec)
    with _using_device(device._engine), device.create_context():
        yield device


def get_array_module(*args: Any) -> Any:
    r"""The array module of the first array or Variable; NumPy if there is none.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> chainer.backend.get_array_module(np.zeros(3)).__name__
    'numpy'
    """
    return _array_module(*args)


def get_device_from_array(*arrays: Any) -> Device:
    """The device of the first array that is on one other than the host."""
    for array in arrays:
        array = array._array if isinstance(array, CoreVariable) else array
        if isinstance(array, get_array_types()):
            device = device_of(array)
            if isinstance(device, CudaDevice):
                return _facade_device(device)
    return CpuDevice()


def copyto(dst: Any, src: Any) -> None:
    """Copies an array into another, between devices if need be."""
    if not isinstance(dst, get_array_types()):
        raise TypeError(f"cannot handle type {type(dst)}")
    device = device_of(dst)
    np.copyto(dst, CpuDevice().send(src)) if dst.__class__ is np.ndarray else (
        dst.__setitem__(..., device.send(src))
    )


def to_chx(array: Any) -> Any:
    """There is no ChainerX: raises."""
    raise RuntimeError("ChainerX is not available: Renkei runs on NumPy and CuPy.")


def from_chx(array: Any) -> Any:
    """The arrays themselves: none is ChainerX's."""
    return array
