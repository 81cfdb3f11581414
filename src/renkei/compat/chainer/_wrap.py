"""From the engine's results to the facade's: Variables change their class in place."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from renkei.compat.chainer.variable import Parameter, Variable
from renkei.core.config import current
from renkei.core.device import get_array_types
from renkei.core.parameter import Parameter as CoreParameter
from renkei.core.variable import Variable as CoreVariable

__all__ = ["as_parameter", "reclassed", "returning_variables", "wrapped"]


def wrapped(y: Any) -> Any:
    """What a function returned, with facade Variables for engine Variables and for arrays."""
    kind = y.__class__
    if kind is CoreVariable:
        y.__class__ = Variable
        return y
    if isinstance(y, CoreVariable):
        return as_parameter(y) if kind is CoreParameter else y
    if kind is tuple or kind is list:
        return kind(wrapped(item) for item in y)
    if isinstance(y, get_array_types()):
        return Variable(y, requires_grad=False)
    return y


def reclassed(y: Any) -> Any:
    """The same object, whose engine Variables are facade Variables now; arrays stay arrays."""
    kind = y.__class__
    if kind is CoreVariable:
        y.__class__ = Variable
    elif kind is tuple or kind is list:
        for item in y:
            reclassed(item)
    return y


def as_parameter(p: CoreParameter) -> Parameter:
    """An engine parameter as a facade Parameter: the same object, with NaN for a fresh gradient."""
    if p.__class__ is CoreParameter:
        p.__class__ = Parameter
        if p._grad is None:  # type: ignore[has-type]
            p._forget_grad()  # type: ignore[attr-defined]
    return p  # type: ignore[return-value]


def _watched(value: Any) -> Any:
    if isinstance(value, get_array_types()) and value.dtype.kind == "f":
        return Variable(value, requires_grad=False)
    return value


def returning_variables(
    function: Callable[..., Any], signature: inspect.Signature | None = None
) -> Callable[..., Any]:
    """The function with the signature shown that always returns Variables, as Chainer's do."""

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if current().slow:  # hooks see functions of Variables
            args = tuple(_watched(a) for a in args)
        y = function(*args, **options)
        if y.__class__ is CoreVariable:  # the common case, without another call
            y.__class__ = Variable
            return y
        return wrapped(y)

    call.__module__ = "renkei.compat.chainer.functions"  # where a pickle finds it again
    call.__signature__ = signature or inspect.signature(function)  # type: ignore[attr-defined]
    return call
