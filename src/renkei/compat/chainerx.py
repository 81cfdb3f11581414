"""The name ``chainerx``: programs ask it whether it is available, and it is not."""

from __future__ import annotations

from typing import Any

__all__ = ["Device", "is_available", "ndarray"]


class ndarray:
    """ChainerX's array type, of which there are no objects."""


class Device:
    """ChainerX's device type, of which there are no objects."""


def is_available() -> bool:
    """False: there is no ChainerX."""
    return False


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    raise RuntimeError(f"chainerx.{name}: ChainerX is not available; Renkei runs on NumPy and CuPy")
