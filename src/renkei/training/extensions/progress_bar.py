"""ProgressBar: how far training is and how long it will take, by tqdm."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from renkei.core.errors import RangeError, require
from renkei.training.extension import Extension

__all__ = ["ProgressBar"]


class ProgressBar(Extension):
    r"""Shows a progress bar in a terminal or a notebook; nothing where output goes to a file.

    Args:
        training_length: (number, ``"epoch"`` or ``"iteration"``); None: the stop trigger's.
        update_interval: iterations between two updates of the bar.
        out: the file to draw on; None: standard error.

    Raises:
        MissingExtra: tqdm is not installed.
    """

    def __init__(
        self,
        training_length: tuple[float, str] | None = None,
        update_interval: int = 1,
        out: TextIO | None = None,
    ) -> None:
        if update_interval < 1:
            raise RangeError("ProgressBar(update_interval=...)", str(update_interval), "at least 1")
        self._length, self._interval, self._out = training_length, update_interval, out
        self._bar: Any = None

    def initialize(self, progress: Any) -> None:
        stop = progress.stop_trigger
        length = self._length
        if length is None and hasattr(stop, "get_training_length"):
            length = stop.get_training_length()
        total, self._unit = length or (None, "iteration")
        self._bar = require("tqdm.auto", extra="progress").tqdm(
            total=total,
            initial=self._position(progress),
            unit=self._unit,
            unit_scale=False,
            bar_format="{l_bar}{bar}| {n:.2f}/{total} {unit}s [{elapsed}<{remaining}{postfix}]"
            if total is not None and self._unit == "epoch"
            else None,
            file=self._out or sys.stderr,
            disable=None,  # quiet where the output is no terminal
            leave=False,
        )

    def _position(self, progress: Any) -> float:
        return progress.epoch_detail if self._unit == "epoch" else progress.iteration

    def __call__(self, progress: Any) -> None:
        if self._bar is not None and progress.iteration % self._interval == 0:
            self._bar.n = self._position(progress)
            self._bar.update(0)

    def finalize(self) -> None:
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()
            self._bar = None
