"""Inverses, determinants and factors of square matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec
from renkei.functions.linalg import matmul
from renkei.functions.reduction import sum
from renkei.functions.shape import swapaxes

__all__ = ["batch_det", "batch_inv", "cholesky", "det", "inv"]


class Inv(Function):
    """The inverses of a stack of square matrices."""

    def check(self, a: Any) -> Spec:
        return Spec(a.shape, a.dtype)

    def forward(self, a: Any) -> Any:
        return _solved("inv(a)", "an invertible matrix", self.kernel, "inv", a)

    def grad_a(self, gy: Any, y: Any) -> Any:
        return -matmul(matmul(y, gy, transa=True), y, transb=True)


class Det(Function):
    """The determinants of a stack of square matrices."""

    def check(self, a: Any) -> Spec:
        return Spec(a.shape[:-2], a.dtype)

    def forward(self, a: Any) -> Any:
        return self.kernel("det", a)

    # not y * inv(a): the determinant of a singular matrix has a gradient, too
    def grad_a(self, gy: Any, a: Any) -> Any:
        return gy.reshape((*gy.shape, 1, 1)) * Cofactor()(a)


class Cofactor(Function):
    """The derivatives of the determinant by the elements: det(a) inv(a)ᵀ of regular matrices."""

    def check(self, a: Any) -> Spec:
        return Spec(a.shape, a.dtype)

    def forward(self, a: Any) -> Any:
        return self.kernel("cofactor", a)

    def grad_a(self, gy: Any, a: Any, y: Any) -> Any:
        inverse = swapaxes(Inv()(a), -1, -2)
        along = sum(gy * y, (-2, -1), keepdims=True) * inverse
        return along - matmul(matmul(y, gy, transb=True), inverse)


class Cholesky(Function):
    """The lower triangular factors of a stack of positive definite matrices."""

    def check(self, a: Any) -> Spec:
        return Spec(a.shape, a.dtype)

    def forward(self, a: Any) -> Any:
        return _solved("cholesky(a)", "a positive definite matrix", self.kernel, "cholesky", a)

    def grad_a(self, gy: Any, y: Any) -> Any:
        xp, n = get_array_module(y), y.shape[-1]
        half = (xp.tri(n) - 0.5 * xp.eye(n)).astype(y.dtype)  # the diagonal counts once
        inverse = Inv()(y)
        inner = matmul(matmul(inverse, matmul(y, gy, transa=True) * half, transa=True), inverse)
        return (inner + swapaxes(inner, -1, -2)) * 0.5


def _solved(call: str, expected: str, run: Any, op: str, a: Any) -> Any:
    try:
        return run(op, a)
    except np.linalg.LinAlgError as error:
        raise RangeError(call, f"a {describe(a)}: {error}", expected) from error


def _check_square(call: str, a: Any, ndim: int | None, axes: str) -> None:
    """Refuses what is no stack of square matrices of floats; ``ndim`` None: any stack."""
    if getattr(a, "dtype", None) is None or a.dtype.kind != "f":
        raise DtypeError(call, f"a {describe(a)}", "an array of floats", "See F.cast.")
    right = a.ndim >= 2 if ndim is None else a.ndim == ndim
    if not right or a.shape[-1] != a.shape[-2]:
        raise ShapeError(call, f"a {a.shape}", f"square matrices of shape {axes}")


def inv(a: Any) -> Any:
    r"""The inverse of a square matrix: :math:`y = a^{-1}`.

    Args:
        a: array or Variable of floats of shape (n, n).

    Returns:
        Array or Variable of shape (n, n).

    Raises:
        ShapeError: ``a`` is no square matrix; see ``batch_inv`` for several.
        RangeError: the matrix is singular.

    >>> F.inv(np.array([[2.0, 1.0], [0.0, 4.0]]))
    array([[ 0.5  , -0.125],
           [ 0.   ,  0.25 ]])
    """
    _check_square("inv(a)", a, 2, "(n, n)")
    return Inv()(a)


def batch_inv(a: Any) -> Any:
    r"""The inverse of each square matrix of a batch: :math:`y_i = a_i^{-1}`.

    Args:
        a: array or Variable of floats of shape (batch, n, n).

    Returns:
        Array or Variable of shape (batch, n, n).

    Raises:
        ShapeError: ``a`` is no batch of square matrices.
        RangeError: a matrix is singular.

    >>> F.batch_inv(np.array([[[2.0]], [[4.0]]])).ravel()
    array([0.5 , 0.25])
    """
    _check_square("batch_inv(a)", a, 3, "(batch, n, n)")
    return Inv()(a)


def det(a: Any) -> Any:
    r"""The determinant of a square matrix: :math:`y = \det a`.

    Its gradient exists everywhere, the second one is computed for regular matrices.

    Args:
        a: array or Variable of floats of shape (n, n).

    Returns:
        Array or Variable of shape ().

    Raises:
        ShapeError: ``a`` is no square matrix; see ``batch_det`` for several.

    >>> F.det(np.array([[2.0, 1.0], [0.0, 4.0]]))
    array(8.)
    """
    _check_square("det(a)", a, 2, "(n, n)")
    return Det()(a)


def batch_det(a: Any) -> Any:
    r"""The determinant of each square matrix of a batch: :math:`y_i = \det a_i`.

    Args:
        a: array or Variable of floats of shape (batch, n, n).

    Returns:
        Array or Variable of shape (batch,).

    Raises:
        ShapeError: ``a`` is no batch of square matrices.

    >>> F.batch_det(np.array([[[2.0]], [[4.0]]]))
    array([2., 4.])
    """
    _check_square("batch_det(a)", a, 3, "(batch, n, n)")
    return Det()(a)


def cholesky(a: Any) -> Any:
    r"""Factors positive definite matrices: :math:`a = y y^\top` with lower triangular ``y``.

    Only the lower triangle of ``a`` is read; the gradient is that of a symmetric matrix, spread
    evenly over both triangles.

    Args:
        a: array or Variable of floats of shape (..., n, n), symmetric and positive definite.

    Returns:
        Array or Variable of shape (..., n, n), 0 above the diagonal.

    Raises:
        ShapeError: ``a`` is no square matrix or stack of them.
        RangeError: a matrix is not positive definite.

    I. Murray, Differentiation of the Cholesky decomposition, 2016.

    >>> F.cholesky(np.array([[4.0, 2.0], [2.0, 10.0]]))
    array([[2., 0.],
           [1., 3.]])
    """
    _check_square("cholesky(a)", a, None, "(..., n, n)")
    return Cholesky()(a)
