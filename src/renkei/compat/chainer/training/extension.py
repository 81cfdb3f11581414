"""Extensions of a Trainer: the base class and ``make_extension``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renkei.compat.chainer.serializer import serialize_state
from renkei.training.extension import (
    PRIORITY_EDITOR,
    PRIORITY_READER,
    PRIORITY_WRITER,
)
from renkei.training.extension import Extension as OurExtension

__all__ = [
    "PRIORITY_EDITOR",
    "PRIORITY_READER",
    "PRIORITY_WRITER",
    "Extension",
    "make_extension",
]

_REMOVED = "invoke_before_training has been removed since Chainer v2.0.0. Use {} instead."


class Extension(OurExtension):
    """The base of extensions; any callable that takes a trainer is one as well."""

    trigger: Any = (1, "iteration")
    priority = PRIORITY_READER
    name: str | None = None

    @property
    def default_name(self) -> str:
        """The name under which the extension is registered."""
        return type(self).__name__

    def __call__(self, trainer: Any) -> Any:
        raise NotImplementedError(
            f"Extension implementation must override {type(self).__name__}.__call__."
        )

    def __getattr__(self, name: str) -> Any:
        if name == "invoke_before_training":
            raise NotImplementedError(_REMOVED.format("Extension.initialize"))
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def initialize(self, trainer: Any) -> None:
        """Called once before training begins, also when it is resumed."""

    def on_error(self, trainer: Any, exc: Any, tb: Any) -> None:
        """Called when training ends with an exception."""

    def serialize(self, serializer: Any) -> None:
        """Reads or writes what a resumed extension needs."""
        serialize_state(self, serializer)


def make_extension(
    trigger: Any = None,
    default_name: str | None = None,
    priority: int | None = None,
    finalizer: Callable[[], None] | None = None,
    initializer: Callable[[Any], None] | None = None,
    on_error: Callable[..., None] | None = None,
    **kwargs: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    r"""Gives a function the attributes of an extension.

    >>> from renkei.compat.chainer import training
    >>> @training.make_extension(trigger=(1, "epoch"))
    ... def announce(trainer):
    ...     print(trainer.updater.epoch)
    >>> announce.trigger, announce.priority
    ((1, 'epoch'), 100)
    """
    if "invoke_before_training" in kwargs:
        raise ValueError(_REMOVED.format("initializer="))
    if kwargs:
        raise TypeError(f"make_extension() got unexpected arguments {sorted(kwargs)}")

    def decorate(function: Any) -> Any:
        function.trigger = Extension.trigger if trigger is None else trigger
        function.default_name = default_name or function.__name__
        function.priority = Extension.priority if priority is None else priority
        function.finalize = finalizer
        function.initialize = initializer
        function.on_error = on_error
        return function

    return decorate
