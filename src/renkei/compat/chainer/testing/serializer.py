"""Saving one object and loading it into another."""

from __future__ import annotations

import os
from typing import Any

from renkei.compat.chainer.utils import tempdir

__all__ = ["save_and_load", "save_and_load_hdf5", "save_and_load_npz"]


def save_and_load(src: Any, dst: Any, filename: str, saver: Any, loader: Any) -> None:
    """Saves ``src`` to a temporary file and loads it into ``dst``."""
    with tempdir() as folder:
        path = os.path.join(folder, filename)
        saver(path, src)
        loader(path, dst)


def save_and_load_npz(src: Any, dst: Any) -> None:
    """Copies the state by way of an npz file."""
    from renkei.compat.chainer import serializers

    save_and_load(src, dst, "tmp.npz", serializers.save_npz, serializers.load_npz)


def save_and_load_hdf5(src: Any, dst: Any) -> None:
    """Copies the state by way of an HDF5 file."""
    from renkei.compat.chainer import serializers

    save_and_load(src, dst, "tmp.h5", serializers.save_hdf5, serializers.load_hdf5)
