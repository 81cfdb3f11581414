"""Extensions that change a hyper-parameter as training goes on; each counts its own calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from renkei.compat.chainer.training.extension import Extension

__all__ = [
    "ExponentialShift",
    "InverseShift",
    "LinearShift",
    "MultistepShift",
    "PolynomialShift",
    "StepShift",
    "WarmupShift",
]


def _bounded(value: float, init: float, target: float | None) -> float:
    """A value that does not pass its target, coming from ``init``."""
    if target is None:
        return value
    return max(value, target) if target < init else min(value, target)


class _Shift(Extension):
    """The base: ``_value`` computes the hyper-parameter from the number of calls."""

    _saved: tuple[str, ...] = ("_t", "_last_value")

    def __init__(self, attr: str, init: float | None = None, optimizer: Any = None) -> None:
        self._attr, self._init, self._optimizer = attr, init, optimizer
        self._t, self._last_value = 0, None

    def _value(self) -> Any:
        raise NotImplementedError

    def initialize(self, trainer: Any) -> None:
        """Sets the first value; that of the snapshot in a resumed training."""
        optimizer = self._get_optimizer(trainer)
        if self._init is None:
            self._init = getattr(optimizer, self._attr)
        if self._last_value is not None:
            self._update_value(optimizer, self._last_value)
        else:
            self._update_value(optimizer, self._first())

    def _first(self) -> Any:
        return self._init

    def __call__(self, trainer: Any) -> None:
        self._t += 1
        self._update_value(self._get_optimizer(trainer), self._value())

    def _get_optimizer(self, trainer: Any) -> Any:
        return self._optimizer or trainer.updater.get_optimizer("main")

    def _update_value(self, optimizer: Any, value: Any) -> None:
        setattr(optimizer, self._attr, value)
        self._last_value = value

    def serialize(self, serializer: Any) -> None:
        """Reads or writes the count and the last value."""
        for name in self._saved:
            value = serializer(name, getattr(self, name))
            if isinstance(value, np.ndarray):
                value = value.item()
            setattr(self, name, value)


class ExponentialShift(_Shift):
    r"""Multiplies a hyper-parameter by a rate at each call: :math:`init \cdot rate^t`.

    Args:
        attr: the hyper-parameter, as in ``"lr"``.
        rate: the factor.
        init: the first value; None: the optimizer's when training starts.
        target: a bound that the value does not pass.
        optimizer: the optimizer; None: the trainer's main one.
    """

    def __init__(
        self,
        attr: str,
        rate: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Any = None,
    ) -> None:
        super().__init__(attr, init, optimizer)
        if rate < 0:
            raise ValueError("ExponentialShift does not support negative rate")
        self._rate, self._target = rate, target

    def _value(self) -> Any:
        init: Any = self._init
        return _bounded(init * self._rate**self._t, init, self._target)


class InverseShift(_Shift):
    r"""Shrinks a hyper-parameter: :math:`init \cdot (1 + gamma\, t)^{-power}`.

    Args:
        attr, init, target, optimizer: as for ``ExponentialShift``.
        gamma: how fast it begins.
        power: how it goes on.
    """

    def __init__(
        self,
        attr: str,
        gamma: float,
        power: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Any = None,
    ) -> None:
        super().__init__(attr, init, optimizer)
        if gamma < 0:
            raise ValueError("InverseShift does not support negative gamma")
        self._gamma, self._power, self._target = gamma, power, target

    def _value(self) -> Any:
        init: Any = self._init
        value = init * (1 + self._gamma * self._t) ** (-self._power)
        return _bounded(value, init, self._target)


class LinearShift(_Shift):
    r"""Moves a hyper-parameter along a line between two times.

    Args:
        attr, optimizer: as for ``ExponentialShift``.
        value_range: the first and the last value.
        time_range: the number of the call where it begins to move, and where it ends.
    """

    def __init__(
        self,
        attr: str,
        value_range: Sequence[float],
        time_range: Sequence[int],
        optimizer: Any = None,
    ) -> None:
        super().__init__(attr, value_range[0], optimizer)
        self._value_range, self._time_range = value_range, time_range

    def _compute_next_value(self) -> Any:
        (first, last), (begin, end) = self._value_range, self._time_range
        if self._t <= begin:
            return first
        if self._t >= end:
            return last
        rate = (self._t - begin) / (end - begin)
        return first + rate * (last - first)

    _value = _first = _compute_next_value


class PolynomialShift(_Shift):
    r"""Lets a hyper-parameter run out: :math:`init \cdot (1 - t / max\_count)^{rate}`.

    Args:
        attr, init, target, optimizer: as for ``ExponentialShift``.
        rate: the exponent.
        max_count: the number of calls until zero.
    """

    invoke_before_training = True

    def __init__(
        self,
        attr: str,
        rate: float,
        max_count: int,
        init: float | None = None,
        target: float | None = None,
        optimizer: Any = None,
    ) -> None:
        super().__init__(attr, init, optimizer)
        if rate < 0:
            raise ValueError("PolynomialShift does not support negative rate")
        self._rate, self._max_count, self._target = rate, max_count, target

    def _value(self) -> Any:
        init: Any = self._init
        decay = max(1 - self._t / self._max_count, 0)
        return _bounded(init * decay**self._rate, init, self._target)


class StepShift(_Shift):
    r"""Multiplies a hyper-parameter by gamma every so many calls.

    Args:
        attr, init, target, optimizer: as for ``ExponentialShift``.
        gamma: the factor.
        step: the number of calls.
    """

    def __init__(
        self,
        attr: str,
        gamma: float,
        step: int,
        init: float | None = None,
        target: float | None = None,
        optimizer: Any = None,
    ) -> None:
        super().__init__(attr, init, optimizer)
        self._gamma, self._step, self._target = gamma, step, target

    def _value(self) -> Any:
        init: Any = self._init
        value = init * self._gamma ** (self._t // self._step)
        return _bounded(value, init, self._target)


class MultistepShift(_Shift):
    r"""Multiplies a hyper-parameter by gamma at given calls.

    Args:
        attr, optimizer: as for ``ExponentialShift``.
        gamma: the factor.
        step_value: the numbers of the calls.
        init: the first value.
    """

    _saved = ("_t", "_current_step")

    def __init__(
        self,
        attr: str,
        gamma: float,
        step_value: Sequence[int],
        init: float,
        optimizer: Any = None,
    ) -> None:
        super().__init__(attr, init, optimizer)
        self._gamma, self._step_value, self._current_step = gamma, step_value, 0

    def initialize(self, trainer: Any) -> None:
        init: Any = self._init
        self._update_value(self._get_optimizer(trainer), init * self._gamma**self._current_step)

    def __call__(self, trainer: Any) -> None:
        self._t += 1
        if self._current_step < len(self._step_value):
            init: Any = self._init
            if self._t >= self._step_value[self._current_step]:
                self._current_step += 1
            value = init * self._gamma**self._current_step
            self._update_value(self._get_optimizer(trainer), value)


class WarmupShift(_Shift):
    r"""Raises a hyper-parameter from a small value to its own in the first calls.

    Args:
        attr, optimizer: as for ``ExponentialShift``.
        warmup_start: the first value.
        warmup_iter: the number of calls.
        init: the value after them.
    """

    _saved = ("_t",)

    def __init__(
        self, attr: str, warmup_start: float, warmup_iter: int, init: float, optimizer: Any = None
    ) -> None:
        super().__init__(attr, init, optimizer)
        self._warmup_start, self._warmup_iter = warmup_start, warmup_iter

    def initialize(self, trainer: Any) -> None:
        self._update_value(self._get_optimizer(trainer), self._value())

    def _value(self) -> Any:
        init: Any = self._init
        done = min(self._t / self._warmup_iter, 1)
        return self._warmup_start + done * (init - self._warmup_start)
