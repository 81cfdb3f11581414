"""Triggers: when an extension runs, or training stops. A trigger is a callable of a Progress."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from renkei.core.errors import ConfigError, describe
from renkei.reporter import DictSummary
from renkei.serializers.state import under

__all__ = [
    "BestValueTrigger",
    "EarlyStoppingTrigger",
    "IntervalTrigger",
    "ManualScheduleTrigger",
    "MaxValueTrigger",
    "MinValueTrigger",
    "OnceTrigger",
    "TimeTrigger",
    "get_trigger",
]


def _check_unit(call: str, unit: str) -> str:
    if unit not in ("epoch", "iteration"):
        raise ConfigError(call, repr(unit), "'epoch' or 'iteration'")
    return unit


class IntervalTrigger:
    r"""Fires every ``period`` iterations or epochs; a period in epochs may be a fraction.

    >>> from renkei.training import IntervalTrigger
    >>> IntervalTrigger(3, "iteration")
    IntervalTrigger(3, 'iteration')
    """

    def __init__(self, period: float, unit: str) -> None:
        if not isinstance(period, (int, float)) or not period > 0:
            raise ConfigError("IntervalTrigger(period, unit)", repr(period), "a positive period")
        self.period, self.unit = period, _check_unit("IntervalTrigger(period, unit)", unit)
        self._previous_iteration, self._previous_epoch_detail = 0, 0.0
        self._last: bool | None = None

    def __call__(self, progress: Any) -> bool:
        if self.unit == "epoch":
            before, now = self._previous_epoch_detail, progress.epoch_detail
        else:
            before, now = self._previous_iteration, progress.iteration
        fires = math.floor(before / self.period) != math.floor(now / self.period)
        self._previous_iteration = progress.iteration
        if progress.epoch_detail is not None:
            self._previous_epoch_detail = progress.epoch_detail
        return fires

    def get_training_length(self) -> tuple[float, str]:
        """The length of a training that this trigger stops."""
        return self.period, self.unit

    def state(self) -> dict[str, Any]:
        return {
            "previous_iteration": np.asarray(self._previous_iteration),
            "previous_epoch_detail": np.asarray(self._previous_epoch_detail),
        }

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        self._previous_iteration = int(state["previous_iteration"])
        self._previous_epoch_detail = float(state["previous_epoch_detail"])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.period}, {self.unit!r})"


class ManualScheduleTrigger:
    r"""Fires at given iterations or epochs.

    Args:
        points: one point or a list of them.
        unit: ``"epoch"`` or ``"iteration"``.

    Raises:
        ConfigError: there are no points, or the unit is unknown.
    """

    def __init__(self, points: Any, unit: str) -> None:
        call = "ManualScheduleTrigger(points, unit)"
        self.points = list(points) if isinstance(points, (list, tuple)) else [points]
        if not self.points or not all(isinstance(p, (int, float)) for p in self.points):
            raise ConfigError(call, repr(points), "a number or a list of them")
        self.unit = _check_unit(call, unit)
        self.finished = False
        self._previous_iteration, self._previous_epoch_detail = 0, 0.0

    def __call__(self, progress: Any) -> bool:
        if self.unit == "epoch":
            before, now = self._previous_epoch_detail, progress.epoch_detail
        else:
            before, now = self._previous_iteration, progress.iteration
        self._previous_iteration = progress.iteration
        self._previous_epoch_detail = progress.epoch_detail or 0.0
        self.finished = now >= max(self.points)
        return any(before < p <= now for p in self.points)

    def state(self) -> dict[str, Any]:
        return {
            "previous_iteration": np.asarray(self._previous_iteration),
            "previous_epoch_detail": np.asarray(self._previous_epoch_detail),
            "finished": np.asarray(self.finished),
        }

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        self._previous_iteration = int(state["previous_iteration"])
        self._previous_epoch_detail = float(state["previous_epoch_detail"])
        self.finished = bool(state.get("finished", False))


class OnceTrigger:
    """Fires at the first call, and again on resume if ``call_on_resume``."""

    def __init__(self, call_on_resume: bool = False) -> None:
        self._first = self._resumed = True
        self._call_on_resume = call_on_resume

    @property
    def finished(self) -> bool:
        """Whether it will not fire any more."""
        return not (self._first or (self._resumed and self._call_on_resume))

    def __call__(self, progress: Any) -> bool:
        fires = not self.finished
        self._first = self._resumed = False
        return fires

    def state(self) -> dict[str, Any]:
        return {"_flag_first": np.asarray(self._first)}

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        self._first, self._resumed = bool(state["_flag_first"]), True


class TimeTrigger:
    """Fires when another ``period`` seconds of training have passed."""

    def __init__(self, period: float) -> None:
        self._period, self._next_time = period, period

    def __call__(self, progress: Any) -> bool:
        if progress.elapsed_time < self._next_time:
            return False
        self._next_time += self._period
        return True

    def state(self) -> dict[str, Any]:
        return {"next_time": np.asarray(self._next_time)}

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        self._next_time = float(state["next_time"])


class BestValueTrigger:
    """Fires when the mean of a reported value since the last check is the best so far.

    Args:
        key: the value's name, as in ``"validation/main/loss"``.
        compare: takes (best, new), returns whether the new one is better.
        trigger: when to check.
    """

    def __init__(
        self, key: str, compare: Callable[[float, float], bool], trigger: Any = (1, "epoch")
    ) -> None:
        self._key, self._compare = key, compare
        self._interval_trigger = get_trigger(trigger)
        self._best: float | None = None
        self._summary = DictSummary()

    def __call__(self, progress: Any) -> bool:
        if self._key in progress.observation:
            self._summary.add({self._key: progress.observation[self._key]})
        if not self._interval_trigger(progress):
            return False
        value = self._summary.compute_mean().get(self._key)
        self._summary = DictSummary()
        if value is None or not (self._best is None or self._compare(self._best, value)):
            return False
        self._best = value
        return True

    def state(self) -> dict[str, Any]:
        result = _state(self._interval_trigger, "interval_trigger/")
        result |= {f"summary/{k}": v for k, v in self._summary.state().items()}
        return result | {"best_value": None if self._best is None else np.asarray(self._best)}

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        _load(self._interval_trigger, state, "interval_trigger/")
        self._summary.load_state(under(state, "summary/"))
        best = state.get("best_value")
        self._best = None if best is None else float(best)


def _state(trigger: Any, prefix: str) -> dict[str, Any]:
    """The state of an inner trigger, which may be any callable."""
    own = trigger.state() if hasattr(trigger, "state") else {}
    return {prefix + k: v for k, v in own.items()}


def _load(trigger: Any, state: Mapping[str, Any], prefix: str) -> None:
    if hasattr(trigger, "load_state"):
        trigger.load_state(under(state, prefix))


class MaxValueTrigger(BestValueTrigger):
    """Fires when the mean of a reported value is larger than ever before."""

    def __init__(self, key: str, trigger: Any = (1, "epoch")) -> None:
        super().__init__(key, operator.lt, trigger)


class MinValueTrigger(BestValueTrigger):
    """Fires when the mean of a reported value is smaller than ever before."""

    def __init__(self, key: str, trigger: Any = (1, "epoch")) -> None:
        super().__init__(key, operator.gt, trigger)


class EarlyStoppingTrigger:
    """Stops training when a reported value has not improved for ``patience`` checks.

    Args:
        check_trigger: when to check.
        monitor: the value's name.
        patience: how many checks in a row may bring no improvement.
        mode: ``"min"``, ``"max"``, or ``"auto"``: max where the name has ``accuracy`` in it.
        max_trigger: the interval after which training stops in any case.
    """

    def __init__(
        self,
        check_trigger: Any = (1, "epoch"),
        monitor: str = "main/loss",
        patience: int = 3,
        mode: str = "auto",
        max_trigger: Any = (100, "epoch"),
    ) -> None:
        if mode not in ("auto", "min", "max"):
            raise ConfigError("EarlyStoppingTrigger(mode=...)", repr(mode), "auto, min or max")
        larger = mode == "max" or (mode == "auto" and "accuracy" in monitor)
        self.monitor, self.patience, self.count = monitor, patience, 0
        self._better: Callable[[float, float], bool] = operator.gt if larger else operator.lt
        self._best = -math.inf if larger else math.inf
        self._check, self._max = get_trigger(check_trigger), get_trigger(max_trigger)
        self._summary = DictSummary()

    def __call__(self, progress: Any) -> bool:
        if self.monitor in progress.observation:
            self._summary.add({self.monitor: progress.observation[self.monitor]})
        if self._max(progress):
            return True
        if not self._check(progress):
            return False
        value = self._summary.compute_mean().get(self.monitor)
        self._summary = DictSummary()
        if value is None:
            return False
        if self._better(value, self._best):
            self._best, self.count = value, 0
        else:
            self.count += 1
        return self.count >= self.patience

    def get_training_length(self) -> tuple[float, str]:
        """The longest that training can take."""
        return self._max.get_training_length()

    def state(self) -> dict[str, Any]:
        result = _state(self._check, "check/") | _state(self._max, "max/")
        result |= {f"summary/{k}": v for k, v in self._summary.state().items()}
        return result | {"best": np.asarray(self._best), "count": np.asarray(self.count)}

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        if "best" not in state:  # a snapshot of Chainer's, which saves nothing here
            return
        _load(self._check, state, "check/")
        _load(self._max, state, "max/")
        self._summary.load_state(under(state, "summary/"))
        self._best, self.count = float(state["best"]), int(state["count"])


def _never(progress: Any) -> bool:
    return False


def get_trigger(trigger: Any) -> Any:
    r"""A trigger from a tuple (period, unit), a callable, or None, which never fires.

    >>> from renkei.training import get_trigger
    >>> get_trigger((1, "epoch"))
    IntervalTrigger(1, 'epoch')
    """
    if trigger is None:
        return _never
    if callable(trigger):
        return trigger
    if isinstance(trigger, (tuple, list)) and len(trigger) == 2:
        return IntervalTrigger(*trigger)
    raise ConfigError(
        "trigger", describe(trigger), "(period, 'epoch' or 'iteration') or a callable"
    )
