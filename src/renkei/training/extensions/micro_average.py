"""MicroAverage: the quotient of two sums of reported values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from renkei.reporter import as_number
from renkei.training.extension import PRIORITY_EDITOR, Extension
from renkei.training.triggers import get_trigger

__all__ = ["MicroAverage"]


class MicroAverage(Extension):
    r"""Reports the sum of one reported value divided by the sum of another, over each interval.

    The mean of accuracies of batches of different sizes is not the accuracy; the number of right
    answers divided by the number of questions is.

    Args:
        numerator_key: the value that is summed above, as in ``"main/correct"``.
        denominator_key: the value that is summed below, as in ``"main/count"``.
        result_key: the name of the quotient.
        trigger: when the quotient is reported and the sums begin anew.

    >>> from types import SimpleNamespace
    >>> from renkei.training.extensions import MicroAverage
    >>> average = MicroAverage("right", "all", "accuracy", trigger=lambda progress: True)
    >>> progress = SimpleNamespace(observation={"right": 3, "all": 4})
    >>> average(progress)
    >>> progress.observation["accuracy"]
    0.75
    """

    priority = PRIORITY_EDITOR

    def __init__(
        self,
        numerator_key: str,
        denominator_key: str,
        result_key: str,
        trigger: Any = (1, "epoch"),
    ) -> None:
        self._keys, self._result_key = (numerator_key, denominator_key), result_key
        self._when = get_trigger(trigger)
        self._sums = [0.0, 0.0]

    def __call__(self, progress: Any) -> None:
        found = [as_number(progress.observation.get(key)) for key in self._keys]
        if None not in found:
            self._sums = [s + (x or 0.0) for s, x in zip(self._sums, found)]
        if not self._when(progress):
            return
        above, below = self._sums
        if below:
            progress.observation[self._result_key] = above / below
        self._sums = [0.0, 0.0]

    def state(self) -> dict[str, Any]:
        result: dict[str, Any] = {
            "_numerator": np.asarray(self._sums[0]),
            "_denominator": np.asarray(self._sums[1]),
        }
        if hasattr(self._when, "state"):
            result |= {f"_trigger/{k}": v for k, v in self._when.state().items()}
        return result

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        self._sums = [float(state["_numerator"]), float(state["_denominator"])]
        own = {k[9:]: v for k, v in state.items() if k.startswith("_trigger/")}
        if own and hasattr(self._when, "load_state"):
            self._when.load_state(own)
