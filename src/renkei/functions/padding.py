"""Filling up at the ends: arrays to a larger shape, sequences to one length."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from renkei.core.broadcast import broadcast_to
from renkei.core.device import get_array_module
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_integer
from renkei.functions.indexing import get_item
from renkei.functions.join_split import concat, listed, with_zeros

__all__ = ["pad", "pad_sequence"]

_CALL = "pad(x, pad_width, mode)"
_Widths = tuple[tuple[int, int], ...]
# mode: its keyword and what stands for it if it is left out
_MODES: dict[str, tuple[str, Any]] = {
    "constant": ("constant_values", 0),
    "edge": ("", None),
    "linear_ramp": ("end_values", 0),
    "maximum": ("stat_length", None),
    "mean": ("stat_length", None),
    "minimum": ("stat_length", None),
    "reflect": ("reflect_type", "even"),
    "symmetric": ("reflect_type", "even"),
    "wrap": ("", None),
}


class Pad(Function):
    """Puts constants around an array."""

    def __init__(self, widths: _Widths, values: tuple[tuple[float, float], ...]) -> None:
        self.widths, self.values = widths, values

    def check(self, x: Any) -> Spec:
        return Spec(tuple(n + a + b for n, (a, b) in zip(x.shape, self.widths)), x.dtype)

    def forward(self, x: Any) -> Any:
        if not self.widths:  # no axes, which NumPy does not take
            return x.copy()
        return get_array_module(x).pad(x, self.widths, "constant", constant_values=self.values)

    def grad_x(self, gy: Any) -> Any:
        sizes = self.specs.x.shape
        return get_item(gy, tuple(slice(a, a + n) for n, (a, _) in zip(sizes, self.widths)))


def pad(x: Any, pad_width: Any, mode: str, **keywords: Any) -> Any:
    r"""Makes an array larger at its ends.

    Args:
        x: array or Variable.
        pad_width: by how many elements: one number for all ends, a pair (before, after) for all
            axes, or one pair for each axis.
        mode: what to fill with: ``"constant"``; the nearest element (``"edge"``); the mirror image
            without or with the border (``"reflect"``, ``"symmetric"``); the other end
            (``"wrap"``); ``"mean"``, ``"maximum"`` or ``"minimum"`` along the axis; a straight line
            to a number (``"linear_ramp"``).
        keywords: ``constant_values`` or ``end_values`` (0 if left out), one number, a pair or pairs
            as for ``pad_width``; ``stat_length``, how many elements the mean, maximum or minimum
            sees (all if left out).

    Returns:
        Array or Variable; the gradient goes to the elements that were copied.

    Raises:
        RangeError: there is no such mode, or a width is negative.
        ShapeError: ``pad_width`` does not fit, or an axis of size 0 is padded from its elements.
        DtypeError: the mode takes no such keyword.

    >>> F.pad(np.array([1, 2, 3]), (1, 2), "constant", constant_values=9)
    array([9, 1, 2, 3, 9, 9])
    >>> F.pad(np.array([1, 2, 3]), 2, "reflect")
    array([3, 2, 1, 2, 3, 2, 1])
    """
    if not hasattr(x, "ndim"):
        raise DtypeError(_CALL, f"x {describe(x)}", "an array or a Variable")
    if mode not in _MODES:
        raise RangeError(_CALL, f"mode={mode!r}", f"one of {', '.join(_MODES)}")
    widths = _pairs("pad_width", pad_width, x.ndim)
    if any(type(w) is not int for pair in widths for w in pair):
        raise DtypeError(_CALL, f"pad_width={pad_width!r}", "integers")
    if any(w < 0 for pair in widths for w in pair):
        raise RangeError(_CALL, f"pad_width={pad_width!r}", "widths of 0 or more")
    sizes = [n + sum(pair) for n, pair in zip(x.shape, widths)]
    if prod(sizes) * max(x.dtype.itemsize, 8) > sys.maxsize:
        raise RangeError(_CALL, f"pad_width={pad_width!r}", "an array that memory can hold")
    setting = _setting(mode, keywords)
    if mode == "constant":
        return Pad(widths, _pairs("constant_values", setting, x.ndim))(x)
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        if setting == "odd":
            raise RangeError(_CALL, "reflect_type='odd'", "'even'", "Compute 2 * edge - reflected.")
        return _pad_copies(x, widths, mode)
    if x.dtype.kind != "f":
        raise DtypeError(_CALL, f"x {describe(x)}, mode={mode!r}", "a float array")
    name = _MODES[mode][0]
    settings = _pairs(name, setting, x.ndim) if setting is not None else ((None, None),) * x.ndim
    return _pad_computed(x, widths, mode, settings)


def _setting(mode: str, keywords: dict[str, Any]) -> Any:
    """The value of the mode's only keyword."""
    name, default = _MODES[mode]
    unknown = [key for key in keywords if key != name]
    if unknown:
        expected = f"{name}=..." if name else "no keyword"
        raise DtypeError(_CALL, f"{unknown[0]}=... for mode {mode!r}", expected)
    return keywords.get(name, default)


def _pairs(name: str, value: Any, ndim: int) -> tuple[tuple[Any, Any], ...]:
    """A pair (before, after) for each axis."""
    try:
        full = np.broadcast_to(np.asarray(value), (ndim, 2))
    except ValueError:
        expected = f"a number, a pair, or a pair for each of {ndim} axes"
        raise ShapeError(_CALL, f"{name}={value!r}", expected) from None
    return tuple((a, b) for a, b in full.tolist())


