"""The kernels of softsign: one in NumPy for every array, two in C++."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

LIBRARY = Path(__file__).with_name("libsoftsign.so")


@kernel("softsign", backend="reference")
def softsign_reference(x: Any) -> Any:
    # An array, not a NumPy scalar, for arrays without axes too.
    return get_array_module(x).asarray(x / (1 + abs(x)))


def able(*arrays: Any) -> bool | str:
    """Whether the C++ kernels take these arrays, or the reason why not."""
    for a in arrays:
        if type(a) is not np.ndarray:
            return f"wants NumPy arrays, got {type(a).__name__}"
        if a.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            return f"wants float32 or float64, got {a.dtype}"
        if a.dtype != arrays[0].dtype:
            return f"wants one dtype, got {arrays[0].dtype} and {a.dtype}"
    return True


def call(name: str, *inputs: np.ndarray) -> np.ndarray:
    """Calls the C++ function ``name`` for the dtype of the inputs."""
    # C++ walks from one pointer to the end: one shape, no strides.
    arrays = [np.require(a, requirements=["C", "A"]) for a in np.broadcast_arrays(*inputs)]
    result = np.empty(arrays[0].shape, arrays[0].dtype)
    function = getattr(library, f"{name}_{result.dtype}")
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, result)]
    function(*pointers, ctypes.c_size_t(result.size))
    return result


if LIBRARY.exists():  # without it (build.py was not run) the reference serves
    library = ctypes.CDLL(str(LIBRARY))

    @kernel("softsign", backend="softsign_op", when=able)
    def softsign_cpp(x: np.ndarray) -> np.ndarray:
        return call("softsign", x)

    @kernel("softsign_grad", backend="softsign_op", when=able)
    def softsign_grad_cpp(x: np.ndarray, gy: np.ndarray) -> np.ndarray:
        return call("softsign_grad", x, gy)
