"""ParameterStatistics and VariableStatisticsPlot: how parameters and gradients are distributed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from renkei.core.device import get_array_module, get_device
from renkei.core.errors import ConfigError, DtypeError, describe, require
from renkei.core.variable import Variable
from renkei.reporter import DictSummary, report
from renkei.serializers.atomic import atomic_write
from renkei.serializers.state import under
from renkei.training.extension import PRIORITY_WRITER, Extension
from renkei.training.triggers import get_trigger

__all__ = ["ParameterStatistics", "VariableStatisticsPlot"]

_SIGMAS = (0.13, 2.28, 15.87, 50, 84.13, 97.72, 99.87)  # percent below -3, -2 ... 3 sigma


def _statistics() -> dict[str, Callable[[Any], Any]]:
    return {
        "mean": lambda x: x.mean(),
        "std": lambda x: x.std(),
        "min": lambda x: x.min(),
        "max": lambda x: x.max(),
        "zeros": lambda x: (x == 0).sum(),
        "percentile": lambda x: get_array_module(x).percentile(x, _SIGMAS),
    }


class ParameterStatistics(Extension):
    r"""Reports statistics of parameters and their gradients, each averaged over the interval.

    The names are ``<prefix>/<link>/<path>/<data or grad>/<statistic>``, with an index behind the
    statistics that give several numbers, as in ``mlp/l1/W/grad/percentile/3``.

    Args:
        links: a link or a list of links.
        statistics: functions of a one-dimensional array by name; ``"default"``: mean, std, min,
            max, zeros (how many) and percentile (at -3 to 3 standard deviations of a normal
            distribution).
        report_params: whether there are statistics of values.
        report_grads: whether there are statistics of gradients.
        prefix: put before the names.
        trigger: when means are reported of what came since the last time.
        skip_nan_params: report NaN alone for an array with a NaN in it.

    Raises:
        DtypeError: what should be a link is none.
    """

    priority = PRIORITY_WRITER
    report_key_template = "{prefix}{link_name}{param_name}/{attr_name}/{function_name}"

    def __init__(
        self,
        links: Any,
        statistics: Mapping[str, Callable[[Any], Any]] | str | None = "default",
        report_params: bool = True,
        report_grads: bool = True,
        prefix: str | None = None,
        trigger: Any = (1, "epoch"),
        skip_nan_params: bool = False,
    ) -> None:
        self._links = list(links) if isinstance(links, (list, tuple)) else [links]
        for link in self._links:
            if not hasattr(link, "namedparams"):
                raise DtypeError("ParameterStatistics(links)", describe(link), "a link or several")
        chosen = _statistics() if statistics == "default" else statistics or {}
        self._statistics: dict[str, Callable[[Any], Any]] = dict(chosen)  # type: ignore[arg-type]
        self._attributes = ["data"] * report_params + ["grad"] * report_grads
        self._prefix, self._skip_nan = f"{prefix}/" if prefix else "", skip_nan_params
        self._when = get_trigger(trigger)
        self._summary = DictSummary()

    def register_statistics(self, name: str, function: Callable[[Any], Any]) -> None:
        """Adds a statistic: a function of a one-dimensional array that gives numbers."""
        self._statistics[name] = function

    def __call__(self, progress: Any) -> None:
        self._summary.add(dict(self._collect()))
        if self._when(progress):
            report(self._summary.compute_mean())
            self._summary = DictSummary()

    def _collect(self) -> Iterable[tuple[str, Any]]:
        for link in self._links:
            for path, param in link.namedparams():
                for attribute in self._attributes:
                    array = param.array if attribute == "data" else param.grad
                    if array is not None:
                        yield from self._of_array(self._link_name(link), path, attribute, array)

    def _link_name(self, link: Any) -> str:
        return getattr(link, "name", None) or ""

    def _of_array(self, link: str, path: str, attribute: str, array: Any) -> Any:
        x = array.reshape(-1)
        hidden = self._skip_nan and bool(get_array_module(x).isnan(x).any())
        for name, function in self._statistics.items():
            key = self.report_key_template.format(
                prefix=self._prefix,
                link_name=link,
                param_name=path if link else path.lstrip("/"),
                attr_name=attribute,
                function_name=name,
            )
            found = float("nan") if hidden else function(x)
            value = np.asarray(
                get_device("@numpy").send(found) if hasattr(found, "shape") else found
            )
            if value.size == 1:
                yield key, float(value.reshape(())[()])
            else:
                for i, v in enumerate(value.reshape(-1).tolist()):
                    yield f"{key}/{i}", float(v)

    def state(self) -> dict[str, Any]:
        result = {f"_summary/{k}": v for k, v in self._summary.state().items()}
        if hasattr(self._when, "state"):
            result |= {f"_trigger/{k}": v for k, v in self._when.state().items()}
        return result

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        parts = {part: under(state, part) for part in ("_summary", "_trigger")}
        if parts["_summary"]:
            self._summary.load_state(parts["_summary"])
        if parts["_trigger"] and hasattr(self._when, "load_state"):
            self._when.load_state(parts["_trigger"])


def _variables(targets: Any) -> list[Any]:
    if isinstance(targets, Variable):
        return [targets]
    if hasattr(targets, "params"):
        return list(targets.params())
    if isinstance(targets, (list, tuple)):
        return [v for target in targets for v in _variables(target)]
    raise DtypeError("VariableStatisticsPlot(targets)", describe(targets), "links or Variables")


class VariableStatisticsPlot(Extension):
    r"""Draws how the values and gradients of parameters spread, over the iterations.

    One column for values, one for gradients; above the mean with the standard deviation, below
    percentiles as bands. All targets together make one distribution. When there are more than
    ``max_sample_size`` samples every second one goes, and only every second iteration gives a new
    one; so memory stays bounded, the curve whole and the random stream untouched.

    Args:
        targets: a link, a Variable, or a list of them.
        max_sample_size: how many samples are kept at most.
        report_data: whether values are drawn.
        report_grad: whether gradients are drawn.
        plot_mean: whether the mean is drawn.
        plot_std: whether the standard deviation is drawn.
        percentile_sigmas: the percentiles, in percent, pairs from outside in make bands; a number
            or a list; None or empty for none.
        trigger: when the file is written.
        filename: the picture's name in the output directory.
        figsize: width and height in inches.
        marker: how points are marked.
        grid: whether a grid is drawn.

    Raises:
        ConfigError: there is nothing to draw.
        MissingExtra: matplotlib is not installed.
    """

    def __init__(
        self,
        targets: Any,
        max_sample_size: int = 1000,
        report_data: bool = True,
        report_grad: bool = True,
        plot_mean: bool = True,
        plot_std: bool = True,
        percentile_sigmas: float | Sequence[float] | None = (0, *_SIGMAS, 100),
        trigger: Any = (1, "epoch"),
        filename: str = "statistics.png",
        figsize: tuple[float, float] | None = None,
        marker: str | None = None,
        grid: bool = True,
    ) -> None:
        self._vars = _variables(targets)
        self._keys = ["data"] * report_data + ["grad"] * report_grad
        many = isinstance(percentile_sigmas, (list, tuple, np.ndarray))
        given: Any = percentile_sigmas if many else [percentile_sigmas]
        self._percentiles = [float(p) for p in given if p is not None]
        self._lines = ["mean"] * plot_mean + ["std"] * plot_std
        if not self._vars or not self._keys or not (self._lines or self._percentiles):
            got = f"{len(self._vars)} Variables, {self._keys}, {self._lines}, {self._percentiles}"
            raise ConfigError("VariableStatisticsPlot(...)", got, "something to draw")
        self._max, self._when = max(2, max_sample_size), get_trigger(trigger)
        self._filename, self._figsize = filename, figsize
        self._marker, self._grid = marker, grid
        self._stride = 1
        self._samples: list[tuple[int, list[list[float]]]] = []

    def initialize(self, progress: Any) -> None:
        require("matplotlib", extra="plot")

    def __call__(self, progress: Any) -> None:
        if progress.iteration % self._stride == 0:
            self._samples.append((progress.iteration, [self._measure(k) for k in self._keys]))
            if len(self._samples) > self._max:
                self._stride *= 2
                self._samples = [s for s in self._samples if s[0] % self._stride == 0]
        if self._when(progress) and self._samples and progress.out is not None:
            self._draw(os.path.join(progress.out, self._filename))

    def _measure(self, key: str) -> list[float]:
        """Mean, standard deviation and percentiles of all targets' values or gradients."""
        arrays = [v.array if key == "data" else v.grad for v in self._vars]
        host = [np.ravel(get_device("@numpy").send(a)) for a in arrays if a is not None]
        if not host:
            return [float("nan")] * (len(self._lines) + len(self._percentiles))
        x = np.concatenate(host)
        lines = [float(getattr(x, name)()) for name in self._lines]
        return lines + [float(p) for p in np.percentile(x, self._percentiles)]

    def _draw(self, path: str) -> None:
        figure_module = require("matplotlib.figure", extra="plot")
        figure = figure_module.Figure(figsize=self._figsize, layout="constrained")
        rows = bool(self._lines) + bool(self._percentiles)
        axes = figure.subplots(rows, len(self._keys), sharex=True, squeeze=False)
        x = np.array([i for i, _ in self._samples])
        values = np.array([v for _, v in self._samples])  # (samples, keys, statistics)
        for column, key in enumerate(self._keys):
            axes[0, column].set_title(key)
            axes[-1, column].set_xlabel("iteration")
            if self._lines:
                self._draw_lines(axes[0, column], x, values[:, column])
            if self._percentiles:
                self._draw_bands(axes[-1, column], x, values[:, column, len(self._lines) :])
        for ax in axes.ravel():
            ax.grid(self._grid)
            ax.legend()
        with atomic_write(path) as file:
            figure.savefig(file, format=os.path.splitext(path)[1][1:] or "png")

    def _draw_lines(self, ax: Any, x: Any, values: Any) -> None:
        label = ", ".join(self._lines)
        (line,) = ax.plot(x, values[:, 0], marker=self._marker, label=label)
        if len(self._lines) == 2:
            mean, std = values[:, 0], values[:, 1]
            ax.fill_between(x, mean - std, mean + std, alpha=0.2, color=line.get_color())

    def _draw_bands(self, ax: Any, x: Any, values: Any) -> None:
        n = values.shape[1]
        for i in range(n // 2):
            label = "percentile" if n % 2 == 0 and i == n // 2 - 1 else None
            low, high = values[:, i], values[:, n - 1 - i]
            ax.fill_between(x, low, high, alpha=0.2, color="C0", linewidth=0, label=label)
        if n % 2:
            ax.plot(x, values[:, n // 2], color="C0", marker=self._marker, label="percentile")

    def state(self) -> dict[str, Any]:
        result: dict[str, Any] = {"_samples": json.dumps(self._samples)}
        result["_stride"] = np.asarray(self._stride)
        if hasattr(self._when, "state"):
            result |= {f"_trigger/{k}": v for k, v in self._when.state().items()}
        return result

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        samples = json.loads(str(state.get("_samples", "[]")))
        self._samples = [(int(i), values) for i, values in samples]
        self._stride = int(state.get("_stride", 1))
        own = {k[9:]: v for k, v in state.items() if k.startswith("_trigger/")}
        if own and hasattr(self._when, "load_state"):
            self._when.load_state(own)
