"""Comparison of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.compat.chainer import backend
from renkei.compat.chainer.utils import force_array

__all__ = ["assert_allclose"]


def assert_allclose(
    x: Any, y: Any, atol: float = 1e-5, rtol: float = 1e-4, verbose: bool = True
) -> None:
    r"""Asserts that two arrays agree up to tolerances, on whatever devices they are.

    Args:
        x: array, Variable's array or number.
        y: the same; ``rtol`` is relative to it.
        atol: absolute tolerance.
        rtol: relative tolerance.
        verbose: whether the message shows the values.

    >>> from renkei.compat.chainer import testing
    >>> testing.assert_allclose(1.0, 1.000001)
    """
    x, y = (backend.CpuDevice().send(force_array(a)) for a in (x, y))
    try:
        np.testing.assert_allclose(x, y, atol=atol, rtol=rtol, verbose=verbose)
    except AssertionError as error:
        raise AssertionError(_explained(str(error), x, y, atol, rtol)) from None


def _explained(message: str, x: Any, y: Any, atol: float, rtol: float) -> str:
    rows = [message, "", "assert_allclose failed:", f"  shape: {x.shape} {y.shape}",
            f"  dtype: {x.dtype} {y.dtype}"]  # fmt: skip
    if x.shape == y.shape and x.size:
        rows += _worst(np.atleast_1d(x), np.atleast_1d(y), atol, rtol)
    with np.printoptions(threshold=10000):
        rows += ["x: " + np.array2string(x, prefix="x: "), "y: " + np.array2string(y, prefix="y: ")]
    return "\n".join(rows) + "\n"


def _worst(x: Any, y: Any, atol: float, rtol: float) -> list[str]:
    """The element that is farthest beyond its tolerance."""
    error = np.abs(x.astype(np.float64) - y.astype(np.float64))
    allowed = rtol * np.abs(y).astype(np.float64)
    i = np.unravel_index(np.argmax(error - allowed - atol), error.shape)
    relative = "inf" if y[i] == 0 else error[i] / abs(float(y[i]))
    return [
        f"  i: {tuple(map(int, i))}",
        f"  x[i]: {x[i]}",
        f"  y[i]: {y[i]}",
        f"  relative error[i]: {relative}",
        f"  absolute error[i]: {error[i]}",
        f"  relative tolerance * |y[i]|: {allowed[i]}",
        f"  absolute tolerance: {atol}",
        f"  total tolerance: {allowed[i] + atol}",
    ]


def _as_noncontiguous_array(array: Any) -> Any:
    """The values with gaps and in reverse order in memory, as tests of kernels want them."""
    if isinstance(array, (list, tuple)):
        return type(array)(_as_noncontiguous_array(a) for a in array)
    if array is None or array.size <= 1:
        return array
    device = backend.get_device_from_array(array)
    with backend.using_device(device):
        memory = device.xp.empty(tuple(2 * n for n in array.shape), array.dtype)
        view = memory[(slice(None, None, -2),) * array.ndim]
        view[...] = array
    return view
