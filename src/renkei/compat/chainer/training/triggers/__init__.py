"""Triggers: ours, reading the updater of any trainer, with ``serialize``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renkei.compat.chainer import _tree
from renkei.compat.chainer.serializer import Deserializer, serialize_state
from renkei.training import triggers as ours
from renkei.training.progress import Progress

__all__ = [
    "BestValueTrigger",
    "EarlyStoppingTrigger",
    "IntervalTrigger",
    "ManualScheduleTrigger",
    "MaxValueTrigger",
    "MinValueTrigger",
    "OnceTrigger",
    "TimeTrigger",
]


class _View:
    """What our triggers ask of a training, read off anything that has an updater."""

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer

    def __getattr__(self, name: str) -> Any:
        if name in ("iteration", "epoch", "epoch_detail", "is_new_epoch"):
            return getattr(self._trainer.updater, name)
        return getattr(self._trainer, name)


def _progress(trainer: Any) -> Any:
    return trainer if isinstance(trainer, Progress) else _View(trainer)


class _Trigger:
    """What the triggers have in common."""

    def __call__(self, trainer: Any) -> bool:
        return super().__call__(_progress(trainer))  # type: ignore[misc]

    def serialize(self, serializer: Any) -> None:
        """Reads or writes what a resumed trigger needs."""
        serialize_state(self, serializer)


class IntervalTrigger(_Trigger, ours.IntervalTrigger):
    __doc__ = ours.IntervalTrigger.__doc__

    def __init__(self, period: float, unit: str) -> None:
        super().__init__(period, unit)

    def serialize(self, serializer: Any) -> None:
        for name in ("_previous_iteration", "_previous_epoch_detail"):
            try:
                value = serializer(name[1:], getattr(self, name))
            except KeyError:  # a snapshot older than version 3
                value = None
            if value is not None:
                setattr(self, name, value)

    __str__ = ours.IntervalTrigger.__repr__
    __repr__ = object.__repr__


class ManualScheduleTrigger(_Trigger, ours.ManualScheduleTrigger):
    __doc__ = ours.ManualScheduleTrigger.__doc__

    def __init__(self, points: Any, unit: str) -> None:
        super().__init__(points, unit)


class OnceTrigger(_Trigger, ours.OnceTrigger):
    __doc__ = ours.OnceTrigger.__doc__

    def __init__(self, call_on_resume: bool = False) -> None:
        super().__init__(call_on_resume)


class TimeTrigger(_Trigger, ours.TimeTrigger):
    __doc__ = ours.TimeTrigger.__doc__


class BestValueTrigger(_Trigger, ours.BestValueTrigger):
    __doc__ = ours.BestValueTrigger.__doc__

    def __init__(
        self, key: str, compare: Callable[[float, float], bool], trigger: Any = (1, "epoch")
    ) -> None:
        super().__init__(key, compare, _chainers(trigger))


class MaxValueTrigger(BestValueTrigger):
    """Fires when the mean of a reported value is larger than ever before."""

    def __init__(self, key: str, trigger: Any = (1, "epoch")) -> None:
        super().__init__(key, lambda best, new: new > best, trigger)


class MinValueTrigger(BestValueTrigger):
    """Fires when the mean of a reported value is smaller than ever before."""

    def __init__(self, key: str, trigger: Any = (1, "epoch")) -> None:
        super().__init__(key, lambda best, new: new < best, trigger)


class EarlyStoppingTrigger(_Trigger, ours.EarlyStoppingTrigger):
    __doc__ = ours.EarlyStoppingTrigger.__doc__

    def __init__(
        self,
        check_trigger: Any = (1, "epoch"),
        monitor: str = "main/loss",
        patience: int | None = None,
        mode: str = "auto",
        verbose: bool = False,
        max_trigger: Any = (100, "epoch"),
        **kwargs: Any,
    ) -> None:
        patience = kwargs.pop("patients", None) if patience is None else patience
        if kwargs:
            raise TypeError(f"EarlyStoppingTrigger() got unexpected arguments {sorted(kwargs)}")
        patience = 3 if patience is None else patience
        mode = mode if mode in ("min", "max") else "auto"
        checks = (_chainers(check_trigger), monitor, patience, mode, _chainers(max_trigger))
        super().__init__(*checks)
        self.verbose = verbose

    def __call__(self, trainer: Any) -> bool:
        stops = super().__call__(trainer)
        if stops and self.verbose and self.count >= self.patience:
            print(f"Epoch {trainer.updater.epoch}: early stopping")
        return stops

    def serialize(self, serializer: Any) -> None:
        # Chainer saves nothing here; snapshots of its trainings have none of these keys.
        if not isinstance(serializer, Deserializer) or serializer._known_keys():
            super().serialize(serializer)


def _chainers(trigger: Any) -> Any:
    from renkei.compat.chainer.training.util import get_trigger

    return get_trigger(trigger)


__getattr__ = _tree.submodules("training.triggers")
