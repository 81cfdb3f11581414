"""Small parts of links: shapes of parameters, copies, what ``str`` shows."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import numpy as np

from renkei.links.link import Link as OurLink

__all__ = []  # for link.py only

MODES = "The 'mode' argument should be either 'init','copy', or 'share'. But {} was given."


@cache
def mixed_in(cls: type, name: str) -> Any:
    """What a class that is mixed in behind Link defines under a name."""
    for base in cls.__mro__:
        if name in base.__dict__ and not issubclass(base, OurLink):
            return base.__dict__[name]
    return None


class MixedInForward:
    """Stands in Link's way to our own ``forward``: what has none shall say so, as in Chainer."""

    def __get__(self, link: Any, owner: Any = None) -> Any:
        written = None if link is None else mixed_in(type(link), "forward")
        if written is None:
            raise AttributeError(f"{owner.__name__!r} object has no attribute 'forward'")
        return written.__get__(link)


def is_shape(value: Any) -> bool:
    if value is None or isinstance(value, (int, np.integer)):
        return True
    return isinstance(value, (tuple, list)) and all(isinstance(n, (int, np.integer)) for n in value)


def sharing(param: Any) -> Any:
    """A parameter on the same array without a gradient; an open one is shared itself."""
    if not param.is_initialized:
        return param
    twin = copy.copy(param)
    twin.cleargrad()
    return twin


def copy_values(mine: Any, theirs: Any) -> None:
    if not mine.is_initialized:
        if not theirs.is_initialized:
            return
        mine.initialize(theirs.shape)
    elif not theirs.is_initialized:
        theirs.initialize(mine.shape)
    mine.copydata(theirs)


def str_of_children(link: Any, pairs: list[tuple[Any, str]]) -> str:
    """What ``str`` shows of a link with links: one line each, indented."""
    lines = [line for name, text in pairs for line in f"({name}): {text},".splitlines()]
    body = "\n" + "".join(f"  {line}\n" for line in lines) if lines else ""
    return f"{type(link).__name__}({body})"
