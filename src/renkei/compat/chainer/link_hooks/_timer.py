"""TimerHook: how long links take."""

from __future__ import annotations

import sys
import time
from typing import Any

from renkei.compat.chainer.link_hook import LinkHook
from renkei.core.hooks import TimerHook as _FunctionTimer
from renkei.core.hooks import _humanized

__all__ = ["TimerHook"]


class TimerHook(LinkHook):
    r"""Measures how long each link takes to run forward, in seconds.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> hook = chainer.link_hooks.TimerHook()
    >>> with hook:
    ...     y = chainer.links.Linear(2, 1)(np.ones((1, 2), np.float32))
    >>> [name for name, seconds in hook.call_history]
    ['Linear']
    """

    name = "TimerHook"
    table = {"sec": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}

    def __init__(self) -> None:
        self.call_history: list[tuple[str, float]] = []
        self._running: list[float] = []

    def forward_preprocess(self, args: Any) -> None:
        self._running.append(time.perf_counter())

    def forward_postprocess(self, args: Any) -> None:
        seconds = time.perf_counter() - self._running.pop()
        self.call_history.append((type(args.link).__name__, seconds))

    total_time = _FunctionTimer.total_time
    summary = _FunctionTimer.summary

    def print_report(self, unit: str = "auto", file: Any = None) -> None:
        """Prints the times of each class of links as a table."""
        rows = self.summary().items()
        width = max([len("LinkName"), *(len(name) for name, _ in rows)])
        out = sys.stdout if file is None else file
        out.write(f"{'LinkName':>{width}}  ElapsedTime  Occurrence\n")
        for name, row in rows:
            shown = _humanized(row["elapsed_time"], unit)
            out.write(f"{name:>{width}}  {shown:>11}  {int(row['occurrence']):>10}\n")
