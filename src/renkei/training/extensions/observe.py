"""observe_lr and observe_value: report a number of the training itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renkei.training.extension import PRIORITY_WRITER, make_extension
from renkei.training.extensions.shift import find_optimizer

__all__ = ["observe_lr", "observe_value"]


def observe_value(observation_key: str, target_func: Callable[[Any], Any]) -> Callable[..., Any]:
    """An extension that reports ``target_func(progress)`` under a key, each epoch."""

    @make_extension(trigger=(1, "epoch"), priority=PRIORITY_WRITER)
    def observe(progress: Any) -> None:
        progress.observation[observation_key] = target_func(progress)

    return observe


def observe_lr(optimizer_name: str = "main", observation_key: str = "lr") -> Callable[..., Any]:
    """An extension that reports an optimizer's learning rate, each epoch."""

    def rate(progress: Any) -> float:
        optimizer = find_optimizer(progress, optimizer_name)
        value: Any = getattr(optimizer, "lr" if hasattr(optimizer, "lr") else "alpha")
        now: Any = value(optimizer.t) if callable(value) else value
        return float(now)

    return observe_value(observation_key, rate)
