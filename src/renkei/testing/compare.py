"""Comparison of arrays with a message that says where they differ."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["assert_allclose", "tolerance"]

# Relative and absolute tolerance of results whose inputs are of order 1.
USUAL = {"float16": (1e-2, 1e-2), "float32": (1e-4, 1e-5), "float64": (1e-9, 1e-9)}


def tolerance(dtype: Any, own: dict[str, tuple[float, float]] | None = None) -> dict[str, float]:
    """``rtol`` and ``atol`` for a dtype's name, from a table of one's own or the usual one."""
    name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
    rtol, atol = (own or {}).get(name) or USUAL.get(name, USUAL["float64"])
    return {"rtol": rtol, "atol": atol}


def assert_allclose(
    x: Any, y: Any, atol: float = 1e-5, rtol: float = 1e-4, *, what: str = "result"
) -> None:
    r"""Asserts that :math:`|x - y| \le atol + rtol |y|` everywhere, and that the shapes are equal.

    Args:
        x: what was computed: array or Variable, on any device.
        y: what it should be, of the same shape.
        atol: absolute tolerance.
        rtol: relative tolerance.
        what: how the message calls ``x``.

    Raises:
        AssertionError: they differ; the message names the worst element.

    >>> import numpy as np
    >>> from renkei.testing import assert_allclose
    >>> assert_allclose(np.array([1.0, 2.0]), np.array([1.0, 2.00001]))
    >>> assert_allclose(np.array([1.0, 2.0]), np.array([1.0, 2.5]), what="y")
    Traceback (most recent call last):
    AssertionError: y: 1 of 2 elements differ, most at (1,): 2.0 instead of 2.5 (off by 0.5, ...
    """
    a, b = on_host(x), on_host(y)
    if a.shape != b.shape:
        raise AssertionError(f"{what}: shape {a.shape} instead of {b.shape}")
    a, b = (v.astype(np.complex128 if v.dtype.kind == "c" else np.float64) for v in (a, b))
    with np.errstate(invalid="ignore"):
        off = np.where(a == b, 0.0, np.abs(a - b))
    off = np.where(np.isnan(a) & np.isnan(b), 0.0, np.where(np.isnan(off), np.inf, off))
    allowed = atol + rtol * np.abs(np.where(np.isfinite(b), b, 0.0))
    wrong = off > allowed
    if not wrong.any():
        return
    worst = np.unravel_index(np.argmax(np.where(wrong, off - allowed, -1.0)), a.shape)
    place = tuple(int(i) for i in worst)
    raise AssertionError(
        f"{what}: {int(wrong.sum())} of {a.size} elements differ, most at {place}: "
        f"{a[worst]:.8} instead of {b[worst]:.8} (off by {off[worst]:.3}, "
        f"allowed {allowed[worst]:.3}: atol={atol}, rtol={rtol})"
    )


def on_host(value: Any) -> np.ndarray:
    """An array, Variable or number as a NumPy array."""
    value = getattr(value, "array", value)
    return np.asarray(value.get() if hasattr(value, "get") else value)
