"""HDF5 files through ``serialize``; needs ``renkei[hdf5]``."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from renkei.compat.chainer.serializer import Deserializer, Serializer
from renkei.compat.chainer.serializers.npz import serialize
from renkei.core.device import CpuDevice, device_of, get_array_types
from renkei.core.errors import require
from renkei.serializers.atomic import atomic_write

__all__ = ["HDF5Deserializer", "HDF5Serializer", "load_hdf5", "save_hdf5"]


class HDF5Serializer(Serializer):
    r"""Writes values as data sets of a group.

    Args:
        group: an open ``h5py.Group``.
        compression: the level of gzip for arrays of more than one element.
    """

    def __init__(self, group: Any, compression: int | None = 4) -> None:
        self._h5py = require("h5py", extra="hdf5")
        self.group, self.compression = group, compression

    def __getitem__(self, key: str) -> HDF5Serializer:
        return HDF5Serializer(self.group.require_group(key.strip("/")), self.compression)

    def __call__(self, key: str, value: Any) -> Any:
        if value is None:
            self.group.create_dataset(key, data=self._h5py.Empty("f"))
            return value
        data = CpuDevice().send(value) if isinstance(value, get_array_types()) else value
        array, dtype = np.asarray(data), None
        if array.dtype.kind == "U":
            dtype, array = self._h5py.string_dtype(), array.astype(object)
        level = None if array.size <= 1 else self.compression
        self.group.create_dataset(key, data=array[()], dtype=dtype, compression=level)
        return value

    def save(self, obj: Any) -> None:
        """Writes an object."""
        serialize(obj, self)


class HDF5Deserializer(Deserializer):
    r"""Reads data sets of a group.

    Args:
        group: an open ``h5py.Group``.
        strict: raise for what is missing; otherwise values stay as they are.
    """

    def __init__(self, group: Any, strict: bool = True) -> None:
        self._h5py = require("h5py", extra="hdf5")
        self.group, self.strict = group, strict

    def __getitem__(self, key: str) -> HDF5Deserializer:
        key = key.strip("/")
        inner = None if self.group is None else self.group.get(key)
        if inner is None and self.strict:
            raise KeyError(f"Group {key} doesn't exist")
        return HDF5Deserializer(inner, self.strict)

    def __call__(self, key: str, value: Any) -> Any:
        if self.group is None or key not in self.group:
            if not self.strict:
                return value
            raise KeyError(f"Key {key} doesn't exist")
        dataset = self.group[key]
        if dataset.shape is None:  # how None is stored
            return None
        if self._h5py.check_string_dtype(dataset.dtype) is not None:
            return dataset.asstr()[()]
        if value is None:
            return np.asarray(dataset[()])
        if isinstance(value, get_array_types()):
            value[...] = device_of(value).send(np.asarray(dataset[()]))
            return value
        return type(value)(np.asarray(dataset[()]))

    def load(self, obj: Any) -> None:
        """Reads into an object."""
        serialize(obj, self)

    def _known_keys(self) -> list[str]:
        names: list[str] = []
        if self.group is not None:
            self.group.visititems(
                lambda name, item: names.append(name) if hasattr(item, "shape") else None
            )
        return names


def save_hdf5(filename: str | os.PathLike[str], obj: Any, compression: int | None = 4) -> None:
    r"""Saves an object in an HDF5 file.

    Args:
        filename: a path.
        obj: has ``serialize``.
        compression: the level of gzip for arrays of more than one element.
    """
    buffer = io.BytesIO()  # the HDF5 library does not survive a full disk
    with require("h5py", extra="hdf5").File(buffer, "w") as file:
        HDF5Serializer(file, compression).save(obj)
    with atomic_write(filename) as out:
        out.write(buffer.getbuffer())


def load_hdf5(filename: str | os.PathLike[str], obj: Any) -> None:
    r"""Loads what ``save_hdf5``, or Chainer, has saved.

    Args:
        filename: a path.
        obj: what the values are loaded into.
    """
    with require("h5py", extra="hdf5").File(os.fspath(filename), "r") as file:
        HDF5Deserializer(file).load(obj)
