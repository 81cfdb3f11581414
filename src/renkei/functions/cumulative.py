"""Products along axes, and running sums and products."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.errors import ShapeError
from renkei.core.function import Function
from renkei.core.shapes import Spec
from renkei.functions.reduction import (
    Spread,
    one_axis,
    reduced_axes,
    reduced_shape,
    summed_dtype,
)

__all__ = ["cumprod", "cumsum", "prod"]


class Cumsum(Function):
    """Running sum along an axis, from its end if ``reverse``."""

    def __init__(self, axis: int, reverse: bool = False) -> None:
        self.axis, self.reverse = axis, reverse

    def check(self, x: Any) -> Spec:
        return Spec(x.shape, summed_dtype(x.dtype))

    def forward(self, x: Any) -> Any:
        return self.kernel("cumsum", x, axis=self.axis, reverse=self.reverse)

    def grad_x(self, gy: Any) -> Any:
        return Cumsum(self.axis, not self.reverse)(gy)


class Shift(Function):
    """Moves the elements one place up (``step`` 1) or down (-1) an axis; ``fill`` moves in."""

    def __init__(self, axis: int, step: int, fill: float) -> None:
        self.axis, self.step, self.fill = axis, step, fill

    def check(self, x: Any) -> Spec:
        return Spec(x.shape, x.dtype)

    def forward(self, x: Any) -> Any:
        y = get_array_module(x).empty_like(x)
        low, high = slice(None, -1), slice(1, None)
        to, come, edge = (high, low, slice(0, 1)) if self.step > 0 else (low, high, slice(-1, None))
        lead = (slice(None),) * self.axis
        y[*lead, to] = x[*lead, come]
        y[*lead, edge] = self.fill
        return y

    def grad_x(self, gy: Any) -> Any:
        return Shift(self.axis, -self.step, 0)(gy)


class LinearRecurrence(Function):
    """:math:`y_k = a_k y_{k-1} + b_k` along an axis, from its end if ``reverse``."""

    def __init__(self, axis: int, reverse: bool) -> None:
        self.axis, self.reverse = axis, reverse

    def check(self, a: Any, b: Any) -> Spec:
        if a.shape != b.shape:
            raise ShapeError("linear_recurrence(a, b)", f"a {a.shape} and b {b.shape}", "equal")
        return Spec(b.shape, b.dtype)

    def forward(self, a: Any, b: Any) -> Any:
        return self.kernel("linear_recurrence", a, b, axis=self.axis, reverse=self.reverse)

    def grads(self, wanted: tuple[bool, ...], gy: Any, a: Any, y: Any) -> tuple[Any, Any]:
        ahead = -1 if self.reverse else 1
        gb = LinearRecurrence(self.axis, not self.reverse)(Shift(self.axis, -ahead, 0)(a), gy)
        return gb * Shift(self.axis, ahead, 0)(y) if wanted[0] else None, gb


class Cumprod(Function):
    """Running product along an axis, from its end if ``reverse``."""

    def __init__(self, axis: int, reverse: bool = False) -> None:
        self.axis, self.reverse = axis, reverse

    def check(self, x: Any) -> Spec:
        return Spec(x.shape, summed_dtype(x.dtype))

    def forward(self, x: Any) -> Any:
        return self.kernel("cumprod", x, axis=self.axis, reverse=self.reverse)

    def grad_x(self, gy: Any, x: Any) -> Any:
        # Not gy * y / x: that is NaN where x is 0. What stands before x times what comes after it.
        ahead = -1 if self.reverse else 1
        before = Cumprod(self.axis, self.reverse)(Shift(self.axis, ahead, 1)(x))
        factors = Shift(self.axis, -ahead, 0)(x)
        return before * LinearRecurrence(self.axis, not self.reverse)(factors, gy)


class Prod(Function):
    """Product along one axis."""

    def __init__(self, axis: int, keepdims: bool) -> None:
        self.axis, self.keepdims = axis, keepdims

    def check(self, x: Any) -> Spec:
        return Spec(reduced_shape(x.shape, (self.axis,), self.keepdims), summed_dtype(x.dtype))

    def forward(self, x: Any) -> Any:
        return self.kernel("prod", x, axis=self.axis, keepdims=self.keepdims)

    def grad_x(self, gy: Any, x: Any) -> Any:
        # Not gy * y / x: that is NaN where x is 0.
        before = Cumprod(self.axis)(Shift(self.axis, 1, 1)(x))
        after = Cumprod(self.axis, True)(Shift(self.axis, -1, 1)(x))
        return Spread(self.specs.x.shape, (self.axis,))(gy) * (before * after)


def prod(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    r"""Product of the elements over axes. The gradient is right where elements are 0, too.

    Args:
        x: array or Variable.
        axis: the axis or axes to multiply over; None: all of them.
        keepdims: keep the reduced axes, with size 1.

    Returns:
        Array or Variable of the shape of ``x`` without the reduced axes.

    Raises:
        RangeError: ``x`` has no such axis.

    >>> F.prod(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([3., 8.])
    """
    for i in reversed(reduced_axes("prod(x, axis)", x, axis)):
        x = Prod(i, bool(keepdims))(x)
    return x


def cumsum(x: Any, axis: int | None = None) -> Any:
    r"""Running sum along an axis: :math:`y_k = \sum_{i \le k} x_i`.

    Args:
        x: array or Variable.
        axis: the axis; None: ``x`` is flattened first.

    Returns:
        Array or Variable of the shape of ``x``, or flat if ``axis`` is None.

    Raises:
        RangeError: ``x`` has no such axis.

    >>> F.cumsum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    array([[1., 3.],
           [3., 7.]])
    """
    along = one_axis("cumsum(x, axis)", x, axis)
    return Cumsum(0)(x.reshape(-1)) if along is None else Cumsum(along)(x)


def cumprod(x: Any, axis: int | None = None) -> Any:
    r"""Running product along an axis: :math:`y_k = \prod_{i \le k} x_i`.

    Args:
        x: array or Variable.
        axis: the axis; None: ``x`` is flattened first.

    Returns:
        Array or Variable of the shape of ``x``, or flat if ``axis`` is None.

    Raises:
        RangeError: ``x`` has no such axis.

    >>> F.cumprod(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=1)
    array([[ 1.,  2.],
           [ 3., 12.]])
    """
    along = one_axis("cumprod(x, axis)", x, axis)
    return Cumprod(0)(x.reshape(-1)) if along is None else Cumprod(along)(x)
