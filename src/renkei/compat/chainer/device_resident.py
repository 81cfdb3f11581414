"""Objects whose arrays live on a device and move together."""

from __future__ import annotations

import warnings
from typing import Any

from renkei.core.device import using_device

__all__ = ["DeviceResident", "DeviceResidentsVisitor"]


class DeviceResident:
    """The base of objects that own arrays: ``to_device`` moves them all."""

    _device: Any = None

    def __init__(self) -> None:
        self._device = None

    @property
    def device(self) -> Any:
        """Where the arrays are."""
        from renkei.compat.chainer import backend

        return backend.CpuDevice() if self._device is None else self._device

    xp = property(lambda self: self.device.xp, doc="The array module of the device.")

    def to_device(self, device: Any) -> Any:
        """Moves all arrays to a device; returns the object itself."""
        from renkei.compat.chainer import backend

        self.device_resident_accept(_ToDevice(backend.get_device(device)))
        return self

    def to_cpu(self) -> Any:
        """Moves all arrays to the host."""
        self._deprecated("to_cpu")
        return self.to_device("@numpy")

    def to_gpu(self, device: Any = None) -> Any:
        """Moves all arrays to a GPU."""
        from renkei.compat.chainer.backends import cuda

        cuda.check_cuda_available()
        self._deprecated("to_gpu")
        return self.to_device(cuda.GpuDevice.from_device_id(device or 0))

    def to_intel64(self) -> Any:
        """Moves all arrays to iDeep, which does not exist here."""
        from renkei.compat.chainer.backends import intel64

        intel64.check_ideep_available()
        return self

    def to_chx(self) -> Any:
        """Moves all arrays to ChainerX, which does not exist here."""
        from renkei.compat.chainer import backend

        return backend.to_chx(self)

    def from_chx(self) -> Any:
        """Nothing to do: nothing is on a ChainerX device."""
        return self

    def _deprecated(self, name: str) -> None:
        if type(self).__module__.startswith("renkei"):
            return
        warnings.warn(
            f"{name} is deprecated. Please use to_device instead.", DeprecationWarning, stacklevel=3
        )

    def device_resident_accept(self, visitor: Any) -> None:
        """Lets a visitor see the arrays; overridden by owners of arrays."""
        visitor.visit_device_resident(self)


class DeviceResidentsVisitor:
    """The base of visitors of device-resident objects."""

    def visit_device_resident(self, device_resident: Any) -> None:
        """Called for each object."""
        raise NotImplementedError

    def visit_array(self, arr: Any) -> Any:
        """Called for each array; returns the array to keep."""
        raise NotImplementedError

    def visit_variable(self, param: Any) -> None:
        """Called for each parameter."""
        raise NotImplementedError


class _ToDevice(DeviceResidentsVisitor):
    def __init__(self, device: Any) -> None:
        self.device = device

    def visit_device_resident(self, device_resident: Any) -> None:
        device_resident._device = self.device

    def visit_array(self, arr: Any) -> Any:
        with using_device(self.device._engine):
            return self.device.send(arr)

    def visit_variable(self, param: Any) -> None:
        param.to_device(self.device)
