"""Shape and dtype rules, shared by checks, capture and export."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from renkei.core.errors import DtypeError, RangeError, ShapeError, describe

__all__ = [
    "Spec",
    "broadcast_shapes",
    "conv_outsize",
    "deconv_outsize",
    "need_arrays",
    "need_integer",
    "need_number",
    "normalize_axes",
    "normalize_axis",
    "reduced_axes",
    "tuple_of",
]


class Spec(NamedTuple):
    """The shape and dtype of an array that need not exist yet."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        return len(self.shape)


def need_arrays(call: str, **values: Any) -> None:
    """Refuses what is neither an array nor a Variable that holds one."""
    for name, value in values.items():
        if getattr(value, "shape", None) is None or getattr(value, "dtype", None) is None:
            raise DtypeError(call, f"{name} {describe(value)}", "an array or a Variable")
        if value.dtype.kind not in "biufc":
            raise DtypeError(call, f"{name} {describe(value)}", "an array of numbers")


def need_number(call: str, name: str, value: Any) -> None:
    """Refuses what is no real number."""
    if not isinstance(value, (int, float, np.integer, np.floating)):
        raise DtypeError(call, f"{name}={describe(value)}", "a number")


def need_integer(call: str, name: str, value: Any) -> int:
    """An integer, or an error that names the argument."""
    try:
        return operator.index(value)
    except TypeError:
        raise DtypeError(call, f"{name}={describe(value)}", "an integer") from None


def broadcast_shapes(call: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that NumPy's broadcasting gives, or a ShapeError in the caller's words."""
    try:
        return np.broadcast_shapes(*shapes)
    except TypeError:
        got = " and ".join(map(describe, shapes))
        raise DtypeError(call, got, "shapes: tuples of integers") from None
    except ValueError:
        raise ShapeError(
            call,
            " and ".join(map(str, shapes)),
            "shapes that broadcast",
            "Compared from the right, each pair of sizes must be equal or one of them 1.",
        ) from None


def reduced_axes(shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of ``shape`` over which broadcasting from ``target`` repeated values."""
    lead = len(shape) - len(target)
    return tuple(range(lead)) + tuple(
        i + lead for i, size in enumerate(target) if size == 1 and shape[i + lead] != 1
    )


def normalize_axis(call: str, axis: Any, ndim: int) -> int:
    """A non-negative axis, or an error that names the call, the axis and the number of axes."""
    try:
        index = operator.index(axis)
    except TypeError:
        raise DtypeError(call, f"axis={axis!r}", "an integer axis") from None
    if not -ndim <= index < ndim:
        raise RangeError(call, f"axis={index} for {ndim} axes", f"an axis in [{-ndim}, {ndim})")
    return index % ndim


def normalize_axes(call: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """Non-negative axes from None (all), one axis or a tuple; an axis given twice is an error."""
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    result = tuple(normalize_axis(call, a, ndim) for a in axes)
    if len(set(result)) != len(result):
        raise ShapeError(call, f"axis={axis!r}", "each axis at most once")
    return result


def tuple_of(call: str, name: str, value: Any, n: int) -> tuple[int, ...]:
    """``n`` integers from one integer or a sequence of ``n``, as in ``stride=2``."""
    items: Sequence[Any] = tuple(value) if isinstance(value, Iterable) else (value,) * n
    try:
        result = tuple(operator.index(item) for item in items)
    except TypeError:
        raise DtypeError(call, f"{name}={describe(value)}", f"an integer or {n} of them") from None
    if len(result) != n:
        raise ShapeError(call, f"{name}={value!r}", f"an integer or {n} of them")
    return result


def conv_outsize(size: int, k: int, s: int, p: int, cover_all: bool = False, d: int = 1) -> int:
    r"""The output size of a convolution or pooling along one axis.

    :math:`\lfloor (size + 2p - k') / s \rfloor + 1` with :math:`k' = k + (k-1)(d-1)`; with
    ``cover_all`` the last window may reach over the border so that every input is covered.

    >>> from renkei.core.shapes import conv_outsize
    >>> conv_outsize(8, 3, 2, 1), conv_outsize(8, 3, 2, 0, cover_all=True)
    (4, 4)
    """
    dk = k + (k - 1) * (d - 1)
    return (size + p * 2 - dk + (s - 1 if cover_all else 0)) // s + 1


def deconv_outsize(size: int, k: int, s: int, p: int, cover_all: bool = False, d: int = 1) -> int:
    r"""The output size of a transposed convolution along one axis; undoes ``conv_outsize``.

    >>> from renkei.core.shapes import deconv_outsize
    >>> deconv_outsize(4, 4, 2, 1)
    8
    """
    dk = (k - 1) * d + 1
    return s * (size - 1) + dk - (s - 1 if cover_all else 0) - 2 * p
