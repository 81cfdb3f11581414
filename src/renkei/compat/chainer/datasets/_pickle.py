"""The data sets that Chainer keeps in pickles: here in records that hold plain values alone.

No pickle is ever loaded: files that Chainer wrote have to be written again by their program.
"""

from __future__ import annotations

import os
from typing import Any

from renkei.datasets.record import RecordDataset, RecordDatasetWriter

__all__ = [
    "PickleDataset",
    "PickleDatasetWriter",
    "open_pickle_dataset",
    "open_pickle_dataset_writer",
]


class PickleDatasetWriter(RecordDatasetWriter):
    r"""Writes examples one behind the other, in the format of ``RecordDatasetWriter``.

    Args:
        writer: a file opened for writing bytes.
        protocol: of no effect: nothing is pickled.
    """

    def __init__(self, writer: Any, protocol: int | None = None) -> None:
        super().__init__(writer)


class PickleDataset(RecordDataset):
    r"""Reads what ``PickleDatasetWriter`` wrote.

    Args:
        reader: a file opened for reading bytes.
    """

    def __init__(self, reader: Any) -> None:
        super().__init__(reader)


def open_pickle_dataset(path: str | os.PathLike[str]) -> PickleDataset:
    """Opens a file that ``open_pickle_dataset_writer`` made."""
    return PickleDataset(path)


def open_pickle_dataset_writer(
    path: str | os.PathLike[str], protocol: int | None = None
) -> PickleDatasetWriter:
    """Makes a file for examples; close it, or use it in a ``with`` block."""
    return PickleDatasetWriter(open(path, "wb"), protocol)
