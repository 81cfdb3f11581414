"""Shifts: extensions that change a hyper-parameter of an optimizer as training goes on."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from renkei.core.errors import RangeError, UsageError
from renkei.training.extension import Extension

__all__ = [
    "ExponentialShift",
    "InverseShift",
    "LinearShift",
    "MultistepShift",
    "PolynomialShift",
    "StepShift",
    "WarmupShift",
]


def find_optimizer(progress: Any, name: str) -> Any:
    """The optimizer of a name, or the first one there is."""
    optimizers = progress.optimizers
    if not optimizers:
        raise UsageError(
            "This extension needs an optimizer", hint="As in Progress(..., optimizer=optimizer)."
        )
    return optimizers[name] if name in optimizers else next(iter(optimizers.values()))


class _Shift(Extension):
    """The base: counts its calls and sets ``optimizer.<attr>`` from the count."""

    def __init__(self, attr: str, init: float | None, optimizer: Any) -> None:
        self._attr, self._init, self._optimizer = attr, init, optimizer
        self._t, self._last_value = 0, None

    def _value(self) -> float:
        raise NotImplementedError

    def initialize(self, progress: Any) -> None:
        optimizer = self._find(progress)
        if not hasattr(optimizer, self._attr):
            raise UsageError(
                f"{type(self).__name__}({self._attr!r}, ...)",
                f"{optimizer!r} without {self._attr!r}",
                "the name of a hyper-parameter",
            )
        if self._init is None:
            self._init = getattr(optimizer, self._attr)
        if self._last_value is not None:  # resumed
            setattr(optimizer, self._attr, self._last_value)
        else:
            self._set(optimizer)

    def __call__(self, progress: Any) -> None:
        self._t += 1
        self._set(self._find(progress))

    def _find(self, progress: Any) -> Any:
        if self._optimizer is not None:
            return self._optimizer
        return find_optimizer(progress, "main")

    def _set(self, optimizer: Any) -> None:
        self._last_value = self._value()
        setattr(optimizer, self._attr, self._last_value)

    def state(self) -> dict[str, Any]:
        last = self._last_value
        return {
            "_t": np.asarray(self._t),
            "_last_value": None if last is None else np.asarray(last),
            "_init": None if self._init is None else np.asarray(self._init),
        }

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        self._t = int(state["_t"])
        for name in ("_last_value", "_init"):
            value = state.get(name)
            if value is not None:
                setattr(self, name, float(np.asarray(value).reshape(-1)[0]))


class _BoundedShift(_Shift):
    """A shift from a first value that stops at a target, on whichever side of it that lies."""

    def __init__(self, attr: str, init: float | None, target: float | None, optimizer: Any) -> None:
        super().__init__(attr, init, optimizer)
        self._target = target

    def _factor(self) -> float:
        """What the first value is multiplied by."""
        raise NotImplementedError

    def _value(self) -> float:
        init = float(self._init or 0.0)
        value = init * self._factor()
        if self._target is None:
            return value
        return max(value, self._target) if self._target < init else min(value, self._target)


class ExponentialShift(_BoundedShift):
    r"""Multiplies a hyper-parameter by ``rate`` at each call: :math:`init \cdot rate^t`.

    Args:
        attr: the hyper-parameter, as in ``"lr"``.
        rate: the factor.
        init: the first value; None: the optimizer's when training starts.
        target: a bound that the value does not pass.
        optimizer: the optimizer; None: the trainer's.

    Raises:
        RangeError: the rate is negative.
    """

    def __init__(
        self,
        attr: str,
        rate: float,
        init: float | None = None,
        target: float | None = None,
        optimizer: Any = None,
    ) -> None:
        if rate < 0:
            raise RangeError("ExponentialShift(rate=...)", str(rate), "a rate of at least 0")
        super().__init__(attr, init, target, optimizer)
        self._rate = rate

    def _factor(self) -> float:
        return self._rate**self._t


class InverseShift(_BoundedShift):
    r"""Lets a hyper-parameter fall with time: :math:`init \cdot (1 + \gamma t)^{-power}`.

    Args:
        attr: the hyper-parameter, as in ``"lr"``.
        gamma: how fast time counts.
        power: the exponent; a negative one lets the value rise.
        init: the first value; None: the optimizer's when training starts.
        target: a bound that the value does not pass.
        optimizer: the optimizer; None: the trainer's.
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
        super().__init__(attr, init, target, optimizer)
        self._gamma, self._power = gamma, power

    def _factor(self) -> float:
        return (1 + self._gamma * self._t) ** -self._power


