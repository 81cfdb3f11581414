"""Case: one row of a case table, from which all checks of a function are derived."""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from renkei.core.errors import DataError

__all__ = ["Case", "load_cases"]


@dataclass(frozen=True)
class Case:
    r"""How a function is called in a test, and what it must give.

    Attributes:
        function: the public function, as in ``F.tanh``.
        inputs: one item per array argument: a shape (random numbers are drawn), an array (used as
            it is, floats cast to the dtype under test), a callable ``rng -> array``, or None.
        attrs: further arguments, by keyword.
        expected: a function of float64 arrays and the attributes that computes the result with
            NumPy or SciPy, written differently; it is called as ``function`` is. None only where
            another row or a test of its own gives the expectation.
        label: tells rows of one function apart.
        grad: up to which order gradients are checked; 0: the function is not differentiable.
        wrt: which inputs to differentiate by; None: all floating ones.
        low, high: random inputs are uniform in [low, high) (keep them off kinks and poles).
        dtypes: the dtypes that the row runs with.
        tol: relative and absolute tolerance per dtype name, where the usual ones do not do;
            ``"grad"``: those of float64 gradients against numerical ones.
        empty: the row also runs with axis 0 of all inputs given by shape set to 0.
        variadic: the inputs are passed as one list, as ``F.concat`` takes them.
        output: picks what to check from the result, as in ``lambda y: y[0]``.
        bench: shapes for the benchmark, one per input.
    """

    function: Callable[..., Any]
    inputs: Sequence[Any]
    attrs: dict[str, Any] = field(default_factory=dict)
    expected: Callable[..., Any] | None = None
    label: str = ""
    grad: int = 2
    wrt: Sequence[int] | None = None
    low: float = -1.0
    high: float = 1.0
    dtypes: Sequence[str] = ("float16", "float32", "float64")
    tol: dict[str, tuple[float, float]] = field(default_factory=dict)
    empty: bool = False
    variadic: bool = False
    output: Callable[[Any], Any] | None = None
    bench: Sequence[Any] | None = None

    @property
    def name(self) -> str:
        """The function's name, with the label if there is one."""
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return f"{name}-{self.label}" if self.label else name

    @property
    def random(self) -> np.random.Generator:
        """A generator that starts the same way for this case in every run."""
        return np.random.default_rng(zlib.crc32(self.name.encode()))

    def draw(self, dtype: Any, empty: bool = False) -> list[Any]:
        """The arrays to call the function with, floating ones of a dtype."""
        rng = self.random
        return [self._drawn(item, rng, np.dtype(dtype), empty) for item in self.inputs]

    def _drawn(self, item: Any, rng: Any, dtype: np.dtype[Any], empty: bool) -> Any:
        if item is None:
            return None
        if isinstance(item, tuple):
            shape = (0, *item[1:]) if empty and item else item
            array = rng.uniform(self.low, self.high, shape)
        else:
            array = item(rng) if callable(item) else item.copy()
        array = np.asarray(array)
        return array.astype(dtype) if array.dtype.kind == "f" else array

    def call(self, arguments: list[Any]) -> list[Any]:
        """Calls the function; the arrays or Variables that it returns, in a flat list."""
        result = self._applied(self.function, arguments)
        return flat(self.output(result) if self.output else result)

    def expect(self, arguments: list[Any]) -> list[Any]:
        """Calls ``expected`` on the same arguments in float64."""
        exact = [
            a.astype(np.float64) if getattr(a, "dtype", None) is not None and a.dtype.kind == "f"
            else a
            for a in arguments
        ]  # fmt: skip
        return flat(self._applied(self.expected, exact))

    def _applied(self, function: Any, arguments: list[Any]) -> Any:
        if self.variadic:
            return function(list(arguments), **self.attrs)
        return function(*arguments, **self.attrs)


def flat(result: Any) -> list[Any]:
    """What nested tuples and lists hold, without None."""
    if isinstance(result, (tuple, list)):
        return [leaf for item in result for leaf in flat(item)]
    return [] if result is None else [result]


def load_cases(path: str | Path) -> list[tuple[str, Case]]:
    r"""Reads the list ``CASES`` of a Python file.

    Args:
        path: the file.

    Returns:
        Pairs of an id, ``family-function-label``, and the case.

    Raises:
        DataError: the file has no list ``CASES`` of cases.
    """
    path = Path(path)
    spec = importlib.util.spec_from_file_location(f"cases_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise DataError("load_cases(path)", str(path), "a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cases = getattr(module, "CASES", None)
    if not isinstance(cases, list) or not all(isinstance(case, Case) for case in cases):
        raise DataError("load_cases(path)", str(path), "a list CASES of Case objects in it")
    return [(f"{path.stem}-{case.name}", case) for case in cases]
