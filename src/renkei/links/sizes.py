"""How links read an open size off their first input."""

from __future__ import annotations

import operator
from typing import Any, SupportsIndex, cast

from renkei.core.errors import DtypeError, RangeError, ShapeError, describe

__all__ = []  # for links only


def check_sizes(link: str, **sizes: Any) -> None:
    """Refuses sizes that are no integers or negative; an input's may be None: left open."""
    for name, size in sizes.items():
        if size is None and name.startswith("in_"):
            continue
        try:
            negative = operator.index(cast("SupportsIndex", size)) < 0
        except TypeError:
            raise DtypeError(f"{link}({name}=...)", describe(size), "an integer") from None
        if negative:
            raise RangeError(f"{link}({name}=...)", str(size), "a size of 0 or more")


def input_shape(call: str, x: Any, ndim: int, axes: str) -> tuple[int, ...]:
    """The shape of an input of at least ``ndim`` axes; refused before a parameter is made of it."""
    shape = getattr(x, "shape", None)
    if shape is None:
        raise DtypeError(call, describe(x), "an array or Variable")
    if len(shape) < ndim:
        raise ShapeError(call, f"x {shape}", f"{ndim} axes: {axes}")
    return shape
