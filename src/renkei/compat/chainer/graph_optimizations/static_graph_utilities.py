"""Marks of code with side effects inside a static graph."""

from __future__ import annotations

from typing import Any

__all__ = ["static_code", "static_forward_optimizations"]


def static_code(*dec_args: Any, **dec_kwargs: Any) -> Any:
    """Marks a function with side effects; it runs in every forward pass anyway.

    Args:
        dec_args: the function, or nothing.
        dec_kwargs: ``func_name``, which a printed schedule would show.
    """
    if len(dec_args) == 1 and callable(dec_args[0]) and not dec_kwargs:
        return dec_args[0]
    return lambda function: function


def static_forward_optimizations(func: Any, inputs: Any) -> Any:
    """Runs the forward computation of a FunctionNode."""
    return func.forward(inputs)
