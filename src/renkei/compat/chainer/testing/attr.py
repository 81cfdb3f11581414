"""Marks of tests: what they need."""

from __future__ import annotations

import os
import unittest
from typing import Any

__all__ = [
    "check_available",
    "chainerx",
    "cudnn",
    "get_error",
    "gpu",
    "ideep",
    "is_available",
    "multi_gpu",
    "slow",
]

_error: ImportError | None = None
try:
    import pytest
except ImportError as error:
    _error = error

_gpu_limit = int(os.getenv("CHAINER_TEST_GPU_LIMIT", "-1"))


def is_available() -> bool:
    """Whether pytest is installed."""
    return _error is None


def check_available() -> None:
    """Raises if pytest is not installed."""
    if _error is not None:
        raise RuntimeError(
            f"{__name__} is not available.\n\nReason: {type(_error).__name__}: {_error}"
        )


def get_error() -> ImportError | None:
    """Why pytest cannot be imported, or None."""
    return _error


def _mark(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    check_available()
    return getattr(pytest.mark, name)(*args, **kwargs)


def chainerx(*args: Any, **kwargs: Any) -> Any:
    """Marks a test that needs ChainerX."""
    return _mark("chainerx", args, kwargs)


def cudnn(*args: Any, **kwargs: Any) -> Any:
    """Marks a test that needs cuDNN."""
    return _mark("cudnn", args, kwargs)


def ideep(*args: Any, **kwargs: Any) -> Any:
    """Marks a test that needs iDeep."""
    return _mark("ideep", args, kwargs)


def slow(*args: Any, **kwargs: Any) -> Any:
    """Marks a test that takes long."""
    return _mark("slow", args, kwargs)


def multi_gpu(gpu_num: int) -> Any:
    """Marks a test that needs a number of GPUs."""
    check_available()
    few = 0 <= _gpu_limit < gpu_num
    return lambda f: unittest.skipIf(few, f"{gpu_num} GPUs required")(pytest.mark.gpu(f))


def gpu(f: Any) -> Any:
    """Marks a test that needs a GPU."""
    return multi_gpu(1)(f)
