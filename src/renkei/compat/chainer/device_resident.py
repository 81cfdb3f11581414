"""What holds arrays and can be moved as a whole: the base of links in Chainer."""

from __future__ import annotations

import warnings
from typing import Any

from renkei.core.device import device_of, get_array_types
from renkei.core.device import get_device as core_device

__all__ = ["DeviceResident", "DeviceResidentsVisitor"]


class DeviceResident:
    """An object with arrays. ``device_resident_accept`` shows all of them to a visitor."""

    _device: Any = None

    def __init__(self) -> None:
        """Nothing to prepare."""

    def device_resident_accept(self, visitor: DeviceResidentsVisitor) -> None:
        """Lets a visitor see this object and its arrays; subclasses add theirs."""
        visitor.visit_device_resident(self)

    @property
    def device(self) -> Any:
        """The device of the arrays."""
        from renkei.compat.chainer.backend import _facade_device

        return _facade_device(self._device or core_device("@numpy"))

    @property
    def xp(self) -> Any:
        """The array module of the device."""
        return self.device.xp

    def to_cpu(self) -> Any:
        """Moves everything to the host. Use ``to_device('@numpy')``."""
        _deprecated("to_cpu", "@numpy")
        return self._move_to("@numpy", entry=True)

    def to_gpu(self, device: Any = None) -> Any:
        """Moves everything that is on the host to a GPU. Use ``to_device('@cupy:N')``."""
        from renkei.compat.chainer.backends import cuda

        cuda.check_cuda_available()
        _deprecated("to_gpu", "@cupy:N")
        index = getattr(device, "id", device)
        return self._move_to(int(0 if index is None else index), entry=True, only_from_host=True)

    def to_intel64(self) -> Any:
        """Raises: there is no iDeep; the CPU kernels need no other arrays."""
        from renkei.compat.chainer.backends import intel64

        intel64.check_ideep_available()

    def to_chx(self) -> Any:
        """Raises: there is no ChainerX."""
        raise RuntimeError("ChainerX is not available.")

    def from_chx(self) -> Any:
        """Does nothing: no array is ChainerX's."""
        return self

    def to_device(self, device: Any) -> Any:
        """Moves everything to a device; returns the object."""
        return self._move_to(device)

    def _move_to(self, spec: Any, entry: bool = False, only_from_host: bool = False) -> Any:
        from renkei.compat.chainer.backend import get_device

        visitor = _ToDevice(get_device(spec), self if entry else None, only_from_host)
        self.device_resident_accept(visitor)
        return self


def _deprecated(name: str, spec: str) -> None:
    warnings.warn(
        f"{name} is deprecated. Please use to_device('{spec}') instead.", DeprecationWarning, 3
    )


class DeviceResidentsVisitor:
    """The base of what walks over the arrays of links."""

    def visit_device_resident(self, device_resident: Any) -> None:
        """Called with each link."""
        raise NotImplementedError

    def visit_array(self, arr: Any) -> Any:
        """Called with each array; returns what takes its place."""
        raise NotImplementedError

    def visit_variable(self, param: Any) -> None:
        """Called with each parameter."""
        raise NotImplementedError


class _ToDevice(DeviceResidentsVisitor):
    """Moves everything to a device."""

    def __init__(self, device: Any, entry: Any, only_from_host: bool) -> None:
        self.device, self.entry, self.only_from_host = device, entry, only_from_host

    def visit_device_resident(self, device_resident: Any) -> None:
        device_resident._device = self.device._engine
        name = "to_cpu" if self.device.name == "@numpy" else "to_gpu"
        written = getattr(type(device_resident), name, None)
        if device_resident is self.entry or written is getattr(DeviceResident, name):
            return
        # A class of the time before visitors that moves its own arrays in to_cpu and to_gpu.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            written(device_resident, *([self.device._engine.index] if name == "to_gpu" else []))

    def _stays(self, array: Any) -> bool:
        return self.only_from_host and device_of(array).name != "@numpy"

    def visit_array(self, arr: Any) -> Any:
        moves = isinstance(arr, get_array_types()) and not self._stays(arr)
        return self.device.send(arr) if moves else arr

    def visit_variable(self, param: Any) -> None:
        if param.array is None or not self._stays(param.array):
            param.to_device(self.device)
