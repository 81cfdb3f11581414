"""@composite: a function of functions, which a kernel may override where nothing is recorded."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from renkei.core.config import current
from renkei.core.dispatch import fast_kernels, select
from renkei.core.variable import Variable

__all__ = ["composite"]

_Called = TypeVar("_Called", bound=Callable[..., Any])


def composite(function: _Called) -> _Called:
    r"""Marks a Python function over functions as an operation of its own.

    Its body is its meaning, its gradient and its export rule. A backend may register a kernel under
    its name; that kernel runs where no gradient is wanted, and the cases compare both.

    >>> import numpy as np, renkei as rk
    >>> from renkei.core.composite import composite
    >>> @composite
    ... def doc_cube(x):
    ...     return x * x * x
    >>> doc_cube(np.array([2.0]))
    array([8.])
    """
    name = function.__name__
    fast = fast_kernels(name)

    @functools.wraps(function)
    def call(*args: Any, **attrs: Any) -> Any:
        if fast and not _recorded(args):
            arrays = tuple(a._values() if isinstance(a, Variable) else a for a in args)
            chosen = select(name, arrays, attrs)
            if chosen is not None:
                y = chosen(*arrays, **attrs)
                bare = not any(isinstance(a, Variable) for a in args)
                return y if bare else Variable(y, requires_grad=False)
        return function(*args, **attrs)

    call.op = name  # type: ignore[attr-defined]
    return call  # type: ignore[return-value]


def _recorded(args: tuple[Any, ...]) -> bool:
    settings = current()
    if settings.slow:
        return True
    wanted = any(isinstance(a, Variable) and a._edge is not None for a in args)
    return wanted and settings.enable_backprop
