"""Running a program in which ``chainer`` means the facade."""

from __future__ import annotations

import importlib
import os
import runpy
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from renkei.core.errors import UsageError

__all__ = ["ERAS", "run_script"]

ERAS = ("v7", "v1")

# names that NumPy had when Chainer's programs were written
_NUMPY_1 = {
    "bool": bool,
    "complex": complex,
    "cumproduct": np.cumprod,
    "float": float,
    "int": int,
    "object": object,
    "product": np.prod,
    "str": str,
}


def _add_old_numpy_names() -> None:
    for name, value in _NUMPY_1.items():
        if name not in np.__dict__:
            setattr(np, name, value)


def run_script(script: str, arguments: Sequence[str], era: str = "v7") -> dict[str, Any]:
    """Runs a program in which ``chainer`` means the facade.

    Args:
        script: the program's file.
        arguments: its arguments, which it finds in ``sys.argv``.
        era: "v7", or "v1" for what Chainer 1 knew and later versions dropped.

    Returns:
        The program's global names.

    Raises:
        UsageError: there is no such program or era.
    """
    if era not in ERAS:
        raise UsageError("run-chainer --era", repr(era), " or ".join(ERAS))
    if not os.path.isfile(script):
        raise UsageError("run-chainer script", repr(script), "a file that exists")
    importlib.import_module("renkei.compat.chainer.install")
    _add_old_numpy_names()
    if era == "v1":
        importlib.import_module("renkei.compat.chainer.era_v1").enable()
    argv, path = sys.argv, list(sys.path)
    sys.argv = [script, *arguments]
    sys.path[0:0] = [os.path.dirname(os.path.abspath(script))]
    try:
        return runpy.run_path(script, run_name="__main__")
    finally:
        sys.argv, sys.path[:] = argv, path
