"""Reporter: how links and extensions say a number, and who collects it.

A link calls ``report({"loss": loss}, self)``; whoever runs the loop has put a Reporter in force
that knows the link by a name, and finds ``main/loss`` in its observation.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import numpy as np

from renkei.core.config import current
from renkei.core.device import get_array_types
from renkei.core.errors import LoadError, UsageError
from renkei.core.variable import Variable

__all__ = ["DictSummary", "Reporter", "Summary", "report", "report_scope"]

_stack: ContextVar[tuple[Reporter, ...]] = ContextVar("renkei reporters", default=())


class Reporter:
    r"""Collects reported values under names.

    >>> import renkei as rk
    >>> from renkei.reporter import Reporter
    >>> reporter = Reporter()
    >>> with reporter:
    ...     rk.report({"loss": 0.5})
    >>> reporter.observation
    {'loss': 0.5}
    """

    def __init__(self) -> None:
        self.observation: dict[str, Any] = {}
        self._names: dict[int, tuple[str, Any]] = {}
        self._tokens: list[Any] = []  # a stack: a Reporter may be entered inside itself

    def add_observer(self, name: str, observer: Any) -> None:
        """Reports that come with ``observer`` get the prefix ``<name>/``."""
        self._names[id(observer)] = (name, observer)

    def add_observers(self, prefix: str, observers: Iterable[tuple[str, Any]]) -> None:
        """Registers pairs of a name and an observer, each name behind a prefix."""
        for name, observer in observers:
            self.add_observer(prefix + name, observer)

    def __enter__(self) -> Reporter:
        self._tokens.append(_stack.set((*_stack.get(), self)))
        return self

    def __exit__(self, *exc_info: Any) -> None:
        _stack.reset(self._tokens.pop())

    @contextlib.contextmanager
    def scope(self, observation: dict[str, Any]) -> Iterator[None]:
        """Puts this Reporter in force, writing to ``observation``, for a block."""
        before, self.observation = self.observation, observation
        token = _stack.set((*_stack.get(), self))
        try:
            yield
        finally:
            _stack.reset(token)
            self.observation = before

    def report(self, values: Mapping[str, Any], observer: Any = None) -> None:
        """Notes values, Variables without their graph unless ``keep_graph_on_report`` is set."""
        prefix = ""
        if observer is not None:
            if id(observer) not in self._names:
                raise UsageError(
                    "Given observer is not registered to the reporter",
                    hint=f"Known: {', '.join(n for n, _ in self._names.values()) or 'none'}.",
                )
            prefix = self._names[id(observer)][0] + "/"
        keep = current().keep_graph_on_report
        for name, value in values.items():
            if isinstance(value, Variable) and not keep:
                value = Variable(value.array, requires_grad=False)
            self.observation[prefix + name] = value


def report(values: Mapping[str, Any], observer: Any = None) -> None:
    r"""Reports values to the Reporter in force; does nothing where there is none.

    Args:
        values: numbers, 0-d arrays or Variables by name.
        observer: the object that reports, usually ``self`` of a link.

    Raises:
        UsageError: the Reporter in force does not know the observer.

    >>> import renkei as rk
    >>> from renkei.reporter import report_scope
    >>> seen = {}
    >>> with report_scope(seen):
    ...     rk.report({"accuracy": 0.9})
    >>> seen
    {'accuracy': 0.9}
    """
    stack = _stack.get()
    if stack:
        stack[-1].report(values, observer)


@contextlib.contextmanager
def report_scope(observation: dict[str, Any]) -> Iterator[None]:
    """Lets the Reporter in force, or a new one, write to ``observation`` for a block."""
    stack = _stack.get()
    with (stack[-1] if stack else Reporter()).scope(observation):
        yield


def as_number(value: Any) -> float | None:
    """A reported value as a float, or None if it is no single number."""
    if isinstance(value, Variable):
        value = value.array
    if isinstance(value, get_array_types()):
        return float(value) if value.ndim == 0 and value.dtype.kind in "fiub" else None
    if isinstance(value, (bool, int, float, np.number, np.bool_)):
        return float(value)
    return None


class Summary:
    """Mean and standard deviation of numbers that come one by one, with weights."""

    def __init__(self) -> None:
        self._x = self._x2 = self._n = 0.0

    def add(self, value: float, weight: float = 1.0) -> None:
        """Takes one more number."""
        self._x += weight * value
        self._x2 += weight * value * value
        self._n += weight

    def compute_mean(self) -> float:
        """The weighted mean so far; NaN if nothing came."""
        return self._x / self._n if self._n else math.nan

    def make_statistics(self) -> tuple[float, float]:
        """The mean and the standard deviation."""
        mean = self.compute_mean()
        variance = self._x2 / self._n - mean * mean if self._n else math.nan
        return mean, math.sqrt(max(variance, 0.0)) if not math.isnan(variance) else math.nan

    def state(self) -> dict[str, Any]:
        """The sums, as arrays."""
        # Chainer counts in integers unless there are weights, and loads nothing else.
        n = int(self._n) if self._n.is_integer() else self._n
        return {"_x": np.asarray(self._x), "_x2": np.asarray(self._x2), "_n": np.asarray(n)}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continues from the sums."""
        for name in ("_x", "_x2", "_n"):
            setattr(self, name, float(state[name]))


class DictSummary:
    r"""A Summary for each name in the dictionaries that come.

    A value may be a tuple (number, weight). What is no number is left out.

    >>> from renkei.reporter import DictSummary
    >>> summary = DictSummary()
    >>> summary.add({"loss": 1.0})
    >>> summary.add({"loss": 3.0})
    >>> summary.compute_mean()
    {'loss': 2.0}
    """

    def __init__(self) -> None:
        self._summaries: dict[str, Summary] = {}

    def add(self, values: Mapping[str, Any]) -> None:
        """Takes the numbers of one dictionary."""
        for name, value in values.items():
            weight: Any = 1.0
            if isinstance(value, tuple) and len(value) == 2:
                value, weight = value
            number, weight = as_number(value), as_number(weight)
            if number is not None and weight is not None:
                self._summaries.setdefault(name, Summary()).add(number, weight)

    def compute_mean(self) -> dict[str, float]:
        """The mean for each name."""
        return {name: s.compute_mean() for name, s in self._summaries.items()}

    def make_statistics(self) -> dict[str, float]:
        """The mean under each name and the standard deviation under ``<name>.std``."""
        result = {}
        for name, summary in self._summaries.items():
            result[name], result[name + ".std"] = summary.make_statistics()
        return result

    def state(self) -> dict[str, Any]:
        """The sums under Chainer's keys: ``_names`` and ``_summaries/<i>/...``."""
        result: dict[str, Any] = {"_names": json.dumps(list(self._summaries))}
        for i, summary in enumerate(self._summaries.values()):
            result.update({f"_summaries/{i}/{k}": v for k, v in summary.state().items()})
        return result

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continues from the sums."""
        try:
            names = json.loads(str(state["_names"]))
        except (KeyError, json.JSONDecodeError) as error:
            raise LoadError(
                "DictSummary", "a state without readable '_names'", "a JSON list"
            ) from error
        self._summaries = {name: Summary() for name in names}
        for i, summary in enumerate(self._summaries.values()):
            summary.load_state({k: state[f"_summaries/{i}/{k}"] for k in ("_x", "_x2", "_n")})
