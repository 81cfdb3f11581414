"""Time by function."""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Any, TextIO

from renkei.compat.chainer.function_hook import FunctionHook
from renkei.core.hooks import _Clock, _humanized

__all__ = ["TimerHook"]


class TimerHook(FunctionHook):
    r"""Measures how long each function takes, forward and backward, in seconds.

    ``call_history`` holds pairs of the function's class name and its time.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> from renkei.compat.chainer.function_hooks import TimerHook
    >>> with TimerHook() as hook:
    ...     y = chainer.functions.exp(chainer.Variable(np.ones(2, np.float32)))
    >>> hook.call_history[0][0]
    'Exp'
    """

    name = "TimerHook"
    table = {"sec": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}

    def __init__(self) -> None:
        self.call_history: list[tuple[str, float]] = []
        self._clocks: list[Any] = []

    def _start(self, arrays: Any) -> None:
        self._clocks.append(_Clock([a for a in arrays or () if a is not None]))

    def _stop(self, function: Any) -> None:
        name = getattr(function, "_impl_name", type(function).__name__)
        self.call_history.append((name, self._clocks.pop().seconds()))

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        self._start(in_data)

    def forward_postprocess(self, function: Any, in_data: Any) -> None:
        self._stop(function)

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self._start(out_grad)

    def backward_postprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self._stop(function)

    def total_time(self) -> float:
        """The sum of all times, in seconds."""
        return sum(seconds for _, seconds in self.call_history)

    def summary(self) -> dict[str, dict[str, float]]:
        """For each function its total time in seconds and how often it ran."""
        table: dict[str, dict[str, float]] = OrderedDict()
        for name, seconds in self.call_history:
            row = table.setdefault(name, {"elapsed_time": 0, "occurrence": 0})
            row["elapsed_time"] += seconds
            row["occurrence"] += 1
        return table

    def print_report(self, unit: str = "auto", file: TextIO | None = None) -> None:
        """Prints the summary as a table."""
        rows = [["FunctionName", "ElapsedTime", "Occurrence"]]
        for name, row in self.summary().items():
            if unit == "auto":
                shown = _humanized(row["elapsed_time"], unit)
            else:
                shown = f"{row['elapsed_time'] * self.table[unit]:.2f}{unit}"
            rows.append([name, shown, str(int(row["occurrence"]))])
        _print_table(rows, file)


def _print_table(rows: list[list[str]], file: TextIO | None) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        text = "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        print(text, file=file or sys.stdout)
