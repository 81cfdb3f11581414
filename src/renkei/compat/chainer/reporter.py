"""Reporter and summaries with the names and rules of Chainer."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from renkei import reporter as ours
from renkei.core.variable import Variable
from renkei.reporter import report

__all__ = [
    "DictSummary",
    "Reporter",
    "Summary",
    "get_current_reporter",
    "report",
    "report_scope",
]


class Reporter(ours.Reporter):
    r"""Collects reported values under names.

    >>> from renkei.compat import chainer
    >>> reporter, observer = chainer.Reporter(), object()
    >>> reporter.add_observer("my_observer", observer)
    >>> observation = {}
    >>> with reporter.scope(observation):
    ...     chainer.report({"x": 1}, observer)
    >>> observation
    {'my_observer/x': 1}
    """

    def report(self, values: Mapping[str, Any], observer: Any = None) -> None:
        """Notes values, Variables without their graph unless ``keep_graph_on_report`` is set."""
        if observer is not None and id(observer) not in self._names:
            raise KeyError("Given observer is not registered to the reporter.")
        super().report(values, observer)

    @property
    def _observer_names(self) -> dict[int, str]:
        return {key: name for key, (name, _) in self._names.items()}


def get_current_reporter() -> Any:
    """The reporter in force."""
    return ours._stack.get()[-1]


@contextlib.contextmanager
def report_scope(observation: dict[str, Any]) -> Iterator[None]:
    """Lets the reporter in force write to ``observation`` for a block."""
    with get_current_reporter().scope(observation):
        yield


class Summary(ours.Summary):
    """Mean and standard deviation of values that come one by one, arrays elementwise."""

    def __init__(self) -> None:
        self._x: Any = 0.0
        self._x2: Any = 0.0
        self._n: Any = 0

    def add(self, value: Any, weight: Any = 1) -> None:
        """Takes one more value."""
        value = value.array if isinstance(value, Variable) else value
        self._x = self._x + weight * value
        self._x2 = self._x2 + weight * value * value
        self._n = self._n + weight

    def compute_mean(self) -> Any:
        """The weighted mean so far."""
        return self._x / self._n

    def make_statistics(self) -> tuple[Any, Any]:
        """The mean and the standard deviation."""
        mean = self._x / self._n
        variance = self._x2 / self._n - mean * mean
        return mean, np.sqrt(np.maximum(variance, 0.0))

    def serialize(self, serializer: Any) -> None:
        """Reads or writes the sums."""
        try:
            self._x = serializer("_x", self._x)
            self._x2 = serializer("_x2", self._x2)
            self._n = serializer("_n", self._n)
        except KeyError:
            warnings.warn(
                "The previous statistics are not saved. The statistics start afresh.",
                stacklevel=2,
            )

    def load_state(self, state: Mapping[str, Any]) -> None:
        for name in ("_x", "_x2", "_n"):
            setattr(self, name, np.asarray(state[name])[()])

    def state(self) -> dict[str, Any]:
        return {name: np.asarray(getattr(self, name)) for name in ("_x", "_x2", "_n")}


class DictSummary(ours.DictSummary):
    r"""A Summary for each name in the dictionaries that come.

    A value may be a pair of value and weight. What is no scalar is left out.

    >>> from renkei.compat.chainer import DictSummary
    >>> summary = DictSummary()
    >>> summary.add({"loss": 1.0})
    >>> summary.add({"loss": (3.0, 3)})
    >>> summary.compute_mean()
    {'loss': 2.5}
    """

    def add(self, d: Mapping[str, Any]) -> None:  # type: ignore[override]
        """Takes the scalars of one dictionary."""
        for name, value in d.items():
            value, weight = value if isinstance(value, tuple) else (value, 1)
            value, weight = (v.array if isinstance(v, Variable) else v for v in (value, weight))
            if not _is_scalar(weight):
                raise ValueError(f"Given weight to {name} was not scalar.")
            if _is_scalar(value):
                self._summaries.setdefault(name, Summary()).add(value, weight)

    def compute_mean(self) -> dict[str, Any]:
        """The mean for each name."""
        return {name: summary.compute_mean() for name, summary in self._summaries.items()}

    def serialize(self, serializer: Any) -> None:
        """Reads or writes the names and their sums."""
        names = serializer("_names", json.dumps(list(self._summaries)))
        names = [str(name) for name in json.loads(str(names))]
        self._summaries = {name: self._summaries.get(name) or Summary() for name in names}
        for i, name in enumerate(names):
            self._summaries[name].serialize(serializer["_summaries"][str(i)])


def _is_scalar(value: Any) -> bool:
    if isinstance(value, (str, bytes)):  # NumPy counts these as scalars
        return False
    return bool(np.isscalar(value)) or getattr(value, "ndim", -1) == 0
