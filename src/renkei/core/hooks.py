"""Hooks: what watches functions run. Any hook, or debug mode, sends calls through ``observe``."""

from __future__ import annotations

import sys
import time
import traceback
import zlib
from typing import Any, TextIO

import numpy as np

from renkei.core.config import Settings, current, scoped
from renkei.core.device import get_array_module
from renkei.core.errors import GraphError, NanError, UsageError
from renkei.core.variable import Variable

__all__ = [
    "FunctionHook",
    "LinkHook",
    "MemoryHook",
    "NanHook",
    "PrintHook",
    "TimerHook",
    "TraceHook",
]


class _Hook:
    """A context manager that is in force for the running thread or task."""

    name = ""
    _registry = ""

    def __enter__(self) -> Any:
        present = getattr(current(), self._registry)
        name = self.name or type(self).__name__
        if any((hook.name or type(hook).__name__) == name for hook in present):
            raise UsageError(f"hook {name} already exists", hint="Give the second one a name.")
        self._scope = scoped(**{self._registry: (*present, self)})
        self._scope.__enter__()
        self.added(None)
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.deleted(None)
        self._scope.__exit__(*exc_info)

    def added(self, target: Any) -> None:
        """Called when the hook comes into force."""

    def deleted(self, target: Any) -> None:
        """Called when the hook is taken away."""


class FunctionHook(_Hook):
    r"""The base of hooks that see every function run, forward and backward.

    >>> import numpy as np, renkei as rk
    >>> class Names(rk.FunctionHook):
    ...     def forward_preprocess(self, function, in_data):
    ...         print(function.label, [x.shape for x in in_data])
    >>> with Names():
    ...     y = rk.Variable(np.ones(3, np.float32)) + 1
    Add [(3,), ()]
    """

    _registry = "function_hooks"

    def forward_preprocess(self, function: Any, in_data: tuple[Any, ...]) -> None:
        """Called before ``forward`` with the input arrays."""

    def forward_postprocess(self, function: Any, in_data: tuple[Any, ...]) -> None:
        """Called after ``forward`` with the input arrays."""

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        """Called before the gradients with the kept inputs (None: not kept) and output grads."""

    def backward_postprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        """Called after the gradients."""


class LinkHook(_Hook):
    """The base of hooks that see every link run: ``forward_preprocess(args)`` and ``_post``.

    ``args`` has the fields ``link``, ``forward_name``, ``args``, ``kwargs`` and, after, ``out``.
    """

    _registry = "link_hooks"

    def forward_preprocess(self, args: Any) -> None:
        """Called before a link's ``forward``."""

    def forward_postprocess(self, args: Any) -> None:
        """Called after a link's ``forward``."""


class TimerHook(FunctionHook):
    """Measures how long each function takes, forward and backward, in seconds.

    On a GPU the time is between CUDA events, not on the host's clock.
    """

    def __init__(self) -> None:
        self.call_history: list[tuple[str, float]] = []
        self._started: list[Any] = []

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        self._started.append(_Clock(in_data))

    def forward_postprocess(self, function: Any, in_data: Any) -> None:
        self.call_history.append((type(function).__name__, self._started.pop().seconds()))

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self._started.append(_Clock(out_grad))

    backward_postprocess = lambda self, function, in_data, out_grad: self.forward_postprocess(
        function, in_data
    )

    def total_time(self) -> float:
        """The sum of all times, in seconds."""
        return sum(seconds for _, seconds in self.call_history)

    def summary(self) -> dict[str, dict[str, float]]:
        """For each function's name its total time in seconds and how often it ran."""
        table: dict[str, dict[str, float]] = {}
        for name, seconds in self.call_history:
            row = table.setdefault(name, {"elapsed_time": 0.0, "occurrence": 0})
            row["elapsed_time"] += seconds
            row["occurrence"] += 1
        return table

    def print_report(self, unit: str = "auto", file: TextIO | None = None) -> None:
        """Prints the summary as a table, the slowest function first."""
        rows = sorted(self.summary().items(), key=lambda row: -row[1]["elapsed_time"])
        width = max([len("FunctionName"), *(len(name) for name, _ in rows)])
        lines = [f"{'FunctionName':>{width}}  ElapsedTime  Occurrence"]
        for name, row in rows:
            shown = _humanized(row["elapsed_time"], unit)
            lines.append(f"{name:>{width}}  {shown:>11}  {int(row['occurrence']):>10}")
        print("\n".join(lines), file=file or sys.stdout)


class _Clock:
    """Time since a moment: by CUDA events where the arrays are on a GPU."""

    def __init__(self, arrays: Any) -> None:
        xp = get_array_module(*(arrays or ()))
        self.events = None if xp is np else (xp.cuda.Event(), xp.cuda.Event(), xp)
        if self.events:
            self.events[0].record()
        self.start = time.perf_counter()

    def seconds(self) -> float:
        if not self.events:
            return time.perf_counter() - self.start
        start, stop, xp = self.events
        stop.record()
        stop.synchronize()
        return xp.cuda.get_elapsed_time(start, stop) / 1000


