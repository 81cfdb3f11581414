"""The interface of data sets and iterators, converters, downloads."""

import importlib
from typing import Any

from renkei.compat.chainer.dataset import convert, dataset_mixin, download, iterator
from renkei.compat.chainer.dataset.convert import (
    ConcatWithAsyncTransfer,
    Converter,
    concat_examples,
    converter,
    to_device,
)
from renkei.compat.chainer.dataset.dataset_mixin import DatasetMixin
from renkei.compat.chainer.dataset.download import (
    cache_or_load_file,
    cached_download,
    get_dataset_directory,
    get_dataset_root,
    set_dataset_root,
)
from renkei.compat.chainer.dataset.iterator import Iterator

__all__ = [
    "ConcatWithAsyncTransfer",
    "Converter",
    "DatasetMixin",
    "Iterator",
    "cache_or_load_file",
    "cached_download",
    "concat_examples",
    "convert",
    "converter",
    "dataset_mixin",
    "download",
    "get_dataset_directory",
    "get_dataset_root",
    "iterator",
    "set_dataset_root",
    "to_device",
]


def __getattr__(name: str) -> Any:
    if name == "TabularDataset":
        return importlib.import_module("renkei.datasets").TabularDataset
    if name == "tabular":
        return importlib.import_module(f"{__name__}.tabular")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
