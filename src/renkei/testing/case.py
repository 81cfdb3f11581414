"""Case: one row of a case table, from which all checks of a function are derived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Case"]


@dataclass(frozen=True)
class Case:
    r"""How a function is called in a test, and what it must give.

    Attributes:
        function: the public function, as in ``F.tanh``.
        inputs: one item per array argument: a shape (random numbers are drawn), an array (used as
            it is, floats cast to the dtype under test), a callable ``rng -> array``, or None.
        attrs: further arguments, by keyword.
        expected: a function of float64 arrays and the attributes that computes the result with
            NumPy or SciPy, written differently; None only where another row or a test of its own
            gives the expectation.
        label: tells rows of one function apart.
        grad: up to which order gradients are checked; 0: the function is not differentiable.
        wrt: which inputs to differentiate by; None: all floating ones.
        low, high: random inputs are uniform in [low, high) (keep them off kinks and poles).
        dtypes: the dtypes that the row runs with.
        tol: relative and absolute tolerance per dtype name, where the usual ones do not do.
        empty: the row also runs with axis 0 of all inputs given by shape set to 0.
        variadic: the inputs are passed as one list, as ``F.concat`` takes them.
        output: picks what to check from the result, as in ``lambda y: y[0]``.
        bench: shapes for the benchmark, one per input.
    """

    function: Callable[..., Any]
    inputs: tuple[Any, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    expected: Callable[..., Any] | None = None
    label: str = ""
    grad: int = 2
    wrt: tuple[int, ...] | None = None
    low: float = -1.0
    high: float = 1.0
    dtypes: tuple[str, ...] = ("float16", "float32", "float64")
    tol: dict[str, tuple[float, float]] = field(default_factory=dict)
    empty: bool = False
    variadic: bool = False
    output: Callable[[Any], Any] | None = None
    bench: tuple[Any, ...] | None = None
