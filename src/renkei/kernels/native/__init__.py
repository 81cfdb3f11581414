"""Kernels over ``renkei._native``: C++, threads, the instruction set of this machine."""

from __future__ import annotations

from importlib.util import find_spec


def available() -> bool:
    """Whether the native module was built."""
    return find_spec("renkei._native") is not None
