"""Networks for images, with the parameter names of Chainer's."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from renkei.compat.chainer.links._adopt import facade

__all__ = ["showing"]


def showing(module: str, names: str) -> Callable[[str], Any]:
    """Makes the ``__getattr__`` of a module that shows classes of one of ``renkei.models``."""
    wanted = names.split()

    def get(name: str) -> Any:
        if name not in wanted:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(f"renkei.models.{module}"), name)
        return facade(found) if isinstance(found, type) else found

    return get


def __getattr__(name: str) -> Any:
    if name in ("googlenet", "resnet", "vgg"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
