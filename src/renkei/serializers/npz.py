"""npz: NumPy's zip of arrays, with Chainer's keys. Nothing is ever unpickled."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.lib import format as npy

from renkei.core.errors import DtypeError, LoadError, describe
from renkei.serializers.atomic import atomic_write
from renkei.serializers.pickled_none import LONGEST, PICKLED_NONE, is_pickled_none
from renkei.serializers.state import Ignore, State, collect, file_name, restore

__all__ = ["load_npz", "read_npz_state", "save_npz"]

File: TypeAlias = "str | os.PathLike[str] | IO[bytes]"

# What damaged zip files and arrays make Python raise, besides OSError.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    KeyError,
    IndexError,
    OverflowError,
    MemoryError,
    SyntaxError,
    TypeError,
)
_MAGIC = {
    b"\x93NUMPY": "a single array (.npy); read it with numpy.load",
    b"\x89HDF": "an HDF5 file: use load_hdf5",
    b"\x80": "a pickle, which is never loaded",
}


def save_npz(file: File, obj: Any, compression: bool = True) -> None:
    r"""Saves an object's state in NumPy's npz format, in the layout of Chainer.

    Keys are paths such as ``predictor/l1/W``. A file that was there stays until the new one is
    complete.

    Args:
        file: a path, which is taken literally, or a file opened for writing bytes.
        obj: a link, an optimizer, a trainer: anything with ``state()``; or a dictionary.
        compression: whether arrays are compressed.

    Raises:
        SaveError: the file cannot be written.
        UninitializedError: a parameter has no array yet.
        DtypeError: the object has no state, or a value is no array, number, string or None.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "model.npz")
    >>> model = rk.Chain(l1=L.Linear(2, 3))
    >>> rk.serializers.save_npz(path, model)
    >>> other = rk.Chain(l1=L.Linear(2, 3))
    >>> rk.serializers.load_npz(path, other)
    >>> bool((other.l1.W.array == model.l1.W.array).all())
    True
    """
    state = collect("save_npz(file, obj)", obj)
    if isinstance(file, (str, os.PathLike)):
        with atomic_write(file) as out:
            _write(out, state, compression)
    else:
        _write(file, state, compression)


def _write(out: IO[bytes], state: State, compression: bool) -> None:
    method = zipfile.ZIP_DEFLATED if compression else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method, allowZip64=True) as archive:
        for key, value in state.items():
            # A ZipInfo of our own has a fixed date: the same state gives the same file.
            entry = zipfile.ZipInfo(f"{key}.npy")
            entry.compress_type = method
            entry.external_attr = 0o600 << 16
            with archive.open(entry, "w", force_zip64=True) as target:
                if value is None:
                    header = {"descr": "|O", "fortran_order": False, "shape": ()}
                    npy.write_array_header_1_0(target, header)
                    target.write(PICKLED_NONE)
                else:
                    npy.write_array(target, np.asarray(value), allow_pickle=False)


def load_npz(
    file: File, obj: Any, path: str = "", strict: bool = True, ignore_names: Ignore = None
) -> None:
    r"""Loads what ``save_npz``, or Chainer, saved. After an error the object is as it was.

    Args:
        file: a path, or a file opened for reading bytes.
        obj: what the state is loaded into, of the same structure; a dictionary gets everything.
        path: load only what is below it; ``"updater/model:main/"`` is the model in a trainer's
            snapshot.
        strict: refuse missing and unexpected keys.
        ignore_names: keys that are not loaded: a name, a function that is true of names, or a list
            of both.

    Raises:
        LoadError: the file is damaged, or its state does not fit the object.

    >>> import io
    >>> file = io.BytesIO()
    >>> rk.serializers.save_npz(file, {"a": 1, "b": {"c": "text", "d": None}})
    >>> found = {}
    >>> rk.serializers.load_npz(file, found)
    >>> found
    {'a': array(1), 'b/c': 'text', 'b/d': None}
    """
    call = f"load_npz({file_name(file)!r}, {type(obj).__name__})"
    restore(call, obj, read_npz_state(file), path, strict, ignore_names)


def read_npz_state(file: File) -> State:
    r"""Everything that an npz file holds, as a mapping from key to array, str or None.

    Args:
        file: a path, or a file opened for reading bytes.

    Raises:
        LoadError: the file is damaged, or holds pickled objects, which are not loaded.

    >>> import io
    >>> file = io.BytesIO()
    >>> np.savez(file, x=np.arange(3))
    >>> rk.serializers.read_npz_state(file)
    {'x': array([0, 1, 2])}
    """
    name = file_name(file)
    state: State = {}
    with (
        _opened(file, name) as source,
        _explained(name, source),
        zipfile.ZipFile(source) as archive,
    ):
        entries = [e for e in archive.infolist() if e.filename.endswith(".npy")]
        if archive.infolist() and not entries:
            raise LoadError(f"{name} is a zip file without arrays, not an npz file")
        for entry in entries:
            key = entry.filename.removesuffix(".npy").lstrip("/")
            with archive.open(entry) as part:
                state[key] = _read_array(part, entry.file_size, f"{name}: {key!r}")
    return state


@contextlib.contextmanager
def _opened(file: File, name: str) -> Iterator[IO[bytes]]:
    if not isinstance(file, (str, os.PathLike)):
        if not hasattr(file, "seek"):
            raise DtypeError("load_npz(file, ...)", describe(file), "a path or a file of bytes")
        file.seek(0)
        yield file
        return
    try:
        source = open(file, "rb")  # noqa: SIM115  closed below; only opening is explained here
    except OSError as error:
        raise LoadError(f"Cannot open {name}", error.strerror or str(error)) from error
    with source:
        yield source


@contextlib.contextmanager
def _explained(name: str, source: IO[bytes]) -> Iterator[None]:
    try:
        yield
    except LoadError:
        raise
    except (OSError, *_DAMAGE) as error:
        source.seek(0, io.SEEK_END)
        size = source.tell()
        source.seek(0)
        start = source.read(8)
        kind = next((text for magic, text in _MAGIC.items() if start.startswith(magic)), "")
        if not size:
            kind = "empty"
        if kind:
            raise LoadError(f"{name} is not an npz file: it is {kind}") from error
        reason = str(error) or type(error).__name__
        raise LoadError(
            f"{name} is damaged or no npz file",
            f"{reason} ({size} bytes)",
            hint="Was it copied completely? Nothing was changed.",
        ) from error


def _read_array(part: IO[bytes], size: int, place: str) -> Any:
    """One array, None, or a str for an array of no axes that holds one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers written under Python 2
        version = npy.read_magic(part)
        if version not in ((1, 0), (2, 0)):
            raise LoadError(f"{place} has .npy version {version}, which is not supported")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(part)
    rest = size - part.tell()
    if dtype.hasobject:
        if shape == () and rest <= LONGEST and is_pickled_none(part.read()):
            return None
        hint = "Pickles can run any code. Save plain arrays, or load the file where it was made."
        raise LoadError(f"{place} holds a pickled Python object, which is never loaded", hint=hint)
    if dtype.kind == "V":
        raise LoadError(f"{place} has the unsupported dtype {dtype}")
    count = 1
    for n in shape:
        count *= n  # as Python integers: no overflow
    if count * dtype.itemsize != rest:
        raise LoadError(f"{place} has {rest} bytes; {dtype} {shape} would have another number")
    array = np.empty(count, dtype)
    _fill(array.view(np.uint8).data if count and dtype.itemsize else memoryview(b""), part)
    if dtype.kind == "U" and shape == ():
        return str(array[0])
    array = array.astype(dtype.newbyteorder("="), copy=False)
    return array.reshape(shape, order="F" if fortran else "C")


def _fill(memory: memoryview, part: IO[bytes]) -> None:
    done = 0
    while done < len(memory):
        got = part.readinto(memory[done:])  # type: ignore[attr-defined]
        if not got:
            raise EOFError(f"{len(memory) - done} bytes are missing")
        done += got
