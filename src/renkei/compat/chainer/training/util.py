"""``get_trigger``."""

from __future__ import annotations

from typing import Any

from renkei.compat.chainer.training import triggers

__all__ = ["get_trigger"]


def _never_fire_trigger(trainer: Any) -> bool:
    return False


def get_trigger(trigger: Any) -> Any:
    r"""A trigger from a tuple (period, unit), a callable, or None, which never fires.

    >>> from renkei.compat.chainer import training
    >>> str(training.get_trigger((1, "epoch")))
    "IntervalTrigger(1, 'epoch')"
    """
    if trigger is None:
        return _never_fire_trigger
    return trigger if callable(trigger) else triggers.IntervalTrigger(*trigger)
