"""Keyword arguments read by name, with Chainer's messages for those that are not taken."""

from __future__ import annotations

import inspect
from typing import Any

__all__ = ["assert_kwargs_empty", "check_unexpected_kwargs", "parse_kwargs"]


def check_unexpected_kwargs(kwargs: dict[str, Any], **unexpected: str) -> None:
    """Raises ValueError with the message of the first of ``unexpected`` that was given."""
    for name, message in unexpected.items():
        if name in kwargs:
            raise ValueError(message)


def parse_kwargs(kwargs: dict[str, Any], *name_and_values: Any, **unexpected: str) -> Any:
    r"""Reads keyword arguments.

    Args:
        kwargs: the arguments as given.
        name_and_values: pairs of a name and its default.
        unexpected: messages for arguments that are not taken any more.

    Returns:
        The values: a tuple, or the value alone if there is one name.

    >>> from renkei.compat.chainer.utils import argument
    >>> argument.parse_kwargs({"a": 1}, ("a", 0), ("b", 2))
    (1, 2)
    """
    check_unexpected_kwargs(kwargs, **unexpected)
    values = [kwargs.pop(name, default) for name, default in name_and_values]
    _refuse(kwargs)
    return values[0] if len(values) == 1 else tuple(values)


def assert_kwargs_empty(kwargs: dict[str, Any]) -> None:
    """Raises TypeError if an argument is left over."""
    _refuse(kwargs)


def _refuse(kwargs: dict[str, Any]) -> None:
    if not kwargs:
        return
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    name = caller.f_code.co_name if caller else "function"
    names = ", ".join(repr(key) for key in sorted(kwargs))
    raise TypeError(f"{name}() got unexpected keyword argument(s) {names}")