def _humanized(seconds: float, unit: str) -> str:
    scales = {"sec": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
    if unit == "auto":
        unit = next((u for u, s in scales.items() if seconds * s >= 1), "ns")
    return f"{seconds * scales[unit]:.2f}{unit}"


class PrintHook(FunctionHook):
    """Prints every function with its inputs, and its output gradients on the way back."""

    def __init__(self, end: str = "\n", file: TextIO | None = None, flush: bool = True) -> None:
        self.end, self.file, self.flush = end, file, flush

    def _print(self, *words: Any) -> None:
        print(*words, end=self.end, file=self.file or sys.stdout, flush=self.flush)

    def _show(self, title: str, arrays: Any) -> None:
        self._print(title)
        for array in arrays:
            self._print(
                "(not kept)" if array is None else Variable(np.asarray(array)).debug_print()
            )

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        self._print(f"function\t{function.label}")
        self._show("input data", in_data)

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self._print(f"function\t{function.label}")
        self._show("input data", in_data)
        self._show("output gradient", out_grad)


class NanHook(FunctionHook):
    """Raises a NanError that names the first function whose output or gradient is not finite."""

    def forward_postprocess(self, function: Any, in_data: Any) -> None:
        _check_finite("forward", function, function._results)

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        _check_finite("backward", function, out_grad)

    def backward_postprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        _check_finite("backward", function, function._results)


class TraceHook(FunctionHook):
    """Records which functions ran, as tuples of direction and label, in ``trace``."""

    def __init__(self) -> None:
        self.trace: list[tuple[str, str]] = []

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        self.trace.append(("forward", function.label))

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self.trace.append(("backward", function.label))


class MemoryHook(FunctionHook):
    """Counts the bytes that each function's outputs take and that it keeps for its gradient.

    ``rows`` holds tuples (label, bytes of the outputs, bytes kept), in the order of the calls.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, int]] = []

    def forward_postprocess(self, function: Any, in_data: Any) -> None:
        made = sum(y.nbytes for y in function._results)
        kept = sum(getattr(a, "nbytes", 0) for a in function.kept or ())
        self.rows.append((function.label, made, kept))


def observe(function: Any, args: tuple[Any, ...], settings: Settings) -> Any:
    """Applies a function with all hooks and, in debug mode, all checks."""
    in_data = tuple(_shown(a) for a in args if a is not None)
    for hook in settings.function_hooks:
        hook.forward_preprocess(function, in_data)
    if settings.debug:
        function.stack = traceback.extract_stack()[:-2]
    out = function._apply(args, settings)
    outs = out if isinstance(out, tuple) else (out,)
    function._results = tuple(y._array if isinstance(y, Variable) else y for y in outs)
    if settings.debug:
        _check_finite("forward", function, function._results, nan_only=True)
        function._checksums = [_checksum(a) for a in function.kept or ()]
    for hook in settings.function_hooks:
        hook.forward_postprocess(function, in_data)
    del function._results
    return out


def _shown(value: Any) -> Any:
    """What hooks see of an argument: arrays, also of Variables and numbers."""
    if isinstance(value, (int, float)):
        return np.asarray(value)
    return value._array if isinstance(value, Variable) else value


def observe_backward(
    moment: str, function: Any, gys: list[Any], settings: Settings, gxs: list[Any] | None = None
) -> None:
    """Runs the hooks before or after a function's gradients, and debug mode's checks."""
    in_data = tuple(_shown(a) for a in function._kept_inputs())
    out_grad = tuple(_shown(g) for g in gys)
    if settings.debug and moment == "before":
        _check_untouched(function)
    function._results = tuple(_shown(g) for g in gxs or ())
    if settings.debug:
        _check_finite("backward", function, function._results, nan_only=True)
    name = "backward_preprocess" if moment == "before" else "backward_postprocess"
    for hook in settings.function_hooks:
        getattr(hook, name)(function, in_data, out_grad)
    del function._results


def _check_finite(direction: str, function: Any, arrays: Any, nan_only: bool = False) -> None:
    for array in arrays:
        if array is None or array.dtype.kind not in "fc":
            continue
        xp = get_array_module(array)
        bad = xp.isnan(array) if nan_only else ~xp.isfinite(array)
        if bad.any():
            raise NanError(
                f"{'NaN' if nan_only else 'NaN or infinity'} is detected on {direction} "
                f"computation of {function.label}",
                f"{int(bad.sum())} of {array.size} elements of an array of shape {array.shape}",
                "finite numbers",
                _made_at(function),
            )


def _made_at(function: Any) -> str:
    if function.stack is None:
        return ""
    return "Stacktrace of the function is below:\n" + "".join(traceback.format_list(function.stack))


def _checksum(array: Any) -> int:
    return zlib.crc32(np.ascontiguousarray(array).data) if isinstance(array, np.ndarray) else 0


def _check_untouched(function: Any) -> None:
    sums = function.__dict__.get("_checksums")
    if sums is not None and sums != [_checksum(a) for a in function.kept]:
        raise GraphError(
            f"An array that {function.label} keeps for its gradient was changed after the forward "
            "computation",
            hint="Write to a copy, or after backward. " + _made_at(function),
        )
