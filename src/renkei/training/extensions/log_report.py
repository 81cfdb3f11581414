"""LogReport: means of the observation, in a JSON file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from renkei.core.errors import LoadError
from renkei.reporter import DictSummary
from renkei.serializers.atomic import atomic_write
from renkei.serializers.state import under
from renkei.training.extension import Extension
from renkei.training.triggers import get_trigger

__all__ = ["LogReport"]


class LogReport(Extension):
    r"""Writes the mean of each reported value, each epoch, as a JSON list of dictionaries.

    Each entry also has ``epoch``, ``iteration`` and ``elapsed_time`` in seconds.

    Args:
        keys: the values to log; None: all.
        trigger: when an entry is made of what came since the last one.
        postprocess: gets each entry before it is written and may change it.
        filename: the file's name in the output directory, a format string over the entry; None
            writes no file.
    """

    priority = 50  # after everything that reports

    def __init__(
        self,
        keys: Sequence[str] | None = None,
        trigger: Any = (1, "epoch"),
        postprocess: Callable[[dict[str, Any]], Any] | None = None,
        filename: str | None = "log",
    ) -> None:
        self.keys, self.filename, self._postprocess = keys, filename, postprocess
        self._when = get_trigger(trigger)
        self.log: list[dict[str, Any]] = []
        self._summary = DictSummary()

    def __call__(self, progress: Any) -> None:
        seen = progress.observation
        keys = self.keys if self.keys is not None else list(seen)
        self._summary.add({k: seen[k] for k in keys if k in seen})
        if not progress.is_before_training and not self._when(progress):
            return
        entry: dict[str, Any] = {k: float(v) for k, v in self._summary.compute_mean().items()}
        entry["epoch"], entry["iteration"] = progress.epoch, progress.iteration
        entry["elapsed_time"] = progress.elapsed_time
        if self._postprocess:
            self._postprocess(entry)
        self.log.append(entry)
        self._summary = DictSummary()
        if self.filename is not None and progress.out is not None:
            path = os.path.join(progress.out, self.filename.format(**entry))
            with atomic_write(path, "w") as file:
                json.dump(self.log, file, indent=4)

    def state(self) -> dict[str, Any]:
        result: dict[str, Any] = {"_log": json.dumps(self.log)}
        result |= {f"_summary/{k}": v for k, v in self._summary.state().items()}
        if hasattr(self._when, "state"):
            result |= {f"_trigger/{k}": v for k, v in self._when.state().items()}
        return result

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        try:
            log = json.loads(str(state["_log"]))
        except (KeyError, json.JSONDecodeError) as error:
            raise LoadError("LogReport", "a state without a readable '_log'", "JSON") from error
        self.log = log
        parts = {part: under(state, part) for part in ("_summary", "_trigger")}
        self._summary.load_state(parts["_summary"])
        if parts["_trigger"] and hasattr(self._when, "load_state"):
            self._when.load_state(parts["_trigger"])
