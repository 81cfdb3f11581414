"""PrintReport: the log as a table that grows line by line."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import numpy as np

from renkei.training.extension import Extension
from renkei.training.extensions.log_report import LogReport

__all__ = ["PrintReport"]


class PrintReport(Extension):
    r"""Prints the entries of a LogReport as a table.

    Args:
        entries: the columns, as in ``["epoch", "main/loss", "elapsed_time"]``.
        log_report: the LogReport, or the name it is registered under.
        out: the file to print to; None: the standard output of the moment.
    """

    priority = 40  # after the LogReport

    def __init__(
        self,
        entries: Sequence[str],
        log_report: str | LogReport = "LogReport",
        out: TextIO | None = None,
    ) -> None:
        self._entries, self._log_report, self._out = list(entries), log_report, out
        self._widths = [max(10, len(entry)) for entry in self._entries]
        self._printed, self._headed = 0, False

    def __call__(self, progress: Any) -> None:
        report = self._log_report
        log = (progress.get_extension(report) if isinstance(report, str) else report).log
        if len(log) > self._printed and not self._headed:
            cells = zip(self._entries, self._widths, strict=True)
            self._print("  ".join(f"{entry:<{width}}" for entry, width in cells))
            self._headed = True
        for entry in log[self._printed :]:
            self._print("  ".join(self._cell(entry, i) for i in range(len(self._entries))))
        self._printed = len(log)

    def _cell(self, entry: Mapping[str, Any], i: int) -> str:
        value, width = entry.get(self._entries[i], ""), self._widths[i]
        return f"{value:<{width}}" if isinstance(value, str) else f"{value:<{width}g}"

    def _print(self, line: str) -> None:
        file = self._out or sys.stdout
        bars = sys.modules.get("tqdm")
        if bars is not None:  # leaves a progress bar below the table
            bars.tqdm.write(line.rstrip(), file=file)
        else:
            file.write(line.rstrip() + "\n")
        file.flush()

    def state(self) -> dict[str, Any]:
        return {"_printed": np.asarray(self._printed)}

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        self._printed = int(state.get("_printed", 0))
