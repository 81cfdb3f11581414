"""iDeep, which does not exist here: what asks for it gets a clear no."""

from __future__ import annotations

from typing import Any

from renkei.compat.chainer.backends._devices import Intel64Device

__all__ = [
    "Intel64Device",
    "check_ideep_available",
    "inputs_all_ready",
    "is_ideep_available",
    "mdarray",
    "should_use_ideep",
]


class mdarray:
    """iDeep's array type, of which there are no objects."""


def is_ideep_available() -> bool:
    """False: there is no iDeep."""
    return False


def check_ideep_available() -> None:
    """Raises, because there is no iDeep."""
    raise RuntimeError(
        "iDeep is not available.\nReason: Renkei has its own vectorized kernels instead."
    )


def should_use_ideep(level: str) -> bool:
    """False, except that an unknown level is an error."""
    if level not in ("==always", ">=auto"):
        raise ValueError(f'invalid iDeep use level: {level!r} (must be either of "==always" or '
                         '">=auto")')  # fmt: skip
    return False


def inputs_all_ready(inputs: Any, supported_ndim: tuple[int, ...] = (2, 4)) -> bool:
    """False: no input is for iDeep."""
    return False