def _pad_copies(x: Any, widths: _Widths, mode: str) -> Any:
    """Fills with copies of elements, one axis after the other."""
    xp = get_array_module(x)
    for axis, pair in enumerate(widths):
        if any(pair):
            _check_size(x, axis, mode)
            index = xp.asarray(np.pad(np.arange(x.shape[axis]), pair, mode))  # type: ignore[call-overload]
            x = get_item(x, (slice(None),) * axis + (index,))
    return x


def _check_size(x: Any, axis: int, mode: str) -> None:
    if x.shape[axis] == 0:
        raise ShapeError(_CALL, f"x {x.shape}, mode={mode!r}", f"elements along axis {axis}")


def _pad_computed(x: Any, widths: _Widths, mode: str, settings: Any) -> Any:
    """Fills with numbers computed from the elements, one axis after the other."""
    for axis, ((before, after), (first, last)) in enumerate(zip(widths, settings)):
        if before or after:
            _check_size(x, axis, mode)
            ends = _end(x, axis, mode, before, first), _end(x, axis, mode, -after, last)
            x = concat([ends[0], x, ends[1]], axis)
    return x


def _end(x: Any, axis: int, mode: str, width: int, setting: Any) -> Any:
    """What to put in front of an axis, or behind it where ``width`` is negative."""
    from renkei.functions import reduction  # three of nine modes need it

    n, head = x.shape[axis], (slice(None),) * axis
    if mode == "linear_ramp":
        edge = get_item(x, (*head, slice(0, 1) if width > 0 else slice(n - 1, n)))
        ramp = np.arange(abs(width)) / max(abs(width), 1)
        ramp = ramp if width > 0 else ramp[::-1]
        weight = get_array_module(x).asarray(ramp, x.dtype).reshape(-1, *(1,) * (x.ndim - axis - 1))
        return edge * weight + setting * (1 - weight)
    length = n if setting is None else min(int(setting), n)
    if length < 1:
        raise RangeError(_CALL, f"stat_length={setting}", "a number of 1 or more")
    seen = get_item(x, (*head, slice(0, length) if width > 0 else slice(n - length, n)))
    reduce = {"maximum": reduction.max, "mean": reduction.mean, "minimum": reduction.min}[mode]
    value = reduce(seen, axis=axis, keepdims=True)
    return broadcast_to(value, (*x.shape[:axis], abs(width), *x.shape[axis + 1 :]))


class PadSequence(Function):
    """Stacks arrays of different lengths, filled up at their ends."""

    def __init__(self, length: int | None, padding: float) -> None:
        self.length, self.padding = length, padding

    def check(self, *xs: Any) -> Spec:
        call, tail = "pad_sequence(xs, length, padding)", xs[0].shape[1:]
        for i, x in enumerate(xs):
            if x.ndim == 0 or x.shape[1:] != tail:
                got = f"xs[0] {xs[0].shape} and xs[{i}] {x.shape}"
                raise ShapeError(call, got, "shapes that differ on axis 0 only")
        longest = max(x.shape[0] for x in xs)
        if self.length is not None and self.length < longest:
            raise ShapeError(call, f"length={self.length}", f"at least {longest}, the longest")
        return Spec((len(xs), longest if self.length is None else self.length, *tail), xs[0].dtype)

    def forward(self, *xs: Any) -> Any:
        length = max(x.shape[0] for x in xs) if self.length is None else self.length
        shape = (len(xs), length, *xs[0].shape[1:])
        y = get_array_module(*xs).full(shape, self.padding, xs[0].dtype)
        for row, x in zip(y, xs):
            row[: x.shape[0]] = x
        return y

    def grads(self, wanted: tuple[bool, ...], gy: Any) -> Any:
        return UnpadSequence(tuple(self.specs[i].shape[0] for i in range(len(wanted))))(gy)


class UnpadSequence(Function):
    """The first elements of each row, as many as its length says."""

    outputs = ("*ys",)

    def __init__(self, lengths: tuple[int, ...]) -> None:
        self.lengths = lengths

    def check(self, x: Any) -> tuple[Spec, ...]:
        return tuple(Spec((n, *x.shape[2:]), x.dtype) for n in self.lengths)

    def forward(self, x: Any) -> tuple[Any, ...]:
        return tuple(row[:n] for row, n in zip(x, self.lengths))

    def grad_x(self, gys: Any) -> Any:
        spec = self.specs.x
        shapes = [(n, *spec.shape[2:]) for n in self.lengths]
        return PadSequence(spec.shape[1], 0)(*with_zeros(gys, shapes))


def pad_sequence(xs: Sequence[Any], length: int | None = None, padding: float = 0) -> Any:
    r"""Stacks sequences of different lengths, filled up at their ends.

    Args:
        xs: n arrays or Variables of one dtype, of shapes (length_i, ...).
        length: how long to make them; None is the longest of them.
        padding: what to fill with.

    Returns:
        Array or Variable of shape (n, length, ...).

    Raises:
        ShapeError: the list is empty, the shapes do not fit, or ``length`` is too small.
        DtypeError: the dtypes differ.

    >>> F.pad_sequence([np.array([1, 2, 3]), np.array([4])], padding=-1)
    array([[ 1,  2,  3],
           [ 4, -1, -1]])
    """
    if length is not None:
        length = need_integer("pad_sequence(xs, length, padding)", "length", length)
    return PadSequence(length, padding)(*listed("pad_sequence(xs, length, padding)", xs))
