"""FunctionHook: what watches functions run."""

from __future__ import annotations

import collections
from typing import Any

from renkei.core.config import _current, current, overlay

__all__ = ["FunctionHook", "get_function_hooks"]


class FunctionHook:
    r"""The base of hooks: as a context manager it sees all functions, added to one only that.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> class Names(chainer.FunctionHook):
    ...     name = 'Names'
    ...     def forward_preprocess(self, function, in_data):
    ...         print(function.label)
    >>> with Names():
    ...     y = chainer.functions.relu(chainer.Variable(np.ones(2, np.float32)))
    ReLU
    """

    name = "FunctionHook"

    def __enter__(self) -> Any:
        if self.name in get_function_hooks():
            raise KeyError(f"hook {self.name} already exists")
        hooks = (*current().function_hooks, _Bridge(self))
        _current.set(overlay(function_hooks=hooks))
        self.added(None)
        return self

    def __exit__(self, *_: Any) -> None:
        hook = get_function_hooks()[self.name]
        hooks = tuple(
            h
            for h in current().function_hooks
            if not (isinstance(h, _Bridge) and h.hook.name == self.name)
        )
        _current.set(overlay(function_hooks=hooks))
        hook.deleted(None)

    def added(self, function: Any) -> None:
        """Called when the hook comes into force; ``function`` is None for a global one."""

    def deleted(self, function: Any) -> None:
        """Called when the hook is taken away."""

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        """Called before ``forward`` with the input arrays."""

    def forward_postprocess(self, function: Any, in_data: Any) -> None:
        """Called after ``forward`` with the input arrays."""

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        """Called before ``backward``; inputs that are not retained are None."""

    def backward_postprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        """Called after ``backward``."""


class _Bridge:
    """Shows the engine's functions to a hook as FunctionNodes."""

    def __init__(self, hook: FunctionHook) -> None:
        self.hook, self.name = hook, hook.name

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        self.hook.forward_preprocess(_node(function), in_data)

    def forward_postprocess(self, function: Any, in_data: Any) -> None:
        self.hook.forward_postprocess(_node(function), in_data)

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self.hook.backward_preprocess(_node(function), in_data, out_grad)

    def backward_postprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self.hook.backward_postprocess(_node(function), in_data, out_grad)


def _node(function: Any) -> Any:
    from renkei.compat.chainer._node import node_of

    node = node_of(function)
    return getattr(node, "function", node)


def get_function_hooks() -> collections.OrderedDict[str, Any]:
    """The hooks in force in this thread, by name."""
    hooks = (h.hook for h in current().function_hooks if isinstance(h, _Bridge))
    return collections.OrderedDict((hook.name, hook) for hook in hooks)
