"""renkei doctor: what is built, what was picked, what is missing."""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import os
import platform
import sys
from typing import Any

import numpy as np

from renkei._version import __version__

__all__ = ["add_parser", "report"]

_OPTIONAL = {
    "cupy": "cuda13",
    "graphviz": "graphviz",
    "h5py": "hdf5",
    "matplotlib": "plot",
    "PIL": "image",
    "safetensors": "safetensors",
    "sklearn": "digits",
    "tqdm": "progress",
}


def add_parser(verbs: Any) -> None:
    """Adds the verb to the command line."""
    parser = verbs.add_parser("doctor", help="show what is installed, built and picked")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the report."""
    rows = report()
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")
    return 0


def report() -> list[tuple[str, str]]:
    """Rows of a name and what there is to say about it."""
    rows = [
        ("renkei", __version__),
        ("Python", f"{platform.python_version()} on {platform.platform()}"),
        ("NumPy", f"{np.__version__}, BLAS: {_blas()}"),
        ("CPU cores", f"{_cores()} usable of {os.cpu_count()}"),
        *_native(),
        ("GPU", _gpu()),
    ]
    return rows + [(f"package {name}", _package(name, extra)) for name, extra in _OPTIONAL.items()]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _blas() -> str:
    try:
        config: Any = np.show_config(mode="dicts")
        info = config["Build Dependencies"]["blas"]
        return f"{info['name']} {info['version']}"
    except (KeyError, TypeError):
        return "unknown"


def _native() -> list[tuple[str, str]]:
    try:
        from renkei import _native
    except ImportError as error:
        lost = (
            "not built; functions run on NumPy alone, fused optimizer steps and losses are slower. "
            "Install a C++20 compiler and run: pip install --force-reinstall renkei"
        )
        return [("native module", f"{lost} ({error})")]
    info: dict[str, Any] = dict(_native.info())
    return [
        ("native module", f"built with {info['compiler']}"),
        ("instruction set", f"{info['isa']} (built: {', '.join(info['isas_built'])})"),
        ("threads", f"{info['threads']} (set RENKEI_NUM_THREADS to change)"),
    ]


def _gpu() -> str:
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed: pip install 'renkei[cuda13]'"
    cupy: Any = importlib.import_module("cupy")
    try:
        count = cupy.cuda.runtime.getDeviceCount()
        names = [cupy.cuda.runtime.getDeviceProperties(i)["name"].decode() for i in range(count)]
        return ", ".join(names) or "none seen by CuPy"
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"not usable: {error}"


def _package(name: str, extra: str) -> str:
    if importlib.util.find_spec(name) is None:
        return f"not installed: pip install 'renkei[{extra}]'"
    distribution = {"PIL": "pillow", "sklearn": "scikit-learn"}.get(name, name)
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return getattr(sys.modules.get(name), "__version__", "installed")
