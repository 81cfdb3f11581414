"""Device objects: an array module, and how arrays come to it."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from renkei.core.device import CpuDevice as CoreCpuDevice
from renkei.core.device import CudaDevice, _cupy, get_array_types
from renkei.core.device import Device as CoreDevice
from renkei.core.variable import Variable as CoreVariable

__all__ = ["ChainerxDevice", "CpuDevice", "Device", "GpuDevice", "Intel64Device"]


class Device:
    """The base of devices. ``xp`` is the array module, ``send`` brings arrays there."""

    _engine: CoreDevice
    name: str = ""
    supported_array_types: tuple[type, ...] = ()

    @property
    def xp(self) -> Any:
        """The array module."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.name == other.name and bool(self.name)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name

    def __enter__(self) -> Any:
        raise RuntimeError("A device is no context manager: use chainer.using_device(device).")

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        raise RuntimeError("A device is no context manager: use chainer.using_device(device).")

    def create_context(self) -> contextlib.AbstractContextManager[Any]:
        """A block in which the device is the current one."""
        return contextlib.nullcontext(self)

    def use(self) -> None:
        """Makes it the current device."""
        self._engine.use()

    def is_array_supported(self, array: Any) -> bool:
        """Whether an array is on this device."""
        return isinstance(array, self.supported_array_types)

    def send(self, arrays: Any) -> Any:
        """Brings an array, or the arrays in a list or tuple, to the device."""
        if isinstance(arrays, (list, tuple)):
            return type(arrays)(self.send(a) for a in arrays)
        if arrays is None:
            return None
        if isinstance(arrays, (bool, int, float, complex)):
            return self.send_array(np.asarray(arrays))
        if isinstance(arrays, CoreVariable) or not isinstance(
            arrays, (np.generic, *get_array_types())
        ):
            raise TypeError(
                f"Array of type {type(arrays)} cannot be sent to {self}: arrays, lists and tuples "
                "of arrays, scalars and None can."
            )
        return self.send_array(arrays)

    def send_array(self, array: Any) -> Any:
        """Brings one array to the device."""
        return self._engine.send(array)


class CpuDevice(Device):
    r"""The host's memory.

    >>> from renkei.compat import chainer
    >>> chainer.backend.CpuDevice().name
    '@numpy'
    """

    name = "@numpy"
    supported_array_types = (np.ndarray,)
    _engine = CoreCpuDevice()

    @property
    def xp(self) -> Any:
        return np

    def __repr__(self) -> str:
        return "<CpuDevice (numpy)>"

    @staticmethod
    def from_array(array: Any) -> CpuDevice | None:
        """The device, if the array is in the host's memory."""
        return CpuDevice() if isinstance(array, np.ndarray) else None


class GpuDevice(Device):
    """An NVIDIA GPU.

    Args:
        device: CuPy's device object.
    """

    def __init__(self, device: Any) -> None:
        self.device = device
        self._engine = CudaDevice(int(device.id))
        self.name = f"@cupy:{int(device.id)}"

    @property
    def xp(self) -> Any:
        return _cupy()

    @property
    def supported_array_types(self) -> tuple[type, ...]:  # type: ignore[override]
        return (_cupy().ndarray,)

    def __repr__(self) -> str:
        return f"<GpuDevice (cupy):{int(self.device.id)}>"

    @staticmethod
    def from_device_id(device_id: int) -> GpuDevice:
        """The GPU with a number."""
        from renkei.compat.chainer.backends import cuda

        cuda.check_cuda_available()
        if not isinstance(device_id, (int, np.integer)) or device_id < 0:
            raise ValueError(f"Invalid CUDA device ID: {device_id}")
        return GpuDevice(_cupy().cuda.Device(int(device_id)))

    @staticmethod
    def from_array(array: Any) -> GpuDevice | None:
        """The GPU on which an array is, or None."""
        cupy = _cupy()
        if cupy is None or not isinstance(array, cupy.ndarray):
            return None
        return GpuDevice(array.device)

    def create_context(self) -> Any:
        return _cupy().cuda.Device(int(self.device.id))

    def is_array_supported(self, array: Any) -> bool:
        return super().is_array_supported(array) and array.device.id == self.device.id


class Intel64Device(CpuDevice):
    """Intel's iDeep: a name that old programs know; it cannot be used."""

    name = "@intel64"

    def __init__(self) -> None:
        from renkei.compat.chainer.backends import intel64

        intel64.check_ideep_available()

    def __repr__(self) -> str:
        return "<Intel64Device (numpy)>"


class ChainerxDevice(Device):
    """ChainerX: a name that old programs know; it cannot be used."""

    def __init__(self, device: Any) -> None:
        raise RuntimeError("ChainerX is not available: Renkei runs on NumPy and CuPy.")

    @property
    def fallback_device(self) -> Device:
        """Where functions without a ChainerX implementation would run."""
        return CpuDevice()

    @staticmethod
    def from_array(array: Any) -> None:
        """None: no array is ChainerX's."""

    @staticmethod
    def from_fallback_device(device: Any) -> Any:
        """There is no ChainerX: raises."""
        return ChainerxDevice(device)
