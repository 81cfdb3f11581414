r"""RecordDataset: examples of any form in one file, in a format that cannot carry code.

It stands where Chainer has its PickleDataset. A pickle can run any program when it is read, so
files of strangers must not be unpickled; here an example is tuples, lists and dictionaries of
arrays, numbers, texts, bytes and None, and reading it makes nothing else.

The file: the eight bytes ``RKRECORD``, then records. A record is a length of 8 bytes, little
endian, then so many bytes: 4 bytes with the length of a JSON text that has the form of the
example, the text, and the bytes of its arrays behind one another, each at a multiple of 8.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from renkei.core.errors import DataError, DtypeError, UsageError, describe
from renkei.datasets.dataset import DatasetMixin

__all__ = [
    "RecordDataset",
    "RecordDatasetWriter",
    "open_record_dataset",
    "open_record_dataset_writer",
]

_MAGIC = b"RKRECORD"


def _encode(value: Any, blobs: list[Any]) -> Any:
    """A JSON value with the form of an example; bytes go to ``blobs``."""
    if value is None or isinstance(value, (bool, str)) or type(value) in (int, float):
        return value
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "biufc":
        blobs.append(np.asarray(value, order="C"))
        kind = "a" if isinstance(value, np.ndarray) else "s"
        return {kind: [value.dtype.str, *value.shape]}
    if isinstance(value, bytes):
        blobs.append(np.frombuffer(value, np.uint8))
        return {"b": len(value)}
    if isinstance(value, (tuple, list)):
        return {"t" if isinstance(value, tuple) else "l": [_encode(v, blobs) for v in value]}
    if isinstance(value, Mapping) and all(isinstance(k, str) for k in value):
        return {"d": {k: _encode(v, blobs) for k, v in value.items()}}
    expected = "tuples, lists and dictionaries (with texts as keys) of arrays, numbers, texts, None"
    raise DtypeError("RecordDatasetWriter.write(example)", describe(value), expected)


def _decode(form: Any, data: bytes, at: int) -> tuple[Any, int]:
    """An example from its form and the bytes from ``at`` on; also where the next bytes are."""
    if not isinstance(form, dict):
        return form, at
    ((kind, content),) = form.items()
    if kind in ("a", "s", "b"):
        dtype = np.dtype(np.uint8 if kind == "b" else content[0])
        if dtype.kind not in "biufc":
            raise ValueError(f"dtype {dtype}")
        shape = (content,) if kind == "b" else tuple(content[1:])
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(data, dtype, count, at).reshape(shape).copy()
        after = at + -(-array.nbytes // 8) * 8
        return (array if kind == "a" else array.tobytes() if kind == "b" else array[()]), after
    if kind == "d":
        result: dict[str, Any] = {}
        for key, part in content.items():
            result[key], at = _decode(part, data, at)
        return result, at
    if kind not in ("t", "l"):
        raise ValueError(f"unknown form {kind!r}")
    values: list[Any] = []
    for part in content:
        value, at = _decode(part, data, at)
        values.append(value)
    return (tuple(values) if kind == "t" else values), at


class RecordDatasetWriter:
    r"""Writes examples one after the other.

    Args:
        file: a file opened for writing bytes.

    >>> import io
    >>> from renkei.datasets import RecordDataset, RecordDatasetWriter
    >>> file = io.BytesIO()
    >>> writer = RecordDatasetWriter(file)
    >>> writer.write((np.arange(3), "label"))
    >>> writer.write({"x": 1.5})
    >>> RecordDataset(file)[:]
    [(array([0, 1, 2]), 'label'), {'x': 1.5}]
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(_MAGIC)

    def write(self, example: Any) -> None:
        """Appends an example.

        Raises:
            DtypeError: the example has something else in it than the format can hold.
        """
        blobs: list[Any] = []
        form = json.dumps(_encode(example, blobs)).encode()
        form += b" " * (-(len(form) + 12) % 8)  # arrays begin at a multiple of 8 in the record
        parts = [struct.pack("<I", len(form)), form]
        for blob in blobs:
            parts += [blob.tobytes(), b"\0" * (-blob.nbytes % 8)]
        size = sum(map(len, parts))
        self._file.write(b"".join([struct.pack("<Q", size), *parts]))

    def flush(self) -> None:
        """Hands everything to the system."""
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def __enter__(self) -> RecordDatasetWriter:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()


class RecordDataset(DatasetMixin):
    r"""The examples that a ``RecordDatasetWriter`` has written; read when asked for.

    Args:
        file: a path, which every process opens for itself; or a file opened for reading bytes.

    Raises:
        DataError: the file is missing, cut off or of another format. A pickle is never loaded.
    """

    def __init__(self, file: str | os.PathLike[str] | BinaryIO) -> None:
        self._path = os.fspath(file) if isinstance(file, (str, os.PathLike)) else None
        self._file: Any = None if self._path is not None else file
        self._owner = os.getpid()
        self._starts = self._scan()

    def _call(self) -> str:
        return f"Record file {self._path or self._file}"

    def _opened(self) -> Any:
        if self._path is not None and (self._file is None or self._owner != os.getpid()):
            if self._file is not None:
                self._file.close()  # this process's end of what it shares since a fork
            try:
                self._file = open(self._path, "rb")  # noqa: SIM115 - closed by close()
                self._owner = os.getpid()
            except OSError as error:
                raise DataError(self._call(), str(error.strerror), "a record file") from error
        return self._file

    def _scan(self) -> list[int]:
        file = self._opened()
        end, starts = file.seek(0, os.SEEK_END), []
        file.seek(0)
        magic = file.read(len(_MAGIC))
        if magic != _MAGIC:
            hint = "A pickle is never loaded." if magic[:1] == b"\x80" else ""
            raise DataError(self._call(), f"a file that begins with {magic!r}", repr(_MAGIC), hint)
        at = len(_MAGIC)
        while at < end:
            starts.append(at)
            file.seek(at)
            head = file.read(8)
            size = struct.unpack("<Q", head)[0] if len(head) == 8 else end
            at += 8 + size
        if at != end:
            raise DataError(self._call(), f"record {len(starts) - 1} cut off", "a whole file")
        return starts

    def __len__(self) -> int:
        return len(self._starts)

    def get_example(self, i: int) -> Any:
        file = self._opened()
        file.seek(self._starts[i])
        (size,) = struct.unpack("<Q", file.read(8))
        data = file.read(size)
        try:
            (length,) = struct.unpack_from("<I", data)
            return _decode(json.loads(data[4 : 4 + length]), data, 4 + length)[0]
        except (ValueError, TypeError, KeyError, IndexError, RecursionError, struct.error) as error:
            raise DataError(f"{self._call()}, record {i}", str(error), "an example") from error

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None and self._owner == os.getpid():
            self._file.close()
        if self._path is not None:
            self._file = None

    def __enter__(self) -> RecordDataset:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        if self._path is None:
            raise UsageError(
                "A RecordDataset of an open file cannot be sent to another process",
                hint="Open it by its path.",
            )
        return self.__dict__ | {"_file": None}

    def __del__(self) -> None:
        if getattr(self, "_path", None) is not None:
            self.close()


def open_record_dataset(path: str | os.PathLike[str]) -> RecordDataset:
    """Opens a file of examples for reading; every process opens it for itself."""
    return RecordDataset(path)


def open_record_dataset_writer(path: str | os.PathLike[str]) -> RecordDatasetWriter:
    """Makes a file of examples to write to; what was there is gone."""
    return RecordDatasetWriter(open(path, "wb"))  # closed by the writer
