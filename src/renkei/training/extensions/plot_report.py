"""PlotReport: learning curves as a picture."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from renkei.core.errors import require
from renkei.reporter import DictSummary
from renkei.serializers.atomic import atomic_write
from renkei.serializers.state import under
from renkei.training.extension import Extension
from renkei.training.triggers import get_trigger

__all__ = ["PlotReport"]


class PlotReport(Extension):
    r"""Draws reported values over iterations or epochs into a PNG file.

    Args:
        y_keys: the values to draw, one name or several.
        x_key: ``"iteration"`` or ``"epoch"``.
        trigger: when a point is made of the mean since the last one, and the file is written.
        filename: the picture's name in the output directory.
        marker: how points are marked; None for lines alone.
        grid: whether a grid is drawn.

    Raises:
        MissingExtra: matplotlib is not installed.
    """

    def __init__(
        self,
        y_keys: str | Sequence[str],
        x_key: str = "iteration",
        trigger: Any = (1, "epoch"),
        filename: str = "plot.png",
        marker: str | None = "x",
        grid: bool = True,
    ) -> None:
        self._y_keys = [y_keys] if isinstance(y_keys, str) else list(y_keys)
        self._x_key, self._filename, self._marker, self._grid = x_key, filename, marker, grid
        self._when = get_trigger(trigger)
        self._points: dict[str, list[tuple[float, float]]] = {}
        self._summary = DictSummary()

    def initialize(self, progress: Any) -> None:
        require("matplotlib", extra="plot")

    def __call__(self, progress: Any) -> None:
        seen = progress.observation
        self._summary.add({k: seen[k] for k in self._y_keys if k in seen})
        if not self._when(progress):
            return
        x = progress.epoch_detail if self._x_key == "epoch" else progress.iteration
        for key, mean in self._summary.compute_mean().items():
            self._points.setdefault(key, []).append((float(x), mean))
        self._summary = DictSummary()
        if self._points and progress.out is not None:
            self._draw(os.path.join(progress.out, self._filename))

    def _draw(self, path: str) -> None:
        figure_module = require("matplotlib.figure", extra="plot")
        figure = figure_module.Figure(figsize=(6.4, 4.8), layout="constrained")
        axes = figure.add_subplot()
        for key, points in self._points.items():
            axes.plot(*zip(*points, strict=True), marker=self._marker, label=key)
        axes.set_xlabel(self._x_key)
        axes.grid(self._grid)
        axes.legend()
        with atomic_write(path) as file:
            figure.savefig(file, format=os.path.splitext(path)[1][1:] or "png")

    def state(self) -> dict[str, Any]:
        result: dict[str, Any] = {"_points": json.dumps(self._points)}
        result |= {f"_summary/{k}": v for k, v in self._summary.state().items()}
        if hasattr(self._when, "state"):
            result |= {f"_trigger/{k}": v for k, v in self._when.state().items()}
        return result

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        points = json.loads(str(state.get("_points", "{}")))
        self._points = {k: [(x, y) for x, y in rows] for k, rows in points.items()}
        parts = {part: under(state, part) for part in ("_summary", "_trigger")}
        if parts["_summary"]:
            self._summary.load_state(parts["_summary"])
        if parts["_trigger"] and hasattr(self._when, "load_state"):
            self._when.load_state(parts["_trigger"])
