"""Shifts: extensions that change a hyper-parameter of an optimizer as training goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from renkei.core.errors import RangeError, UsageError
from renkei.training.extension import Extension

__all__ = ["ExponentialShift"]


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


class ExponentialShift(_Shift):
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
        super().__init__(attr, init, optimizer)
        self._rate, self._target = rate, target

    def _value(self) -> float:
        init = float(self._init or 0.0)
        value = init * self._rate**self._t
        if self._target is None:
            return value
        return max(value, self._target) if self._target < init else min(value, self._target)
