"""Where data sets are kept, and getting files there."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import urllib.request
from collections.abc import Callable
from typing import Any

from renkei.core.errors import DataError

__all__ = [
    "cache_or_load_file",
    "cached_download",
    "get_dataset_directory",
    "get_dataset_root",
    "set_dataset_root",
]

_root = os.environ.get(
    "CHAINER_DATASET_ROOT", os.path.join(os.path.expanduser("~"), ".chainer", "dataset")
)


def get_dataset_root() -> str:
    """The directory that all data sets are kept in."""
    return _root


def set_dataset_root(path: str) -> None:
    """Sets the directory that data sets are kept in."""
    global _root
    _root = path


def get_dataset_directory(dataset_name: str, create_directory: bool = True) -> str:
    """The directory of one data set, as in ``"pfnet/chainer/mnist"``; made if it is missing."""
    path = os.path.join(_root, dataset_name)
    if create_directory:
        os.makedirs(path, exist_ok=True)
    return path


def cached_download(url: str) -> str:
    r"""Downloads a file, once.

    Args:
        url: where it is.

    Returns:
        The path of the file in the cache, ``<root>/_dl_cache/<md5 of the URL>``.

    Raises:
        DataError: the file cannot be had.
    """
    cache = os.path.join(_root, "_dl_cache")
    os.makedirs(cache, exist_ok=True)
    path = os.path.join(cache, hashlib.md5(url.encode()).hexdigest())
    if os.path.exists(path):
        return path
    handle, partial = tempfile.mkstemp(dir=cache)
    try:
        with os.fdopen(handle, "wb") as out, urllib.request.urlopen(url, timeout=60) as source:
            shutil.copyfileobj(source, out)
        os.replace(partial, path)
    except OSError as error:
        os.unlink(partial)
        hint = f"Put the file at {path}, or set CHAINER_DATASET_ROOT to where data sets are."
        raise DataError(f"Cannot download {url}", str(error), hint=hint) from error
    return path


def cache_or_load_file(
    path: str, creator: Callable[[str], Any], loader: Callable[[str], Any]
) -> Any:
    r"""Loads a file, or makes it.

    Args:
        path: the file.
        creator: takes a path, writes the file there, and returns its content.
        loader: takes a path and returns the content of the file.
    """
    if os.path.exists(path):
        return loader(path)
    folder = os.path.dirname(path) or "."
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as room:
        made = os.path.join(room, os.path.basename(path))
        content = creator(made)
        os.replace(made, path)
    return content
