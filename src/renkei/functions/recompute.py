"""Gradients by running a computation again: forget, and the gradients of fused functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from renkei.core.config import scoped
from renkei.core.graph import grad
from renkei.core.variable import Variable
from renkei.functions.conversion import Identity

__all__: list[str] = []


def gradients_of(
    body: Callable[..., Any], inputs: Sequence[Any], gys: Sequence[Any], wanted: Sequence[bool]
) -> list[Any]:
    """The gradients of a body of functions by its inputs, with graphs of their own.

    A fused function calls this in a recording sweep, where its kernel would leave no graph.

    Args:
        body: takes the inputs, returns a tuple of Variables.
        inputs: arrays or Variables, or None.
        gys: the gradients of the outputs, None for outputs that nobody used.
        wanted: which inputs to differentiate by.

    Returns:
        For each input its gradient, a Variable, or None.
    """
    with scoped(enable_backprop=True):
        places = [i for i, want in enumerate(wanted) if want]
        # New names for the inputs: a way from one input to another must not count.
        named = Identity()(*(_variable(inputs[i]) for i in places))
        values = list(inputs)
        for i, x in zip(places, named, strict=True):
            values[i] = x
        ys = body(*values)
        used = [(y, _variable(gy)) for y, gy in zip(ys, gys, strict=True) if gy is not None]
        outs, gs = [y for y, _ in used], [gy for _, gy in used]
        found = grad(outs, list(named), gs, enable_double_backprop=True)
    gradients: list[Any] = [None] * len(inputs)
    for i, g in zip(places, found, strict=True):
        gradients[i] = g
    return gradients


def _variable(x: Any) -> Variable:
    return x if isinstance(x, Variable) and x._edge is not None else Variable(_array(x))


def _array(x: Any) -> Any:
    return getattr(x, "array", x)
