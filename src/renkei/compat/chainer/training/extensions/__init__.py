"""Chainer's extensions. Those that differ from ours by their interface alone are made of ours."""

from __future__ import annotations

import importlib
from typing import Any

from renkei.compat.chainer import _tree
from renkei.compat.chainer.training.extension import Extension

_HOMES = {
    name: module
    for module, names in {
        "_computational_graph": "DumpGraph",
        "_evaluator": "Evaluator",
        "_observation": "FailOnNonNumber MicroAverage ParameterStatistics VariableStatisticsPlot "
        "observe_lr observe_value unchain_variables",
        "_reports": "LogReport PlotReport PrintReport ProgressBar",
        "_shifts": "ExponentialShift InverseShift LinearShift MultistepShift PolynomialShift "
        "StepShift WarmupShift",
        "_snapshots": "snapshot snapshot_object",
    }.items()
    for name in names.split()
}

__all__ = [*_HOMES, "Extension", "dump_graph"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get("DumpGraph" if name == "dump_graph" else name)
    if home is not None:
        module = importlib.import_module(f"{__name__}.{home}")
        value = getattr(module, "DumpGraph" if name == "dump_graph" else name)
        globals()[name] = value
        return value
    if name in ("snapshot_writers", "util") or _tree.exists(f"training.extensions.{name}"):
        return importlib.import_module(f"{__name__}.{name}")
    for module in ("_snapshots", "_observation", "_reports"):  # private names of Chainer's modules
        found = getattr(importlib.import_module(f"{__name__}.{module}"), name, None)
        if found is not None:
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
