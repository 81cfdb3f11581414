"""GPU memory by function."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, TextIO

from renkei.compat.chainer.backends import cuda
from renkei.compat.chainer.function_hook import FunctionHook
from renkei.compat.chainer.function_hooks.timer import _print_table

__all__ = ["CupyMemoryProfileHook"]

_UNITS = {"B": 0, "KB": 1, "MB": 2, "GB": 3, "TB": 4, "PB": 5, "EB": 6, "ZB": 7}


class CupyMemoryProfileHook(FunctionHook):
    """Counts the bytes that each function uses and that the memory pool takes for it.

    ``call_history`` holds tuples (class name, bytes used, bytes acquired).
    """

    name = "CupyMemoryProfileHook"

    def __init__(self) -> None:
        cuda.check_cuda_available()
        self.call_history: list[tuple[str, int, int]] = []
        self._before: list[tuple[int, int]] = []

    def _state(self) -> tuple[int, int]:
        pool = cuda.cupy.get_default_memory_pool()
        return pool.used_bytes(), pool.total_bytes()

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        self._before.append(self._state())

    def forward_postprocess(self, function: Any, in_data: Any) -> None:
        used, total = self._before.pop()
        now_used, now_total = self._state()
        name = getattr(function, "_impl_name", type(function).__name__)
        self.call_history.append((name, now_used - used, now_total - total))

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self._before.append(self._state())

    def backward_postprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self.forward_postprocess(function, in_data)

    def total_used_bytes(self) -> int:
        """Bytes used by all functions."""
        return sum(used for _, used, _ in self.call_history)

    def total_acquired_bytes(self) -> int:
        """Bytes that the memory pool took for all functions."""
        return sum(acquired for _, _, acquired in self.call_history)

    def summary(self) -> dict[str, dict[str, int]]:
        """For each function its bytes and how often it ran."""
        table: dict[str, dict[str, int]] = OrderedDict()
        for name, used, acquired in self.call_history:
            empty = {"used_bytes": 0, "acquired_bytes": 0, "occurrence": 0}
            row = table.setdefault(name, empty)
            row["used_bytes"] += used
            row["acquired_bytes"] += acquired
            row["occurrence"] += 1
        return table

    def print_report(self, unit: str = "auto", file: TextIO | None = None) -> None:
        """Prints the summary as a table."""
        rows = [["FunctionName", "UsedBytes", "AcquiredBytes", "Occurrence"]]
        for name, row in self.summary().items():
            cells = [_bytes(row[key], unit) for key in ("used_bytes", "acquired_bytes")]
            rows.append([name, *cells, str(row["occurrence"])])
        _print_table(rows, file)


def _bytes(n: int, unit: str) -> str:
    if unit == "auto":
        unit = next((u for u in reversed(_UNITS) if n >= 1024 ** _UNITS[u]), "B")
    return f"{n / 1024 ** _UNITS[unit]:.2f}{unit}"
