"""HDF5 through h5py, in the layout of Chainer: a group per level, a data set per array."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from renkei.core.errors import LoadError, SaveError, require
from renkei.serializers.atomic import atomic_write
from renkei.serializers.state import State, collect, file_name, restore

__all__ = ["load_hdf5", "read_hdf5_state", "save_hdf5"]


def save_hdf5(filename: str | os.PathLike[str], obj: Any, compression: int | None = 4) -> None:
    r"""Saves an object's state as HDF5, in the layout of Chainer. Needs ``renkei[hdf5]``.

    Args:
        filename: a path, which is taken literally.
        obj: a link, an optimizer, a trainer: anything with ``state()``; or a dictionary.
        compression: the level of gzip, 0 to 9, for arrays of more than one element; None: none.

    Raises:
        SaveError: the file cannot be written, or HDF5 cannot hold a value.
        UninitializedError: a parameter has no array yet.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "model.h5")
    >>> model = rk.Chain(l1=L.Linear(2, 3))
    >>> rk.serializers.save_hdf5(path, model)
    >>> other = rk.Chain(l1=L.Linear(2, 3))
    >>> rk.serializers.load_hdf5(path, other)
    >>> bool((other.l1.W.array == model.l1.W.array).all())
    True
    """
    h5py = require("h5py", extra="hdf5")
    state = collect("save_hdf5(filename, obj)", obj)
    # In memory first: the HDF5 library does not survive a full disk.
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for key, value in state.items():
            try:
                _put(h5py, file, key, value, compression)
            except (TypeError, ValueError, OSError) as error:
                raise SaveError(f"HDF5 cannot hold {key!r}", str(error)) from error
    with atomic_write(filename) as out:
        out.write(buffer.getbuffer())


def _put(h5py: Any, file: Any, key: str, value: Any, compression: int | None) -> None:
    if value is None:
        file.create_dataset(key, data=h5py.Empty("f"))
        return
    dtype = None
    if isinstance(value, str) or value.dtype.kind == "U":
        dtype = h5py.string_dtype()
        value = value if isinstance(value, str) else value.astype(object)
    level = compression if getattr(value, "size", 1) > 1 else None
    file.create_dataset(key, data=value, dtype=dtype, compression=level)


def load_hdf5(
    filename: str | os.PathLike[str], obj: Any, path: str = "", strict: bool = True
) -> None:
    r"""Loads what ``save_hdf5``, or Chainer, saved. After an error the object is as it was.

    Args:
        filename: a path.
        obj: what the state is loaded into, of the same structure; a dictionary gets everything.
        path: load only what is below it.
        strict: refuse missing and unexpected keys.

    Raises:
        LoadError: the file is damaged, or its state does not fit the object.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "note.h5")
    >>> rk.serializers.save_hdf5(path, {"a": {"b": "text", "c": None}})
    >>> found = {}
    >>> rk.serializers.load_hdf5(path, found, path="a/")
    >>> found
    {'b': 'text', 'c': None}
    """
    call = f"load_hdf5({file_name(filename)!r}, {type(obj).__name__})"
    restore(call, obj, read_hdf5_state(filename), path, strict)


def read_hdf5_state(filename: str | os.PathLike[str]) -> State:
    r"""Everything that an HDF5 file holds, as a mapping from key to array, str or None.

    Args:
        filename: a path.

    Raises:
        LoadError: the file is damaged, or it points to other files, which are not read.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "x.h5")
    >>> rk.serializers.save_hdf5(path, {"x": np.arange(3)})
    >>> rk.serializers.read_hdf5_state(path)
    {'x': array([0, 1, 2])}
    """
    h5py = require("h5py", extra="hdf5")
    name = file_name(filename)
    try:
        with h5py.File(os.fspath(filename), "r") as file:
            state: State = {}
            _walk(h5py, file, "", state, name)
            return state
    except FileNotFoundError as error:
        raise LoadError(f"Cannot open {name}", error.strerror or str(error)) from error
    except LoadError:
        raise
    except Exception as error:  # h5py raises whatever the library's error maps to
        hint = "Was it copied completely? Nothing was changed."
        raise LoadError(f"{name} is damaged or no HDF5 file", str(error), hint=hint) from error


def _walk(h5py: Any, group: Any, path: str, state: State, name: str) -> None:
    for key in group:
        place = path + key
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise LoadError(f"{name}: {place!r} points to another place, which is not followed")
        item = group[key]
        if isinstance(item, h5py.Group):
            if place.count("/") > 100:  # a group that holds itself
                raise LoadError(f"{name}: groups are nested without end")
            _walk(h5py, item, place + "/", state, name)
        elif isinstance(item, h5py.Dataset):
            state[place] = _value(h5py, item, f"{name}: {place!r}")
        else:
            raise LoadError(f"{name}: {place!r} is no array")


def _value(h5py: Any, item: Any, place: str) -> Any:
    if item.external or item.is_virtual:
        raise LoadError(f"{place} is stored in another file, which is not read")
    if item.shape is None:
        return None
    if h5py.check_string_dtype(item.dtype) is not None and item.dtype.kind == "O":
        text = item.asstr()[()]
        return text if isinstance(text, str) else np.asarray(text, dtype=str)
    if item.dtype.kind not in "biufcS":
        raise LoadError(f"{place} has the unsupported dtype {item.dtype}")
    value = item[()]
    return value if isinstance(value, np.ndarray) else np.asarray(value)
