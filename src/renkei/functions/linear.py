"""The affine map of a fully connected layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy import ndarray

from renkei.core.dispatch import run
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_integer
from renkei.core.variable import Variable
from renkei.functions.reduction import sum

__all__ = ["linear"]


class Linear(Function):
    r"""The node of ``linear``. Its gradients are linear maps again, of transposed arrays."""

    def __init__(self, n_batch_axes: int = 1) -> None:
        self.n_batch_axes = n_batch_axes

    def check(self, x: Any, W: Any, b: Any = None) -> Spec:
        n = self.n_batch_axes
        shape = x.shape
        if len(W.shape) != 2 or len(shape) <= n or math.prod(shape[n:]) != W.shape[1]:
            raise _unfit(x, W, n)
        n_out = W.shape[0]
        dtype = x.dtype if W.dtype is x.dtype else np.result_type(x.dtype, W.dtype)
        if b is not None:
            if b.shape != (n_out,):
                raise ShapeError(
                    "linear(x, W, b)", f"W {W.shape} and b {b.shape}", f"b of shape ({n_out},)"
                )
            if b.dtype is not dtype:
                dtype = np.result_type(dtype, b.dtype)
        if dtype.kind != "f":
            raise DtypeError(
                "linear(x, W)", f"x {describe(x)} and W {describe(W)}", "arrays of floats"
            )
        return Spec(shape[:n] + (n_out,), dtype)

    def forward(self, x: Any, W: Any, b: Any = None) -> Any:
        if x.ndim == 2:
            return run("linear", x, W, b)
        n = self.n_batch_axes
        y = run("linear", x.reshape(math.prod(x.shape[:n]), W.shape[1]), W, b)
        return y.reshape(x.shape[:n] + (W.shape[0],))

    def grad_x(self, gy: Any, W: Any) -> Any:
        shape, dtype = self._specs[0]
        gx = _linear(_rows(gy), W.T)
        if len(shape) != 2:
            gx = gx.reshape(shape)
        return gx if gx.dtype is dtype else gx.astype(dtype)

    def grad_W(self, gy: Any, x: Any) -> Any:
        (_, n_in), dtype = self._specs[1]
        gy = _rows(gy)
        if x.ndim != 2:
            x = x.reshape((gy.shape[0], n_in))
        gW = _linear(gy.T, x.T)
        return gW if gW.dtype is dtype else gW.astype(dtype)

    def grad_b(self, gy: Any) -> Any:
        dtype, gy = self._specs[2][1], _rows(gy)
        # NumPy sums float16 rows in float16.
        plain = gy.__class__ is ndarray and gy.dtype != np.float16
        gb = gy.sum(axis=0) if plain else sum(gy, axis=0)
        return gb if gb.dtype is dtype else gb.astype(dtype)


def _linear(x: Any, W: Any) -> Any:
    """``linear`` of what fits: an array sweep needs neither checks nor a node."""
    recording = isinstance(x, Variable) or isinstance(W, Variable)
    return Linear()(x, W) if recording else run("linear", x, W, None)


def _rows(gy: Any) -> Any:
    return gy if gy.ndim == 2 else gy.reshape((math.prod(gy.shape[:-1]), gy.shape[-1]))


def _unfit(x: Any, W: Any, n: int) -> ShapeError:
    got = f"x {x.shape} and W {W.shape}"
    if len(W.shape) != 2:
        return ShapeError("linear(x, W)", got, "W of shape (out, in)")
    if len(x.shape) <= n:
        return ShapeError(
            "linear(x, W)",
            got,
            f"x of more than {n} axes: the first n_batch_axes={n} count examples",
            "A single example needs a batch axis: x[None].",
        )
    size = math.prod(x.shape[n:])
    axes = f"x.shape[{n}]" if len(x.shape) == n + 1 else f"the product of x.shape[{n}:]"
    return ShapeError(
        "linear(x, W)", got, f"{axes} == W.shape[1], here {size} != {W.shape[1]}", "W is (out, in)."
    )


def linear(x: Any, W: Any, b: Any = None, n_batch_axes: int = 1) -> Any:
    r"""Affine map of each example: :math:`y = x W^\top + b`.

    Args:
        x: array or Variable of shape (n, in) or (n, d1, d2, ...): all axes but the first
            ``n_batch_axes`` are taken as one.
        W: weights of shape (out, in).
        b: biases of shape (out,), or None.
        n_batch_axes: how many leading axes of ``x`` count examples.

    Returns:
        Array or Variable of shape (n, out): the batch axes of ``x``, and ``out``. Its dtype is the
        one that NumPy promotes the arguments to.

    Raises:
        ShapeError: the sizes do not fit.
        DtypeError: the arguments are no floats.
        RangeError: ``n_batch_axes`` is less than 1.

    >>> F.linear(np.array([[1.0, 2.0]]), np.array([[1.0, 1.0], [0.0, 3.0]]), np.array([0.5, 0.0]))
    array([[3.5, 6. ]])
    """
    if n_batch_axes.__class__ is not int:
        n_batch_axes = need_integer("linear(x, W, b, n_batch_axes)", "n_batch_axes", n_batch_axes)
    if n_batch_axes < 1:
        raise RangeError("linear(x, W, b, n_batch_axes)", f"n_batch_axes={n_batch_axes}", ">= 1")
    function = Linear(n_batch_axes)
    return function(x, W) if b is None else function(x, W, b)
