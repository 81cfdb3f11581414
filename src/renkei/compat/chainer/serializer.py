"""The protocol of serializers: ``serializer(key, value)`` and ``serializer[key]``.

Saving, ``serializer(key, value)`` returns the value unchanged; loading, it returns the value to
keep. So an object describes both in one method, ``serialize(serializer)``. ``serialize_state`` lets
objects of our own, which have ``state()`` and ``load_state()``, take part.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = ["AbstractSerializer", "Deserializer", "Serializer", "serialize_state"]


class AbstractSerializer:
    """The base of serializers and deserializers."""

    def __getitem__(self, key: str) -> Any:
        """The serializer of what lies below a name."""
        raise NotImplementedError(f"{type(self).__name__}.__getitem__")

    def __call__(self, key: str, value: Any) -> Any:
        """Saves a value under a name, or returns the one that was saved under it."""
        raise NotImplementedError(f"{type(self).__name__}.__call__")


class Serializer(AbstractSerializer):
    """The base of what writes."""

    def save(self, obj: Any) -> None:
        """Writes an object: the same as ``obj.serialize(self)``."""
        obj.serialize(self)


class Deserializer(AbstractSerializer):
    """The base of what reads."""

    def load(self, obj: Any) -> None:
        """Reads into an object: the same as ``obj.serialize(self)``."""
        obj.serialize(self)

    def _known_keys(self) -> Iterable[str] | None:
        """The paths below this point, where the source can list them."""
        return None


def serialize_state(obj: Any, serializer: Any) -> None:
    """Lets an object with ``state()`` and ``load_state()`` pass through a serializer."""
    state = obj.state()
    if not isinstance(serializer, Deserializer):
        for key, value in state.items():
            _at(serializer, key)(_leaf(key), value)
        return
    keys = serializer._known_keys()
    wanted = list(state) if keys is None else list(keys)
    loaded = {key: _at(serializer, key)(_leaf(key), None) for key in wanted}
    loaded = {key: _plain(value) for key, value in loaded.items() if value is not None}
    if loaded:
        obj.load_state(loaded, strict=False)


def _leaf(key: str) -> str:
    return key.rpartition("/")[2]


def _at(serializer: Any, key: str) -> Any:
    for part in key.split("/")[:-1]:
        serializer = serializer[part]
    return serializer


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind == "U" and value.shape == ():
        return str(value)
    return value
