"""Softmax and its logarithm along one axis."""

from __future__ import annotations

from typing import Any

from renkei.core.errors import DtypeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, normalize_axis
from renkei.functions.math import exp
from renkei.functions.reduction import sum

__all__ = ["log_softmax", "softmax"]


class _AlongAxis(Function):
    def __init__(self, axis: int) -> None:
        self.axis = axis

    def _checked(self, call: str, x: Any) -> Spec:
        if x.dtype.kind != "f":
            raise DtypeError(call, f"x {describe(x)}", "an array of floats")
        return Spec(x.shape, x.dtype)


class Softmax(_AlongAxis):
    """The node of ``softmax``."""

    def check(self, x: Any) -> Spec:
        return self._checked("softmax(x, axis)", x)

    def forward(self, x: Any) -> Any:
        return self.kernel("softmax", x, axis=self.axis)

    def grad_x(self, gy: Any, y: Any) -> Any:
        return SoftmaxGrad(self.axis)(y, gy)


class SoftmaxGrad(_AlongAxis):
    r"""The gradient of softmax: :math:`gx = y (gy - \sum gy \, y)`."""

    outputs = ("gx",)

    def check(self, y: Any, gy: Any) -> Spec:
        return self._checked("softmax_grad(y, gy)", y)

    def forward(self, y: Any, gy: Any) -> Any:
        return self.kernel("softmax_grad", y, gy, axis=self.axis)

    def grad_y(self, ggx: Any, y: Any, gy: Any) -> Any:
        inner = sum(gy * y, axis=self.axis, keepdims=True)
        outer = sum(ggx * y, axis=self.axis, keepdims=True)
        return ggx * (gy - inner) - gy * outer

    def grad_gy(self, ggx: Any, y: Any) -> Any:
        return SoftmaxGrad(self.axis)(y, ggx)


class LogSoftmax(_AlongAxis):
    """The node of ``log_softmax``."""

    def check(self, x: Any) -> Spec:
        return self._checked("log_softmax(x, axis)", x)

    def forward(self, x: Any) -> Any:
        return self.kernel("log_softmax", x, axis=self.axis)

    def grad_x(self, gy: Any, y: Any) -> Any:
        return LogSoftmaxGrad(self.axis)(y, gy)


class LogSoftmaxGrad(_AlongAxis):
    r"""The gradient of log softmax: :math:`gx = gy - e^y \sum gy`."""

    outputs = ("gx",)

    def check(self, y: Any, gy: Any) -> Spec:
        return self._checked("log_softmax_grad(y, gy)", y)

    def forward(self, y: Any, gy: Any) -> Any:
        return self.kernel("log_softmax_grad", y, gy, axis=self.axis)

    def grad_y(self, ggx: Any, y: Any, gy: Any) -> Any:
        return -ggx * exp(y) * sum(gy, axis=self.axis, keepdims=True)

    def grad_gy(self, ggx: Any, y: Any) -> Any:
        return ggx - sum(ggx * exp(y), axis=self.axis, keepdims=True)


def _axis(call: str, axis: int, x: Any) -> int:
    if not hasattr(x, "ndim"):
        raise DtypeError(call, f"x {describe(x)}", "an array of floats")
    return normalize_axis(call, axis, x.ndim)


def softmax(x: Any, axis: int = 1) -> Any:
    r"""Softmax: :math:`y_i = e^{x_i} / \sum_j e^{x_j}` along an axis.

    Args:
        x: array or Variable of any shape with at least one axis.
        axis: the axis along which the results sum to 1.

    Returns:
        Array or Variable of the shape of ``x``. An element that is -inf gives 0; a row that is -inf
        throughout (everything masked out) gives zeros.

    Raises:
        RangeError: ``x`` has no such axis.
        DtypeError: ``x`` is no array of floats.

    >>> F.softmax(np.array([[1.0, 2.0, 3.0]])).round(3)
    array([[0.09 , 0.245, 0.665]])
    """
    return Softmax(_axis("softmax(x, axis)", axis, x))(x)


def log_softmax(x: Any, axis: int = 1) -> Any:
    r"""The logarithm of softmax: :math:`y_i = x_i - \log \sum_j e^{x_j}` along an axis.

    Args:
        x: array or Variable of any shape with at least one axis.
        axis: the axis of the classes.

    Returns:
        Array or Variable of the shape of ``x``.

    Raises:
        RangeError: ``x`` has no such axis.
        DtypeError: ``x`` is no array of floats.

    >>> F.log_softmax(np.array([[1.0, 2.0, 3.0]])).round(3)
    array([[-2.408, -1.408, -0.408]])
    """
    return LogSoftmax(_axis("log_softmax(x, axis)", axis, x))(x)
