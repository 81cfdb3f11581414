"""npz files through ``serialize``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from renkei.compat.chainer.serializer import Deserializer, Serializer, serialize_state
from renkei.core.device import CpuDevice, device_of, get_array_types
from renkei.core.variable import Variable
from renkei.serializers.npz import read_npz_state
from renkei.serializers.npz import save_npz as write_npz

__all__ = [
    "DictionarySerializer",
    "NpzDeserializer",
    "load_npz",
    "save_npz",
    "serialize",
]


def serialize(obj: Any, serializer: Any) -> None:
    """Lets an object pass through a serializer, one of our own too."""
    if hasattr(obj, "serialize"):
        obj.serialize(serializer)
    else:
        serialize_state(obj, serializer)


class DictionarySerializer(Serializer):
    r"""Collects values into a flat dictionary.

    Args:
        target: the dictionary; None: a new one.
        path: what the keys begin with.

    >>> from renkei.compat.chainer import Link
    >>> from renkei.compat.chainer.serializers import DictionarySerializer
    >>> serializer = DictionarySerializer()
    >>> serializer.save(Link(w=2))
    >>> list(serializer.target)
    ['w']
    """

    def __init__(self, target: dict[str, Any] | None = None, path: str = "") -> None:
        self.target: dict[str, Any] = {} if target is None else target
        self.path = path

    def __getitem__(self, key: str) -> DictionarySerializer:
        return DictionarySerializer(self.target, self.path + key.strip("/") + "/")

    def __call__(self, key: str, value: Any) -> Any:
        array = value.array if isinstance(value, Variable) else value
        if isinstance(array, get_array_types()):
            array = CpuDevice().send(array)
        # An object array of no axes is how None is stored; writing it takes no pickle here.
        self.target[self.path + key.lstrip("/")] = np.asarray(array)
        return value

    def save(self, obj: Any) -> None:
        """Collects what an object holds."""
        serialize(obj, self)


def save_npz(file: Any, obj: Any, compression: bool = True) -> None:
    r"""Saves an object in the npz format; a file that was there stays until the new one is done.

    Args:
        file: a path, taken literally, or a file opened for writing bytes.
        obj: has ``serialize``; or a dictionary of arrays.
        compression: whether arrays are compressed.
    """
    if isinstance(file, bytes):
        file = os.fsdecode(file)
    if isinstance(obj, Mapping):
        target: dict[str, Any] = dict(obj)
    else:
        serializer = DictionarySerializer()
        serializer.save(obj)
        target = serializer.target
    write_npz(file, {key: _writable(value) for key, value in target.items()}, compression)


def _writable(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == object and value.shape == ():
        return value.item()
    return value


Names = "str | Callable[[str], bool] | Iterable[str | Callable[[str], bool]] | None"


class NpzDeserializer(Deserializer):
    r"""Reads from the arrays of an npz file.

    Args:
        npz: a mapping from key to array.
        path: what the keys begin with.
        strict: raise KeyError for a key that is missing; otherwise values stay as they are.
        ignore_names: keys that stay as they are: a name, a function of the key, or a list of both.
    """

    def __init__(
        self, npz: Any, path: str = "", strict: bool = True, ignore_names: Names = None
    ) -> None:
        self.npz, self.path, self.strict = npz, path, strict
        if ignore_names is None:
            ignore_names = []
        elif isinstance(ignore_names, str) or callable(ignore_names):
            ignore_names = [ignore_names]
        self.ignore_names = list(ignore_names)

    def __getitem__(self, key: str) -> NpzDeserializer:
        path = self.path + key.strip("/") + "/"
        return NpzDeserializer(self.npz, path, self.strict, self.ignore_names)

    def _ignored(self, key: str) -> bool:
        return any(
            rule == key if isinstance(rule, str) else rule(key) for rule in self.ignore_names
        )

    def __call__(self, key: str, value: Any) -> Any:
        key = self.path + key.lstrip("/")
        if self._ignored(key) or (not self.strict and key not in self.npz):
            return value
        if key not in self.npz:
            raise KeyError(f"{key} is not a file in the archive")
        return _into(self.npz[key], value)

    def load(self, obj: Any) -> None:
        """Reads into an object."""
        serialize(obj, self)

    def _known_keys(self) -> list[str]:
        n = len(self.path)
        names = list(self.npz)
        return [key[n:] for key in names if key.startswith(self.path)]


def _into(dataset: Any, value: Any) -> Any:
    """A stored value in the form of the present one: into the array itself, or of its type."""
    if dataset is None or (getattr(dataset, "dtype", None) == object and dataset[()] is None):
        return None
    if value is None:
        return dataset
    if isinstance(value, get_array_types()):
        value[...] = device_of(value).send(np.asarray(dataset))
        return value
    if isinstance(dataset, str):
        return type(value)(dataset)
    kind = type(value)
    plain = np.asarray(dataset)
    if isinstance(value, (bool, int, float, complex, np.number)) and not np.can_cast(
        plain.dtype, kind, "same_kind"
    ):
        raise TypeError(
            f"Cannot safely deserialize from numpy array with dtype={plain.dtype} "
            f"into a variable of type {kind}."
        )
    return kind(plain.item() if plain.shape == () else plain)


def load_npz(
    file: Any, obj: Any, path: str = "", strict: bool = True, ignore_names: Names = None
) -> None:
    r"""Loads what ``save_npz``, or Chainer, has saved.

    Args:
        file: a path, or a file opened for reading bytes.
        obj: what the values are loaded into.
        path: load only what is below it; ``"updater/model:main/"`` is the model in a snapshot.
        strict: raise KeyError for a key that is missing.
        ignore_names: keys that are not loaded: a name, a function of the key, or a list of both.
    """
    if isinstance(file, bytes):
        file = os.fsdecode(file)
    if isinstance(file, (str, os.PathLike)) and not os.path.exists(file):
        raise FileNotFoundError(2, "No such file or directory", os.fspath(file))
    NpzDeserializer(read_npz_state(file), path, strict, ignore_names).load(obj)
