"""What adds to the observation, or watches parameters."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from renkei.compat.chainer.reporter import DictSummary, report
from renkei.compat.chainer.serializer import Deserializer
from renkei.compat.chainer.training.extension import (
    PRIORITY_EDITOR,
    PRIORITY_WRITER,
    Extension,
    make_extension,
)
from renkei.compat.chainer.training.extensions._reports import _pick, _warn_without_matplotlib
from renkei.compat.chainer.training.util import get_trigger
from renkei.core.config import config
from renkei.core.device import CpuDevice, get_array_types
from renkei.core.variable import Variable
from renkei.training.extensions.fail_on_non_number import FailOnNonNumber as OurFailOnNonNumber

__all__ = [
    "FailOnNonNumber",
    "MicroAverage",
    "ParameterStatistics",
    "VariableStatisticsPlot",
    "observe_lr",
    "observe_value",
    "unchain_variables",
]


def observe_value(observation_key: str, target_func: Callable[[Any], Any]) -> Any:
    """An extension that reports ``target_func(trainer)`` under a key, each epoch."""

    @make_extension(trigger=(1, "epoch"), priority=PRIORITY_WRITER)
    def _observe_value(trainer: Any) -> None:
        trainer.observation[observation_key] = target_func(trainer)

    return _observe_value


def observe_lr(optimizer_name: str = "main", observation_key: str = "lr") -> Any:
    """An extension that reports an optimizer's learning rate, each epoch."""
    return observe_value(
        observation_key, lambda trainer: trainer.updater.get_optimizer(optimizer_name).lr
    )


class FailOnNonNumber(Extension, OurFailOnNonNumber):
    """Ends training with a RuntimeError when a parameter is no finite number any more."""

    def __call__(self, trainer: Any) -> None:
        OurFailOnNonNumber.__call__(self, trainer)


def _plain(value: Any) -> Any:
    return value.array if isinstance(value, Variable) else value


class MicroAverage(Extension):
    r"""Reports the ratio of two sums over an interval, where batches differ in weight.

    Args:
        numerator_key, denominator_key: the values that are summed up.
        result_key: the name of their ratio.
        trigger: when it is reported.
    """

    priority = PRIORITY_EDITOR

    def __init__(
        self,
        numerator_key: str,
        denominator_key: str,
        result_key: str,
        trigger: Any = (1, "epoch"),
    ) -> None:
        self._trigger = get_trigger(trigger)
        self._numerator_key, self._denominator_key = numerator_key, denominator_key
        self._result_key = result_key
        self._numerator: Any = 0
        self._denominator: Any = 0

    def __call__(self, trainer: Any) -> None:
        seen = trainer.observation
        if self._numerator_key not in seen or self._denominator_key not in seen:
            return  # an evaluator, say, does not report in every iteration
        self._numerator += _plain(seen[self._numerator_key])
        self._denominator += _plain(seen[self._denominator_key])
        if self._trigger(trainer):
            result = float(self._numerator) / float(self._denominator)
            self._numerator = self._denominator = 0
            report({self._result_key: result})

    def serialize(self, serializer: Any) -> None:
        """Reads or writes the sums."""
        if isinstance(serializer, Deserializer):  # sums of means are no integers
            self._numerator, self._denominator = float(self._numerator), float(self._denominator)
        self._numerator = serializer("_numerator", self._numerator)
        self._denominator = serializer("_denominator", self._denominator)


_SIGMAS = (0.13, 2.28, 15.87, 50, 84.13, 97.72, 99.87)


def _percentiles(x: Any) -> Any:
    return np.percentile(CpuDevice().send(x), _SIGMAS)


class ParameterStatistics(Extension):
    r"""Reports statistics of the parameters of links and of their gradients.

    Args:
        links: one link or several.
        statistics: functions of a flat array by name; ``"default"``: mean, std, min, max, zeros,
            percentile; None: none.
        report_params: of the parameters.
        report_grads: of the gradients.
        prefix: what the names begin with.
        trigger: when the means over the iterations since the last time are reported.
        skip_nan_params: report NaN for parameters that have NaN in them.
    """

    default_name: Any = "parameter_statistics"
    priority = PRIORITY_WRITER
    report_key_template = "{prefix}{link_name}{param_name}/{attr_name}/{function_name}"
    default_statistics: dict[str, Callable[[Any], Any]] = {
        "mean": lambda x: x.mean(),
        "std": lambda x: x.std(),
        "min": lambda x: x.min(),
        "max": lambda x: x.max(),
        "zeros": lambda x: (x == 0).sum(),
        "percentile": _percentiles,
    }

    def __init__(
        self,
        links: Any,
        statistics: Any = "default",
        report_params: bool = True,
        report_grads: bool = True,
        prefix: str | None = None,
        trigger: Any = (1, "epoch"),
        skip_nan_params: bool = False,
    ) -> None:
        self._links = list(links) if isinstance(links, (list, tuple)) else [links]
        chosen = self.default_statistics if statistics == "default" else statistics or {}
        self._statistics = dict(chosen)
        wanted = {"data": report_params, "grad": report_grads}
        self._attrs = [name for name, on in wanted.items() if on]
        self._prefix, self._trigger = prefix, get_trigger(trigger)
        self._skip_nan_params = skip_nan_params
        self._summary = DictSummary()

    def __call__(self, trainer: Any) -> None:
        found: dict[str, Any] = {}
        for link in self._links:
            for path, param in link.namedparams():
                for attr in self._attrs:
                    array = getattr(param, attr)
                    if array is not None:
                        self._measure(found, link, path, attr, array.ravel())
        self._summary.add(found)
        if self._trigger(trainer):
            report(self._summary.compute_mean())
            self._summary = DictSummary()

    def _measure(self, found: dict[str, Any], link: Any, path: str, attr: str, x: Any) -> None:
        spoilt = self._skip_nan_params and bool(np.isnan(CpuDevice().send(x)).any())
        for name, function in self._statistics.items():
            value = np.nan if spoilt else function(x)
            key = self.report_key_template.format(
                prefix=self._prefix + "/" if self._prefix else "",
                link_name=link.name,
                param_name=path,
                attr_name=attr,
                function_name=name,
            )
            if isinstance(value, get_array_types()) and value.size > 1:
                found.update({f"{key}/{i}": v for i, v in enumerate(value)})
            else:
                found[key] = value

    def register_statistics(self, name: str, function: Callable[[Any], Any]) -> None:
        """Adds a function of a flat array."""
        self._statistics[name] = function

    def serialize(self, serializer: Any) -> None:
        """Nothing is kept, as in Chainer."""