class PolynomialShift(_BoundedShift):
    r"""Lets a hyper-parameter go to zero: :math:`init \cdot (1 - t / max\_count)^{rate}`.

    Args:
        attr: the hyper-parameter, as in ``"lr"``.
        rate: the exponent; 1 is a straight line.
        max_count: the number of calls after which the value is 0.
        init: the first value; None: the optimizer's when training starts.
        target: a bound that the value does not pass.
        optimizer: the optimizer; None: the trainer's.

    Raises:
        RangeError: ``max_count`` is not positive, or the rate is negative.
    """

    def __init__(
        self,
        attr: str,
        rate: float,
        max_count: int,
        init: float | None = None,
        target: float | None = None,
        optimizer: Any = None,
    ) -> None:
        if max_count <= 0:
            raise RangeError("PolynomialShift(max_count=...)", str(max_count), "at least 1")
        if rate < 0:
            raise RangeError("PolynomialShift(rate=...)", str(rate), "a rate of at least 0")
        super().__init__(attr, init, target, optimizer)
        self._rate, self._max_count = rate, max_count

    def _factor(self) -> float:
        return max(1 - self._t / self._max_count, 0.0) ** self._rate


class StepShift(_BoundedShift):
    r"""Multiplies a hyper-parameter by ``gamma`` every ``step`` calls.

    .. math:: init \cdot \gamma^{\lfloor t / step \rfloor}

    Args:
        attr: the hyper-parameter, as in ``"lr"``.
        gamma: the factor.
        step: the number of calls between two changes.
        init: the first value; None: the optimizer's when training starts.
        target: a bound that the value does not pass.
        optimizer: the optimizer; None: the trainer's.

    Raises:
        RangeError: ``step`` is not positive.
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
        if step <= 0:
            raise RangeError("StepShift(step=...)", str(step), "at least 1")
        super().__init__(attr, init, target, optimizer)
        self._gamma, self._step = gamma, step

    def _factor(self) -> float:
        return self._gamma ** math.floor(self._t / self._step)


class MultistepShift(_BoundedShift):
    r"""Multiplies a hyper-parameter by ``gamma`` at given calls.

    Args:
        attr: the hyper-parameter, as in ``"lr"``.
        gamma: the factor.
        step_value: at which calls, in rising order; two never fall on the same call.
        init: the first value; None: the optimizer's when training starts.
        optimizer: the optimizer; None: the trainer's.

    Raises:
        RangeError: the calls are not in order.
    """

    def __init__(
        self,
        attr: str,
        gamma: float,
        step_value: Sequence[int],
        init: float | None = None,
        optimizer: Any = None,
    ) -> None:
        if list(step_value) != sorted(step_value):
            raise RangeError("MultistepShift(step_value=...)", str(step_value), "a rising order")
        super().__init__(attr, init, None, optimizer)
        self._gamma = gamma
        self._steps: list[int] = []
        for step in step_value:  # the first call is 1, and each has one change at most
            self._steps.append(max(step, 1 + (self._steps[-1] if self._steps else 0)))

    def _factor(self) -> float:
        return self._gamma ** bisect.bisect_right(self._steps, self._t)


class LinearShift(_Shift):
    r"""Moves a hyper-parameter along a straight line from one value to another.

    Args:
        attr: the hyper-parameter, as in ``"lr"``.
        value_range: the first and the last value.
        time_range: the calls at which it leaves the first and reaches the last value.
        optimizer: the optimizer; None: the trainer's.

    Raises:
        RangeError: the times are not in order.
    """

    def __init__(
        self,
        attr: str,
        value_range: tuple[float, float],
        time_range: tuple[int, int],
        optimizer: Any = None,
    ) -> None:
        if not time_range[0] < time_range[1]:
            raise RangeError("LinearShift(time_range=...)", str(time_range), "a rising order")
        super().__init__(attr, value_range[0], optimizer)
        self._value_range, self._time_range = value_range, time_range

    def _value(self) -> float:
        (v1, v2), (t1, t2) = self._value_range, self._time_range
        if self._t >= t2:
            return v2
        return v1 + max(self._t - t1, 0) / (t2 - t1) * (v2 - v1)


class WarmupShift(_Shift):
    r"""Raises a hyper-parameter in equal steps to its value, then leaves it there.

    Args:
        attr: the hyper-parameter, as in ``"lr"``.
        warmup_start: the first value.
        warmup_iter: the number of calls until ``init`` is reached.
        init: the last value; None: the optimizer's when training starts.
        optimizer: the optimizer; None: the trainer's.

    Raises:
        RangeError: ``warmup_iter`` is not positive.

    P. Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour" (2017).
    """

    def __init__(
        self,
        attr: str,
        warmup_start: float,
        warmup_iter: int,
        init: float | None = None,
        optimizer: Any = None,
    ) -> None:
        if warmup_iter <= 0:
            raise RangeError("WarmupShift(warmup_iter=...)", str(warmup_iter), "at least 1")
        super().__init__(attr, init, optimizer)
        self._start, self._calls = warmup_start, warmup_iter

    def _value(self) -> float:
        end = float(self._init or 0.0)
        if self._t >= self._calls:
            return end
        return self._start + (end - self._start) / self._calls * self._t
