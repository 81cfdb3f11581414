"""Renkei: a define-by-run deep-learning framework.

>>> import numpy as np, renkei as rk
>>> x = rk.Variable(np.array([1.0, 2.0], np.float32))
>>> y = rk.functions.sum(x ** 2)
>>> y.backward()
>>> x.grad
array([2., 4.], dtype=float32)
"""

import importlib
from typing import Any

import renkei.functions.methods  # noqa: F401  gives Variable its operators
from renkei._version import __version__ as __version__
from renkei.core.composite import composite
from renkei.core.config import (
    config,
    force_backprop_mode,
    get_dtype,
    global_config,
    mixed16,
    no_backprop_mode,
    using_config,
)
from renkei.core.device import (
    Device,
    get_array_module,
    get_array_types,
    get_device,
    using_device,
)
from renkei.core.dispatch import explain
from renkei.core.elementwise import elementwise
from renkei.core.errors import RenkeiError
from renkei.core.function import Function
from renkei.core.graph import backward, grad
from renkei.core.hooks import FunctionHook, LinkHook
from renkei.core.parameter import Parameter
from renkei.core.random import seed
from renkei.core.shapes import Spec
from renkei.core.variable import Variable, as_variable, from_dlpack

# Loaded on first use: submodules, and names that live in one.
_SUBMODULES = (
    "capture",
    "cli",
    "datasets",
    "distributions",
    "functions",
    "initializers",
    "iterators",
    "links",
    "models",
    "optimizers",
    "serializers",
    "sparse",
    "testing",
    "training",
)
_LAZY: dict[str, str] = {
    "Chain": "links",
    "ChainList": "links",
    "Link": "links",
    "Sequential": "links",
    "State": "links",
    "optimizer": "optimizers",
    "optimizer_hooks": "optimizers",
    "report": "reporter",
    "summary": "links.summary",
}

__all__ = [
    "Chain",
    "ChainList",
    "Device",
    "Function",
    "FunctionHook",
    "Link",
    "LinkHook",
    "Parameter",
    "RenkeiError",
    "Sequential",
    "Spec",
    "State",
    "Variable",
    "as_variable",
    "backward",
    "composite",
    "config",
    "elementwise",
    "explain",
    "force_backprop_mode",
    "from_dlpack",
    "functions",
    "get_array_module",
    "get_array_types",
    "get_device",
    "get_dtype",
    "global_config",
    "grad",
    "links",
    "mixed16",
    "no_backprop_mode",
    "optimizers",
    "report",
    "seed",
    "serializers",
    "summary",
    "training",
    "using_config",
    "using_device",
]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _LAZY:
        value = getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBMODULES])
