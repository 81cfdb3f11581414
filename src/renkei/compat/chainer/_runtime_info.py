"""What is installed."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TextIO

import numpy as np

from renkei._version import __version__

__all__ = ["print_runtime_info"]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "Not Available"


def _info() -> dict[str, Any]:
    from renkei.compat import chainer

    return {
        "Platform": platform.platform(),
        "Chainer": f"{chainer.__version__} (Renkei {__version__})",
        "ChainerX": "Not Available",
        "NumPy": np.__version__,
        "CuPy": _version("cupy-cuda12x") if _version("cupy") == "Not Available" else _version(
            "cupy"),
        "iDeep": "Not Available",
    }  # fmt: skip


def print_runtime_info(out: TextIO | None = None) -> None:
    """Prints the versions of what is installed.

    Args:
        out: where to; None for the standard output.
    """
    for name, text in _info().items():
        print(f"{name}: {text}", file=out or sys.stdout)
