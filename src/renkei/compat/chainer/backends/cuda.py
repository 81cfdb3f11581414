"""CUDA through CuPy, with Chainer's names; without CuPy, ``available`` is False and all says so."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from renkei.compat.chainer.backends._devices import GpuDevice
from renkei.core.config import current
from renkei.core.device import _gpu_count, get_array_types
from renkei.core.device import get_array_module as _array_module
from renkei.core.variable import Variable as CoreVariable

__all__ = [
    "Device",
    "DummyDevice",
    "DummyDeviceType",
    "Event",
    "GpuDevice",
    "Stream",
    "available",
    "check_cuda_available",
    "clear_memo",
    "copy",
    "cudnn_enabled",
    "cupy",
    "elementwise",
    "fuse",
    "get_array_module",
    "get_cudnn_dropout_states",
    "get_cudnn_dropout_states_core",
    "get_device",
    "get_device_from_array",
    "get_device_from_id",
    "get_max_workspace_size",
    "memoize",
    "ndarray",
    "raw",
    "reduce",
    "set_max_workspace_size",
    "should_use_cudnn",
    "should_use_cudnn_tensor_core",
    "to_cpu",
    "to_gpu",
]

_resolution_error: Exception | None = None
libcudnn: Any = None
cudnn_enabled = False


class DummyDeviceType:
    """The device of arrays that are on no GPU: a block with it does nothing."""

    id = -1

    def __init__(self, device: Any = None) -> None:
        del device

    def __int__(self) -> int:
        return -1

    def __enter__(self) -> DummyDeviceType:
        return self

    def __exit__(self, *args: Any) -> None:
        pass

    def use(self) -> None:
        """Nothing to do."""

    def synchronize(self) -> None:
        """Nothing to do."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DummyDeviceType)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]


DummyDevice = DummyDeviceType()

try:
    import cupy

    available = _gpu_count() > 0
except ImportError as error:
    _resolution_error = error
    available = False

    class _NoCupy:
        """Stands for the module that is not there."""

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            raise RuntimeError(_unavailable())

    cupy = _NoCupy()  # type: ignore[assignment]


def _unavailable() -> str:
    return (
        "CUDA environment is not correctly set up\n"
        "(see https://github.com/chainer/chainer#installation)."
        f"{_resolution_error or 'No CUDA device can be seen.'} "
        "Install CuPy: pip install 'renkei[cuda13]'."
    )


if available:
    ndarray, Device = cupy.ndarray, cupy.cuda.Device
    Event, Stream = cupy.cuda.Event, cupy.cuda.Stream
else:

    class ndarray:
        """CuPy's array type, of which there are no objects here."""

        shape = property(lambda self: ())
        device = property(lambda self: None)

        def get(self, stream: Any = None) -> Any:
            """There is nothing to get."""

        def set(self, arr: Any, stream: Any = None) -> None:
            """There is nothing to set."""

    class Device(DummyDeviceType):
        """CuPy's device, of which there is none here."""

    class Event:
        """CuPy's event, of which there is none here."""

    class Stream:
        """CuPy's stream, of which there is none here."""

        null: Any = None


def check_cuda_available() -> None:
    """Raises RuntimeError if no GPU can be used."""
    if not available:
        raise RuntimeError(_unavailable())


# -- devices ---------------------------------------------------------------------------------------


def get_device_from_id(device_id: int | None) -> Any:
    """The GPU with a number; DummyDevice for a negative one."""
    if device_id is not None and device_id >= 0:
        check_cuda_available()
        return Device(int(device_id))
    return DummyDevice


def get_device_from_array(*arrays: Any) -> Any:
    """The GPU of the first array that is on one, else DummyDevice."""
    for array in arrays:
        array = getattr(array, "array", array)
        if available and isinstance(array, ndarray) and array.device is not None:
            return array.device
    return DummyDevice


def get_device(*args: Any) -> Any:
    """The GPU of the first argument that names one: a number, a device or an array."""
    for arg in args:
        if isinstance(arg, bool) or arg is None:
            continue
        if isinstance(arg, (int, np.integer)):
            check_cuda_available()
            return Device(int(arg))
        if isinstance(arg, (Device, DummyDeviceType)):
            return arg
        if available and isinstance(getattr(arg, "array", arg), ndarray):
            return getattr(arg, "array", arg).device
    return DummyDevice


# -- arrays ----------------------------------------------------------------------------------------


def get_array_module(*args: Any) -> Any:
    """The array module of the first array or Variable; NumPy if there is none."""
    return _array_module(*args)


def _converted(array: Any, convert: Any) -> Any:
    if isinstance(array, (list, tuple)):
        return type(array)(_converted(item, convert) for item in array)
    if array is None:
        return None
    if isinstance(array, CoreVariable) or not isinstance(array, (np.generic, *get_array_types())):
        raise TypeError(
            "The array sent to a device must be an array or a NumPy scalar, or a list or tuple of "
            f"them.\nActual type: {type(array)}."
        )
    return convert(array)


