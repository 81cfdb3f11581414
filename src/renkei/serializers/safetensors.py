"""safetensors: arrays without code, readable from PyTorch, JAX and Rust.

Strings and None, which the format does not know, go into its metadata as JSON.
"""

from __future__ import annotations

import json
import os
from typing import Any, cast

import numpy as np

from renkei.core.errors import LoadError, SaveError, require
from renkei.serializers.atomic import atomic_write
from renkei.serializers.state import Ignore, State, collect, file_name, restore

__all__ = ["load_safetensors", "read_safetensors_state", "save_safetensors"]

_KEY = "renkei"  # of the metadata


def save_safetensors(filename: str | os.PathLike[str], obj: Any) -> None:
    r"""Saves an object's state in the safetensors format. Needs ``renkei[safetensors]``.

    Args:
        filename: a path, which is taken literally.
        obj: a link, an optimizer, a trainer: anything with ``state()``; or a dictionary.

    Raises:
        SaveError: the file cannot be written, or the format cannot hold a value.
        UninitializedError: a parameter has no array yet.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
    >>> rk.serializers.save_safetensors(path, L.Linear(2, 3))
    >>> rk.serializers.load_safetensors(path, L.Linear(2, 3))
    """
    library = require("safetensors.numpy", extra="safetensors")
    arrays: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    for key, value in collect("save_safetensors(filename, obj)", obj).items():
        if value is None or isinstance(value, str):
            texts[key] = value
        elif value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
            # Not ascontiguousarray: it would give an array of no axes one.
            arrays[key] = value.astype(value.dtype.newbyteorder("="), order="C", copy=False)
        else:
            raise SaveError(f"safetensors cannot hold {key!r}", f"dtype {value.dtype}")
    metadata = {_KEY: json.dumps(texts)} if texts else None
    data = library.save(arrays, metadata=metadata)
    with atomic_write(filename) as out:
        out.write(data)


def load_safetensors(
    filename: str | os.PathLike[str],
    obj: Any,
    path: str = "",
    strict: bool = True,
    ignore_names: Ignore = None,
) -> None:
    r"""Loads a safetensors file. After an error the object is as it was.

    Args:
        filename: a path.
        obj: what the state is loaded into; a dictionary gets everything.
        path: load only what is below it.
        strict: refuse missing and unexpected keys.
        ignore_names: keys that are not loaded: a name, a function that is true of names, or a list
            of both.

    Raises:
        LoadError: the file is damaged, or its state does not fit the object.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "x.safetensors")
    >>> rk.serializers.save_safetensors(path, {"x": np.arange(3), "note": "hello"})
    >>> found = {}
    >>> rk.serializers.load_safetensors(path, found)
    >>> found
    {'x': array([0, 1, 2]), 'note': 'hello'}
    """
    call = f"load_safetensors({file_name(filename)!r}, {type(obj).__name__})"
    restore(call, obj, read_safetensors_state(filename), path, strict, ignore_names)


def read_safetensors_state(filename: str | os.PathLike[str]) -> State:
    r"""Everything that a safetensors file holds, as a mapping from key to array, str or None.

    Args:
        filename: a path.

    Raises:
        LoadError: the file is damaged, or has a dtype that NumPy lacks.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "x.safetensors")
    >>> rk.serializers.save_safetensors(path, {"x": np.arange(3)})
    >>> rk.serializers.read_safetensors_state(path)
    {'x': array([0, 1, 2])}
    """
    library = require("safetensors", extra="safetensors")
    name = file_name(filename)
    try:
        with library.safe_open(os.fspath(filename), framework="numpy") as file:
            state: State = {key: np.array(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118
            texts = json.loads((file.metadata() or {}).get(_KEY, "{}"))
    except FileNotFoundError as error:
        raise LoadError(f"Cannot open {name}", "no such file") from error
    except Exception as error:  # the library's own class, OSError, TypeError for bfloat16 ...
        hint = "Was it copied completely? Nothing was changed."
        message = f"{name} is damaged or no safetensors file that NumPy can hold"
        raise LoadError(message, str(error), hint=hint) from error
    if not isinstance(texts, dict):
        raise LoadError(f"{name} has damaged metadata")
    known = cast("dict[str, Any]", texts)
    state.update({k: v for k, v in known.items() if v is None or isinstance(v, str)})
    return state
