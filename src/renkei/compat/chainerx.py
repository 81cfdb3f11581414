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


class _Unavailable(RuntimeError, AttributeError):
    """What is asked of ChainerX is not there; ``hasattr`` says so too."""


def __getattr__(name: str) -> Any:
    raise _Unavailable(f"chainerx.{name}: there is no ChainerX; Renkei runs on NumPy and CuPy")