def to_cpu(array: Any, stream: Any = None) -> Any:
    r"""Copies an array, or the arrays in a list or tuple, to the host's memory.

    >>> import numpy as np
    >>> from renkei.compat.chainer.backends import cuda
    >>> cuda.to_cpu(np.arange(3))
    array([0, 1, 2])
    """

    def convert(a: Any) -> Any:
        return a if isinstance(a, np.ndarray) else np.asarray(a) if isinstance(
            a, np.generic) else a.get(stream)  # fmt: skip

    return _converted(array, convert)


def to_gpu(array: Any, device: Any = None, stream: Any = None) -> Any:
    """Copies an array, or the arrays in a list or tuple, to a GPU."""
    check_cuda_available()
    with get_device(device) if device is not None else DummyDevice:
        return _converted(array, cupy.asarray)


def copy(array: Any, out: Any = None, out_device: Any = None, stream: Any = None) -> Any:
    """Copies an array on a GPU, to another GPU if one is named."""
    check_cuda_available()
    if out is None:
        with get_device(array.device.id if out_device is None else out_device):
            return cupy.array(array)
    cupy.copyto(out, array)
    return out


# -- kernels ---------------------------------------------------------------------------------------

_memos: list[dict[Any, Any]] = []


def memoize(for_each_device: bool = False) -> Any:
    """A decorator that remembers results for each combination of arguments."""
    if available:
        return cupy.memoize(for_each_device)

    def decorate(function: Any) -> Any:
        memo: dict[Any, Any] = {}
        _memos.append(memo)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            key = (args, frozenset(kwargs.items()))
            if key not in memo:
                memo[key] = function(*args, **kwargs)
            return memo[key]

        return call

    return decorate


def clear_memo() -> None:
    """Forgets all remembered results."""
    for memo in _memos:
        memo.clear()
    if available:
        cupy.clear_memo()


@memoize()
def elementwise(in_params: str, out_params: str, operation: str, name: str, **kwargs: Any) -> Any:
    """A CUDA kernel from an expression of elements."""
    check_cuda_available()
    return cupy.ElementwiseKernel(in_params, out_params, operation, name, **kwargs)


@memoize()
def reduce(
    in_params: str,
    out_params: str,
    map_expr: str,
    reduce_expr: str,
    post_map_expr: str,
    identity: str,
    name: str,
    **kwargs: Any,
) -> Any:
    """A CUDA kernel that reduces arrays."""
    check_cuda_available()
    return cupy.ReductionKernel(
        in_params, out_params, map_expr, reduce_expr, post_map_expr, identity, name, **kwargs
    )


@memoize()
def raw(code: str, name: str, *args: Any, **kwargs: Any) -> Any:
    """A CUDA kernel from source."""
    check_cuda_available()
    return cupy.RawKernel(code, name, *args, **kwargs)


def fuse(*args: Any, **kwargs: Any) -> Any:
    """A decorator that fuses elementwise operations; without CuPy it leaves the function alone."""
    if available:
        return cupy.fuse(*args, **kwargs)
    if len(args) == 1 and not kwargs and callable(args[0]):
        return args[0]
    return lambda function: function


# -- cuDNN -----------------------------------------------------------------------------------------

_max_workspace_size = 8 * 1024 * 1024
_LEVELS = {"==always": ("always",), ">=auto": ("always", "auto")}


def get_max_workspace_size() -> int:
    """Bytes that cuDNN may use besides inputs and outputs."""
    return _max_workspace_size


def set_max_workspace_size(size: int) -> None:
    """Sets how many bytes cuDNN may use besides inputs and outputs."""
    global _max_workspace_size
    _max_workspace_size = size


def should_use_cudnn(level: str, lowest_version: int = 0) -> bool:
    """Whether cuDNN shall run at a level ("==always" or ">=auto") of ``config.use_cudnn``."""
    if level not in _LEVELS:
        raise ValueError(f'invalid cuDNN use level: {level!r} (must be either of "==always" or '
                         '">=auto")')  # fmt: skip
    return cudnn_enabled and current().use_cudnn in _LEVELS[level]


def should_use_cudnn_tensor_core(dtype: Any) -> bool:
    """Whether cuDNN shall use tensor cores for a dtype."""
    return cudnn_enabled and np.dtype(dtype) == np.float16


def get_cudnn_dropout_states() -> Any:
    """cuDNN's dropout states, which are not used here."""
    raise RuntimeError("Dropout does not use cuDNN here.")


def get_cudnn_dropout_states_core(thread_id: int) -> Any:
    """cuDNN's dropout states, which are not used here."""
    return get_cudnn_dropout_states()
