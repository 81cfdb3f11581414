"""How links read an open size off their first input."""

from __future__ import annotations

from typing import Any

from renkei.core.errors import DtypeError, ShapeError, describe

__all__ = []  # for links only


def input_shape(call: str, x: Any, ndim: int, axes: str) -> tuple[int, ...]:
    """The shape of an input of at least ``ndim`` axes; refused before a parameter is made of it."""
    shape = getattr(x, "shape", None)
    if shape is None:
        raise DtypeError(call, describe(x), "an array or Variable")
    if len(shape) < ndim:
        raise ShapeError(call, f"x {shape}", f"{ndim} axes: {axes}")
    return shape
