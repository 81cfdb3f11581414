"""Extension: what runs beside training, each time its trigger fires."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = [
    "PRIORITY_EDITOR",
    "PRIORITY_READER",
    "PRIORITY_WRITER",
    "Extension",
    "make_extension",
]

PRIORITY_WRITER = 300  # adds values to the observation
PRIORITY_EDITOR = 200  # changes values of the observation
PRIORITY_READER = 100  # only reads


class Extension:
    """The base of extensions; any callable that takes a Progress is one as well.

    ``trigger`` says when it runs, a higher ``priority`` runs earlier, ``name`` is its default name.
    """

    trigger: Any = (1, "iteration")
    priority = PRIORITY_READER
    name: str | None = None

    @property
    def default_name(self) -> str:
        """The name under which the extension is registered."""
        return self.name or type(self).__name__

    def __call__(self, progress: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}.__call__")

    def initialize(self, progress: Any) -> None:
        """Called once before training begins, also when it is resumed."""

    def finalize(self) -> None:
        """Called once after training, however it ended."""

    def on_error(self, progress: Any, error: BaseException, traceback: Any) -> None:
        """Called when training ends with an exception."""

    def state(self) -> dict[str, Any]:
        """What a resumed extension needs."""
        return {}

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Continues from ``state``."""


def make_extension(
    trigger: Any = (1, "iteration"),
    default_name: str | None = None,
    priority: int = PRIORITY_READER,
    finalizer: Callable[[], None] | None = None,
    initializer: Callable[[Any], None] | None = None,
    on_error: Callable[..., None] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    r"""Gives a function the attributes of an extension.

    >>> from renkei.training import make_extension
    >>> @make_extension(trigger=(1, "epoch"))
    ... def announce(progress):
    ...     print(progress.epoch)
    >>> announce.trigger
    (1, 'epoch')
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        attributes = {
            "trigger": trigger,
            "default_name": default_name or getattr(function, "__name__", None),
            "priority": priority,
            "finalize": finalizer,
            "initialize": initializer,
            "on_error": on_error,
        }
        for name, value in attributes.items():
            if value is not None:
                setattr(function, name, value)
        return function

    return decorate