class unchain_variables(Extension):
    """Lets go of the graphs of reported values after everybody has seen them.

    It runs where ``config.keep_graph_on_report`` is set.
    """

    priority = 0

    def __init__(self) -> None:
        self._prev_flag: Any = None

    def initialize(self, _: Any) -> None:
        self._prev_flag = config.keep_graph_on_report

    def trigger(self, _: Any) -> Any:  # type: ignore[override]
        """Fires where graphs were kept in this iteration."""
        flag, self._prev_flag = self._prev_flag, config.keep_graph_on_report
        return flag

    def __call__(self, trainer: Any) -> None:
        for value in trainer.observation.values():
            if isinstance(value, Variable):
                value.unchain_backward()

    def serialize(self, serializer: Any) -> None:
        """There is nothing to resume."""


class VariableStatisticsPlot(Extension):
    r"""Draws mean, deviation and percentiles of Variables over the iterations.

    Args:
        targets: a link or Variable, or a list of them; of a link its parameters.
        max_sample_size: how many values at most are kept; older ones are thinned out.
        report_data: of the values.
        report_grad: of the gradients.
        plot_mean, plot_std: what is drawn.
        percentile_sigmas: the percentiles that are drawn; none for ``None``.
        trigger: when the picture is written.
        filename: its name in the output directory. It was called ``file_name`` once.
        figsize, marker, grid: of the picture.
    """

    def __init__(
        self,
        targets: Any,
        max_sample_size: int = 1000,
        report_data: bool = True,
        report_grad: bool = True,
        plot_mean: bool = True,
        plot_std: bool = True,
        percentile_sigmas: Sequence[float] | None = (
            0, 0.13, 2.28, 15.87, 50, 84.13, 97.72, 99.87, 100,
        ),
        trigger: Any = (1, "epoch"),
        filename: str | None = None,
        figsize: tuple[float, float] | None = None,
        marker: str | None = None,
        grid: bool = True,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        self._file_name = _pick(kwargs, "file_name", filename, "statistics.png")
        self._vars = _variables(targets)
        if not self._vars:
            raise ValueError("Need at least one variables for which to collect statistics.")
        if not (plot_mean or plot_std or percentile_sigmas):
            raise ValueError("Nothing to plot")
        if not (report_data or report_grad):
            raise ValueError("Nothing to plot")
        self._attrs = [n for n, on in (("data", report_data), ("grad", report_grad)) if on]
        self._sigmas = list(percentile_sigmas or ())
        self._mean, self._std = plot_mean, plot_std
        self._trigger, self._max = get_trigger(trigger), max_sample_size
        self._figsize, self._marker, self._grid = figsize, marker, grid
        self._rows: dict[str, list[list[float]]] = {name: [] for name in self._attrs}

    @staticmethod
    def available() -> bool:
        """Whether matplotlib is there; warns if not."""
        return _warn_without_matplotlib("VariableStatisticsPlot")

    def __call__(self, trainer: Any) -> None:
        if not importlib.util.find_spec("matplotlib"):
            return
        for name, rows in self._rows.items():
            found = [getattr(v, name) for v in self._vars]
            flat = [np.ravel(CpuDevice().send(a)) for a in found if a is not None]
            if flat:
                x = np.concatenate(flat)
                percentiles = np.percentile(x, self._sigmas) if self._sigmas else []
                rows.append([trainer.updater.iteration, x.mean(), x.std(), *percentiles])
            if len(rows) > self._max:
                del rows[::2]
        if self._trigger(trainer):
            import matplotlib.pyplot as plt

            self.save_plot_using_module(os.path.join(trainer.out, self._file_name), plt)

    def save_plot_using_module(self, file_path: str, plt: Any) -> None:
        """Draws the picture with ``matplotlib.pyplot``."""
        drawn = [self._mean, self._std, bool(self._sigmas)]
        titles = [t for t, on in zip(("mean", "std", "percentile"), drawn, strict=True) if on]
        figure, axes = plt.subplots(
            len(titles), len(self._attrs), figsize=self._figsize, squeeze=False
        )
        columns = {"mean": slice(1, 2), "std": slice(2, 3), "percentile": slice(3, None)}
        for j, name in enumerate(self._attrs):
            table = np.array(self._rows[name])
            for i, title in enumerate(titles):
                if len(table):
                    axes[i, j].plot(table[:, 0], table[:, columns[title]], marker=self._marker)
                axes[i, j].set_title(f"{name} {title}")
                axes[i, j].grid(self._grid)
        figure.savefig(file_path)
        plt.close(figure)

    def serialize(self, serializer: Any) -> None:
        """Nothing is kept, as in Chainer."""


def _variables(targets: Any) -> list[Any]:
    if isinstance(targets, (list, tuple)):
        return [v for target in targets for v in _variables(target)]
    if isinstance(targets, Variable):
        return [targets]
    return list(targets.params())
