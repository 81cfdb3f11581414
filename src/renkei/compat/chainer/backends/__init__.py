"""Backends: CUDA, and iDeep, which is only a name."""

import importlib
from typing import Any

__all__ = ["cuda", "intel64"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'chainer.backends' has no attribute {name!r}")
