"""What shows the log: LogReport, PrintReport, ProgressBar, PlotReport."""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from renkei.compat.chainer.reporter import DictSummary
from renkei.compat.chainer.training.extension import Extension
from renkei.compat.chainer.training.util import get_trigger
from renkei.serializers.atomic import atomic_write
from renkei.training.extensions import log_report as ours

__all__ = ["LogReport", "PlotReport", "PrintReport", "ProgressBar"]


def _pick(kwargs: dict[str, Any], old: str, given: Any, default: Any) -> Any:
    """The value of an argument that had another name once."""
    value = kwargs.pop(old, None) if given is None else given
    if kwargs:
        raise TypeError(f"got unexpected keyword arguments {sorted(kwargs)}")
    return default if value is None else value


class LogReport(Extension, ours.LogReport):
    r"""Writes the mean of each reported value, each epoch, as a JSON list of dictionaries.

    Args:
        keys: the values to log; None: all.
        trigger: when an entry is made of what came since the last one.
        postprocess: gets each entry before it is written and may change it.
        filename: the file's name in the output directory, a format string over the entry. It was
            called ``log_name`` once.
    """

    priority = Extension.priority

    def __init__(
        self,
        keys: Sequence[str] | None = None,
        trigger: Any = (1, "epoch"),
        postprocess: Callable[[dict[str, Any]], Any] | None = None,
        filename: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._keys = keys
        self._trigger = get_trigger(trigger)
        self._postprocess = postprocess
        self._log_name = _pick(kwargs, "log_name", filename, "log")
        self._log: list[dict[str, Any]] = []
        self._init_summary()

    @property
    def log(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The entries so far."""
        return self._log

    def _init_summary(self) -> None:
        self._summary = DictSummary()

    def __call__(self, trainer: Any) -> None:
        seen = trainer.observation
        keys = list(seen) if self._keys is None else self._keys
        self._summary.add({key: seen[key] for key in keys if key in seen})
        if not getattr(trainer, "is_before_training", False) and not self._trigger(trainer):
            return
        entry: dict[str, Any] = {k: float(v) for k, v in self._summary.compute_mean().items()}
        updater = trainer.updater
        entry["epoch"], entry["iteration"] = updater.epoch, updater.iteration
        entry["elapsed_time"] = trainer.elapsed_time
        if self._postprocess is not None:
            self._postprocess(entry)
        self._log.append(entry)
        self._init_summary()
        if self._log_name is not None:
            path = os.path.join(trainer.out, self._log_name.format(**entry))
            with atomic_write(path, "w") as file:
                json.dump(self._log, file, indent=4)

    def serialize(self, serializer: Any) -> None:
        """Reads or writes the log, and what has come since its last entry."""
        if hasattr(self._trigger, "serialize"):
            self._trigger.serialize(serializer["_trigger"])
        try:
            self._summary.serialize(serializer["_summary"])
        except KeyError:
            warnings.warn("The statistics are not saved.", stacklevel=2)
        self._log = json.loads(str(serializer("_log", json.dumps(self._log))))


class PrintReport(Extension):
    r"""Prints the entries of a LogReport as a table.

    Args:
        entries: the columns, as in ``["epoch", "main/loss", "elapsed_time"]``.
        log_report: the LogReport, or the name it is registered under.
        out: the file to print to.
    """

    def __init__(
        self, entries: Sequence[str], log_report: Any = "LogReport", out: Any = sys.stdout
    ) -> None:
        self._entries, self._log_report, self._out = entries, log_report, out
        self._log_len = 0
        widths = [max(10, len(entry)) for entry in entries]
        self._header = "  ".join(f"{e:{w}}" for e, w in zip(entries, widths, strict=True)) + "\n"
        self._templates = [(e, f"{{:<{w}g}}  ", " " * (w + 2)) for e, w in
                           zip(entries, widths, strict=True)]  # fmt: skip

    def _report_of(self, trainer: Any) -> Any:
        found = self._log_report
        return trainer.get_extension(found) if isinstance(found, str) else found

    def initialize(self, trainer: Any) -> None:
        """Nothing is printed before the first entry."""

    def __call__(self, trainer: Any) -> None:
        out = self._out
        if self._header:
            out.write(self._header)
            self._header = ""
        log = self._report_of(trainer).log
        while len(log) > self._log_len:
            out.write("\033[J")  # what a progress bar below has left
            self._print(log[self._log_len])
            self._log_len += 1

    def _print(self, observation: dict[str, Any]) -> None:
        for entry, template, empty in self._templates:
            value = observation.get(entry)
            if isinstance(value, str):
                self._out.write(f"{value:<{len(empty) - 2}}  ")
            else:
                self._out.write(empty if value is None else template.format(value))
        self._out.write("\n")
        if hasattr(self._out, "flush"):
            self._out.flush()

    def serialize(self, serializer: Any) -> None:
        """Lets a LogReport that belongs to this one alone pass."""
        report = self._log_report
        if isinstance(report, LogReport):
            report.serialize(serializer["_log_report"])


class ConsoleBar:
    """Lines in a terminal that are drawn over again; subclasses say which."""

    def __init__(self, bar_length: int | None = None, out: Any = None) -> None:
        self._bar_length = 50 if bar_length is None else bar_length
        self._out = sys.stdout if out is None else out
        self._recent: deque[tuple[float, float, float]] = deque(maxlen=100)
        self._started = time.time()

    def get_lines(self) -> list[str]:
        """The lines to draw, each with its line feed."""
        raise NotImplementedError(f"{type(self).__name__}.get_lines")

    def update_speed(self, iteration: float, epoch_detail: float) -> tuple[float, float]:
        """Iterations and epochs per second lately."""
        now = time.time()
        self._recent.append((iteration, epoch_detail, now))
        first = self._recent[0]
        if now == first[2]:
            return float("inf"), float("inf")
        passed = now - first[2]
        return (iteration - first[0]) / passed, (epoch_detail - first[1]) / passed

    def _drawn(self, title: str, rate: float) -> str:
        marks = "#" * int(rate * self._bar_length)
        return f"{title:>10} [{marks}{'.' * (self._bar_length - len(marks))}] {rate:6.2%}\n"

    def update(self) -> None:
        """Draws the lines, and goes back to the first one."""
        self.erase_console()
        lines = self.get_lines()
        for line in lines:
            self._out.write(line)
        self.move_cursor_up(len(lines))
        self.flush()

    def close(self) -> None:
        """Takes the lines away."""
        self.erase_console()
        self.flush()

    def erase_console(self) -> None:
        """Erases from here to the end."""
        self._out.write("\033[J")

    def move_cursor_up(self, n: int) -> None:
        """Goes up some lines."""
        self._out.write(f"\033[{n}A")

    def flush(self) -> None:
        """Lets the terminal show what was written."""
        if hasattr(self._out, "flush"):
            self._out.flush()


class _TrainingBar(ConsoleBar):
    """The four lines of ``ProgressBar``."""

    def __init__(self, length: Any, bar_length: int, out: Any) -> None:
        super().__init__(bar_length, out)
        self.length = length
        self.trainer: Any = None

    def get_lines(self) -> list[str]:
        updater = self.trainer.updater
        iteration, epoch, detail = updater.iteration, updater.epoch, updater.epoch_detail
        length, unit = self.length
        at = iteration if unit == "iteration" else detail
        speeds = self.update_speed(iteration, detail)
        speed = speeds[0] if unit == "iteration" else speeds[1]
        left = 0.0 if not speed else max(length - at, 0) / speed
        place = f"{iteration:10} iter, {epoch} epoch"
        return [
            self._drawn("     total", min(at / length, 1.0)),
            self._drawn("this epoch", detail - int(detail)),
            (place if unit == "iteration" else f"{place} / {length} epochs") + "\n",
            f"{speeds[0]:10.5g} iters/sec. Estimated time to finish: "
            f"{datetime.timedelta(seconds=left)}.\n",
        ]


class ProgressBar(Extension):
    r"""Shows in a terminal how far training is.

    Args:
        training_length: (number, ``"epoch"`` or ``"iteration"``); None: the stop trigger's.
        update_interval: iterations between two updates of the bar.
        bar_length: of the bar, in characters.
        out: the file to draw on.
    """

    def __init__(
        self,
        training_length: tuple[float, str] | None = None,
        update_interval: int = 100,
        bar_length: int = 50,
        out: Any = sys.stdout,
    ) -> None:
        self._training_length, self._update_interval = training_length, update_interval
        self._bar_length, self._out = bar_length, out
        self._pbar: _TrainingBar | None = None

    def __call__(self, trainer: Any) -> None:
        if self._pbar is None:
            length = self._training_length
            if length is None:
                stop = trainer.stop_trigger
                if not hasattr(stop, "get_training_length"):
                    raise TypeError(
                        "cannot retrieve the training length from "
                        f"{type(stop)}; give ProgressBar(training_length=...)"
                    )
                length = stop.get_training_length()
            self._pbar = _TrainingBar(length, self._bar_length, self._out)
        self._pbar.trainer = trainer
        if trainer.updater.iteration % self._update_interval == 0:
            self._pbar.update()

    def finalize(self) -> None:
        if self._pbar is not None:
            self._pbar.close()


class PlotReport(Extension):
    r"""Draws reported values over iterations or epochs into a picture.

    Args:
        y_keys: the values to draw, one name or several.
        x_key: what they are drawn over: ``"iteration"`` or ``"epoch"``.
        trigger: when a point is made of the mean since the last one, and the file is written.
        postprocess: called with the figure, the axes and the summary before saving.
        filename: the picture's name in the output directory. It was called ``file_name`` once.
        marker: how points are marked; None for lines alone.
        grid: whether a grid is drawn.
    """

    def __init__(
        self,
        y_keys: str | Sequence[str],
        x_key: str = "iteration",
        trigger: Any = (1, "epoch"),
        postprocess: Callable[..., Any] | None = None,
        filename: str | None = None,
        marker: str | None = "x",
        grid: bool = True,
        **kwargs: Any,
    ) -> None:
        self._file_name = _pick(kwargs, "file_name", filename, "plot.png")
        _warn_without_matplotlib("PlotReport")
        self._x_key = x_key
        self._y_keys = (y_keys,) if isinstance(y_keys, str) else tuple(y_keys)
        self._trigger, self._postprocess = get_trigger(trigger), postprocess
        self._marker, self._grid = marker, grid
        self._data: dict[str, list[tuple[float, float]]] = {key: [] for key in self._y_keys}
        self._init_summary()

    def _init_summary(self) -> None:
        self._summary = DictSummary()

    @staticmethod
    def available() -> bool:
        """Whether matplotlib is there; warns if not."""
        return _warn_without_matplotlib("PlotReport")

    def __call__(self, trainer: Any) -> None:
        if not importlib.util.find_spec("matplotlib"):
            return
        seen = trainer.observation
        self._summary.add({key: seen[key] for key in self._y_keys if key in seen})
        if not getattr(trainer, "is_before_training", False) and not self._trigger(trainer):
            return
        means = self._summary.compute_mean()
        updater = trainer.updater
        places = {"iteration": updater.iteration, "epoch": updater.epoch}
        x = means.get(self._x_key, places.get(self._x_key))
        for key in self._y_keys:
            if key in means:
                self._data[key].append((float(x), float(means[key])))  # type: ignore[arg-type]
        self._draw(trainer)
        self._init_summary()

    def _draw(self, trainer: Any) -> None:
        from matplotlib.figure import Figure

        figure = Figure()
        axes = figure.add_subplot(111)
        axes.set_xlabel(self._x_key)
        axes.grid(self._grid)
        drawn = False
        for key, points in self._data.items():
            if points:
                x, y = zip(*points, strict=True)
                axes.plot(x, y, marker=self._marker, label=key)
                drawn = True
        if not drawn:
            return
        if self._postprocess is not None:
            self._postprocess(figure, axes, self._summary)
        legend = axes.legend(bbox_to_anchor=(1.05, 1), loc=2, borderaxespad=0.0)
        path = os.path.join(trainer.out, self._file_name)
        figure.savefig(path, bbox_extra_artists=(legend,), bbox_inches="tight")

    def serialize(self, serializer: Any) -> None:
        """Reads or writes the points, and what has come since the last one."""
        if hasattr(self._trigger, "serialize"):
            self._trigger.serialize(serializer["_plot_trigger"])
        self._summary.serialize(serializer["_summary"])
        text = serializer(f"_plot_{self._file_name}", json.dumps(self._data))
        self._data = {key: [(x, y) for x, y in rows] for key, rows in json.loads(str(text)).items()}


def _warn_without_matplotlib(name: str) -> bool:
    if importlib.util.find_spec("matplotlib") is None:
        warnings.warn(
            "matplotlib is not installed on your environment, so nothing will be plotted at this "
            f"time. Please install matplotlib to plot figures with {name}.\n\n"
            "  $ pip install matplotlib\n",
            stacklevel=3,
        )
        return False
    return True
