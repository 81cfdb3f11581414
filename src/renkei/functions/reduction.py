"""Reductions along axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.elementwise import elementwise
from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, normalize_axes, normalize_axis
from renkei.functions.math import exp, square

__all__ = [
    "argmax",
    "argmin",
    "average",
    "batch_l2_norm_squared",
    "logsumexp",
    "max",
    "mean",
    "min",
    "sum",
]


def reduced_axes(call: str, x: Any, axis: Any) -> tuple[int, ...]:
    """The reduced axes, in order, counted from the front."""
    return tuple(sorted(normalize_axes(call, axis, _ndim(call, x))))


def _ndim(call: str, x: Any) -> int:
    try:
        return x.ndim
    except AttributeError:
        raise DtypeError(call, f"x {describe(x)}", "an array or a Variable") from None


def reduced_shape(shape: tuple[int, ...], axis: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    if keepdims:
        return tuple(1 if i in axis else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axis)


def summed_dtype(dtype: Any) -> np.dtype[Any]:
    """Small integers and booleans are summed as 64-bit integers."""
    if dtype.kind in "biu":
        return np.dtype(np.uint64 if dtype.kind == "u" else np.int64)
    return dtype


def _refuse_empty(call: str, x: Any, axis: tuple[int, ...]) -> None:
    if any(x.shape[i] == 0 for i in axis):
        raise ShapeError(
            call, f"x {x.shape}, axis {axis}", "at least one element along the reduced axes"
        )


# -- sums ------------------------------------------------------------------------------------------


class Spread(Function):
    """Repeats the result of a reduction over the axes that were reduced: the adjoint of sum."""

    def __init__(self, shape: tuple[int, ...], axis: tuple[int, ...]) -> None:
        self.shape, self.axis = shape, axis

    def check(self, x: Any) -> Spec:
        return Spec(self.shape, x.dtype)

    def forward(self, x: Any) -> Any:
        kept = x.reshape(reduced_shape(self.shape, self.axis, True))
        return get_array_module(x).broadcast_to(kept, self.shape)

    def grad_x(self, gy: Any) -> Any:
        kept = len(self.specs.x.shape) == len(self.shape)
        return Sum(self.axis, kept)(gy)


class Sum(Function):
    """Sum over axes."""

    def __init__(self, axis: tuple[int, ...], keepdims: bool) -> None:
        self.axis, self.keepdims = axis, keepdims

    def check(self, x: Any) -> Spec:
        return Spec(reduced_shape(x.shape, self.axis, self.keepdims), summed_dtype(x.dtype))

    def forward(self, x: Any) -> Any:
        return self.kernel("sum", x, axis=self.axis, keepdims=self.keepdims)

    def grad_x(self, gy: Any) -> Any:
        return Spread(self.specs.x.shape, self.axis)(gy)


def sum(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    r"""Sum of the elements over axes.

    Args:
        x: array or Variable.
        axis: the axis or axes to sum over; None: all of them.
        keepdims: keep the summed axes, with size 1.

    Returns:
        Array or Variable of the shape of ``x`` without the summed axes. Half precision is summed
        in single precision.

    Raises:
        RangeError: ``x`` has no such axis.

    >>> F.sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([4., 6.])
    """
    return Sum(reduced_axes("sum(x, axis)", x, axis), bool(keepdims))(x)


class Mean(Function):
    """Mean over axes."""

    def __init__(self, axis: tuple[int, ...], keepdims: bool) -> None:
        self.axis, self.keepdims = axis, keepdims

    def check(self, x: Any) -> Spec:
        if x.dtype.kind not in "fc":
            raise DtypeError(
                "mean(x)", f"x {describe(x)}", "floating numbers", "Convert: F.cast(x, np.float32)."
            )
        return Spec(reduced_shape(x.shape, self.axis, self.keepdims), x.dtype)

    def forward(self, x: Any) -> Any:
        return self.kernel("mean", x, axis=self.axis, keepdims=self.keepdims)

    def grad_x(self, gy: Any) -> Any:
        shape = self.specs.x.shape
        n = math.prod(shape[i] for i in self.axis)
        return Spread(shape, self.axis)(gy * (1.0 / n if n else math.nan))


def average(
    x: Any,
    axis: int | tuple[int, ...] | None = None,
    weights: Any = None,
    keepdims: bool = False,
) -> Any:
    r"""Weighted mean over axes: :math:`y = \sum_i w_i x_i / \sum_i w_i`.

    Args:
        x: array or Variable.
        axis: the axis or axes to average over; None: all of them.
        weights: array or Variable of the shape of ``x``, or of the sizes of ``x`` along the
            averaged axes; None: all equal.
        keepdims: keep the averaged axes, with size 1.

    Returns:
        Array or Variable of the shape of ``x`` without the averaged axes.

    Raises:
        RangeError: ``x`` has no such axis.
        ShapeError: ``weights`` has another shape.
        DtypeError: ``x`` is not floating.

    >>> F.average(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1, weights=np.array([3.0, 1.0]))
    array([1.25, 3.25])
    """
    return _averaged("average(x, axis, weights)", x, axis, weights, bool(keepdims))


def _averaged(call: str, x: Any, axis: Any, weights: Any, keepdims: bool) -> Any:
    axes = reduced_axes(call, x, axis)
    if weights is None:
        return Mean(axes, keepdims)(x)
    if getattr(weights, "shape", None) is None:
        raise DtypeError(call, f"weights {describe(weights)}", "an array or a Variable")
    if weights.shape != x.shape:
        sizes = tuple(x.shape[i] for i in axes)
        if weights.shape != sizes:
            raise ShapeError(
                call,
                f"x {x.shape}, axis {axis}, weights {weights.shape}",
                f"weights of the shape of x or {sizes}, the sizes along the averaged axes",
            )
        others = tuple(set(range(x.ndim)) - set(axes))
        weights = weights.reshape(reduced_shape(x.shape, others, True))
    total = sum(weights, axes, keepdims)
    return sum(x * weights, axes, keepdims) / total


def mean(
    x: Any,
    axis: int | tuple[int, ...] | None = None,
    weights: Any = None,
    keepdims: bool = False,
) -> Any:
    r"""Mean of the elements over axes; the same as ``average``.

    Args:
        x: array or Variable.
        axis: the axis or axes to average over; None: all of them.
        weights: array or Variable of the shape of ``x``, or of the sizes of ``x`` along the
            averaged axes; None: all equal.
        keepdims: keep the averaged axes, with size 1.

    Returns:
        Array or Variable of the shape of ``x`` without the averaged axes. Half precision is summed
        in single precision.

    Raises:
        RangeError: ``x`` has no such axis.
        ShapeError: ``weights`` has another shape.
        DtypeError: ``x`` is not floating.

    >>> F.mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([2., 3.])
    """
    return _averaged("mean(x, axis, weights)", x, axis, weights, bool(keepdims))


def batch_l2_norm_squared(x: Any) -> Any:
    r"""The squared Euclidean norm of each item of a batch: :math:`y_n = \sum_i x_{n,i}^2`.

    Args:
        x: array or Variable of shape (batch, ...), with at least two axes.

    Returns:
        Array or Variable of shape (batch,).

    Raises:
        ShapeError: ``x`` has fewer than two axes.

    >>> F.batch_l2_norm_squared(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([ 5., 25.])
    """
    if _ndim("batch_l2_norm_squared(x)", x) < 2:
        raise ShapeError("batch_l2_norm_squared(x)", f"x {x.shape}", "(batch, ...)")
    return sum(square(x), tuple(range(1, x.ndim)))


# -- extremes --------------------------------------------------------------------------------------


def _where_eq_g(gy: Any, a: Any, b: Any) -> Any:
    return _where_eq(gy, a, b)


@elementwise(g=_where_eq_g)
def _where_eq(xp: Any, g: Any, a: Any, b: Any) -> Any:
    """g where a == b, 0 elsewhere."""
    return xp.where(a == b, g, 0)


class _Extreme(Function):
    """The greatest or smallest element over axes."""

    def __init__(self, axis: tuple[int, ...], keepdims: bool) -> None:
        self.axis, self.keepdims = axis, keepdims

    def check(self, x: Any) -> Spec:
        _refuse_empty(f"{self.op}(x, axis)", x, self.axis)
        return Spec(reduced_shape(x.shape, self.axis, self.keepdims), x.dtype)

    def grad_x(self, gy: Any, x: Any, y: Any) -> Any:
        spread = self.specs.x.shape, self.axis
        return _where_eq(Spread(*spread)(gy), x, Spread(*spread)(y))


class Max(_Extreme):
    """The greatest element over axes."""

    def forward(self, x: Any) -> Any:
        return self.kernel("max", x, axis=self.axis, keepdims=self.keepdims)


class Min(_Extreme):
    """The smallest element over axes."""

    def forward(self, x: Any) -> Any:
        return self.kernel("min", x, axis=self.axis, keepdims=self.keepdims)


def max(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    r"""The greatest element over axes. All elements that are equal to it receive the gradient.

    Args:
        x: array or Variable.
        axis: the axis or axes to reduce; None: all of them.
        keepdims: keep the reduced axes, with size 1.

    Returns:
        Array or Variable of the shape of ``x`` without the reduced axes.

    Raises:
        RangeError: ``x`` has no such axis.
        ShapeError: there is no element along a reduced axis.

    >>> F.max(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=0)
    array([3., 4.])
    """
    return Max(reduced_axes("max(x, axis)", x, axis), bool(keepdims))(x)


def min(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    r"""The smallest element over axes. All elements that are equal to it receive the gradient.

    Args:
        x: array or Variable.
        axis: the axis or axes to reduce; None: all of them.
        keepdims: keep the reduced axes, with size 1.

    Returns:
        Array or Variable of the shape of ``x`` without the reduced axes.

    Raises:
        RangeError: ``x`` has no such axis.
        ShapeError: there is no element along a reduced axis.

    >>> F.min(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=0)
    array([1., 2.])
    """
    return Min(reduced_axes("min(x, axis)", x, axis), bool(keepdims))(x)


class _ArgExtreme(Function):
    """Where the greatest or smallest element is."""

    def __init__(self, axis: int | None) -> None:
        self.axis = axis

    def check(self, x: Any) -> Spec:
        axis = tuple(range(x.ndim)) if self.axis is None else (self.axis,)
        _refuse_empty(f"{self.op}(x, axis)", x, axis)
        return Spec(reduced_shape(x.shape, axis, False), np.dtype(np.int32))


class Argmax(_ArgExtreme):
    """Where the greatest element is."""

    def forward(self, x: Any) -> Any:
        return self.kernel("argmax", x, axis=self.axis)


class Argmin(_ArgExtreme):
    """Where the smallest element is."""

    def forward(self, x: Any) -> Any:
        return self.kernel("argmin", x, axis=self.axis)


def one_axis(call: str, x: Any, axis: int | None) -> int | None:
    ndim = _ndim(call, x)
    return None if axis is None else normalize_axis(call, axis, ndim)


def argmax(x: Any, axis: int | None = None) -> Any:
    r"""The index of the first greatest element along an axis. Not differentiable.

    Args:
        x: array or Variable.
        axis: the axis; None: ``x`` counts as flattened.

    Returns:
        Array or Variable of int32, of the shape of ``x`` without the axis.

    Raises:
        RangeError: ``x`` has no such axis.
        ShapeError: there is no element along the axis.

    >>> F.argmax(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=1)
    array([1, 0], dtype=int32)
    """
    return Argmax(one_axis("argmax(x, axis)", x, axis))(x)


def argmin(x: Any, axis: int | None = None) -> Any:
    r"""The index of the first smallest element along an axis. Not differentiable.

    Args:
        x: array or Variable.
        axis: the axis; None: ``x`` counts as flattened.

    Returns:
        Array or Variable of int32, of the shape of ``x`` without the axis.

    Raises:
        RangeError: ``x`` has no such axis.
        ShapeError: there is no element along the axis.

    >>> F.argmin(np.array([[1.0, 4.0], [3.0, 2.0]]), axis=1)
    array([0, 1], dtype=int32)
    """
    return Argmin(one_axis("argmin(x, axis)", x, axis))(x)


class Logsumexp(Function):
    """The logarithm of the sum of exponentials over axes."""

    def __init__(self, axis: tuple[int, ...]) -> None:
        self.axis = axis

    def check(self, x: Any) -> Spec:
        if x.dtype.kind != "f":
            raise DtypeError("logsumexp(x)", f"x {describe(x)}", "floating numbers")
        return Spec(reduced_shape(x.shape, self.axis, False), x.dtype)

    def forward(self, x: Any) -> Any:
        return self.kernel("logsumexp", x, axis=self.axis)

    def grad_x(self, gy: Any, x: Any, y: Any) -> Any:
        spread = self.specs.x.shape, self.axis
        return Spread(*spread)(gy) * exp(x - Spread(*spread)(_finite(y)))


@elementwise(x=lambda gy: gy)
def _finite(xp: Any, x: Any) -> Any:
    """x, with 0 for infinities: a row of -infinity then has the gradient 0, not NaN."""
    return xp.where(xp.isfinite(x), x, 0)


def logsumexp(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    r"""The logarithm of the sum of exponentials, without overflow: :math:`y = \ln \sum_i e^{x_i}`.

    Args:
        x: array or Variable.
        axis: the axis or axes to sum over; None: all of them.

    Returns:
        Array or Variable of the shape of ``x`` without the summed axes.

    Raises:
        RangeError: ``x`` has no such axis.
        DtypeError: ``x`` is not floating.

    >>> F.logsumexp(np.array([1000.0, 1000.0]))
    array(1000.69314718)
    """
    return Logsumexp(reduced_axes("logsumexp(x, axis)", x, axis))(x)
