"""Chainer's interface on Renkei's engine: programs that say ``import chainer`` run unchanged.

All of Chainer's rules hold here; ``import renkei.compat.chainer.install`` only makes the name
``chainer`` mean this package.

>>> import numpy as np
>>> from renkei.compat import chainer
>>> x = chainer.Variable(np.array([1.0, 2.0], np.float32))
>>> chainer.functions.relu(x)
variable([1., 2.])
"""

import importlib
from typing import Any

from renkei.compat.chainer import _tree

__version__ = "7.8.1"

# Set to True, no function warns that it is experimental.
disable_experimental_feature_warning = False

_HOMES = {name: home for home, names in _tree.NAMES.items() for name in names.split()}


class _Fallback:
    """What a ``forward_chainerx`` returned to say that another ``forward`` shall run."""

    def __repr__(self) -> str:
        return "Fallback"


Fallback = _Fallback()


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        try:
            value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        except ModuleNotFoundError as error:
            raise AttributeError(f"module 'chainer' has no attribute {name!r}") from error
        globals()[name] = value
        return value
    if name in _tree.FILES or _tree.exists(name):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'chainer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*_HOMES, *_tree.FILES, *_tree.ALIASES, *globals()})


def get_array_types() -> tuple[type, ...]:
    """The types that count as arrays."""
    from renkei.core.device import get_array_types as types

    return types()


def get_cpu_array_types() -> tuple[type, ...]:
    """The types of arrays in the host's memory."""
    import numpy as np

    return (np.ndarray,)


def is_arrays_compatible(arrays: Any) -> bool:
    """Whether all arrays (None is left out) belong to one array module."""
    kinds = {type(a) for a in arrays if a is not None}
    return any(all(issubclass(k, t) for k in kinds) for t in get_array_types())
