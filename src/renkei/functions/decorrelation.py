"""Decorrelated batch normalization: whitening by the covariance of the batch."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_arrays, need_integer
from renkei.functions.conversion import cast
from renkei.functions.linalg import matmul
from renkei.functions.reduction import mean as mean_over
from renkei.functions.renormalization import check_eps
from renkei.functions.shape import moveaxis, reshape, swapaxes

__all__ = ["decorrelated_batch_normalization", "fixed_decorrelated_batch_normalization"]


class InverseSquareRoot(Function):
    """(a + eps I) ** -1/2 of symmetric matrices (groups, n, n)."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def check(self, a: Any) -> Spec:
        return Spec(a.shape, a.dtype)

    def forward(self, a: Any) -> Any:
        return self.kernel("inverse_square_root", a, eps=self.eps)

    def grad_a(self, gy: Any, a: Any, y: Any) -> Any:
        # the square root of s = a + eps I is s times its inverse root
        return InverseSquareRootGrad()(matmul(a, y) + y * self.eps, _symmetric(gy))


class InverseSquareRootGrad(Function):
    r"""Solves :math:`r X r^2 + r^2 X r = -g` for X, with symmetric r (the root) and g."""

    def check(self, root: Any, g: Any) -> Spec:
        return Spec(g.shape, g.dtype)

    def forward(self, root: Any, g: Any) -> Any:
        return self.kernel("inverse_square_root_grad", root, g)

    def grad_g(self, gy: Any, root: Any) -> Any:
        return InverseSquareRootGrad()(root, gy)

    def grad_root(self, gy: Any, root: Any, y: Any) -> Any:
        # y solves the equation: the change of its left side must be undone by a change of y
        z = InverseSquareRootGrad()(root, _symmetric(gy))
        zr, yr = matmul(z, root), matmul(y, root)
        half = matmul(zr, swapaxes(yr, 1, 2)) + matmul(yr, zr)
        half = half + matmul(matmul(root, yr), z)
        return half + swapaxes(half, 1, 2)


def _symmetric(g: Any) -> Any:
    return (g + swapaxes(g, 1, 2)) * 0.5


class WhiteningAverages(Function):
    """Updates running averages; what it returns is what it was given."""

    outputs = ("last_mean", "last_projection")

    def __init__(self, decay: float, adjust: float) -> None:
        self.decay, self.adjust = decay, adjust

    def check(
        self, mean: Any, projection: Any, running_mean: Any = None, running_projection: Any = None
    ) -> tuple[Spec, Spec]:
        return Spec(mean.shape, mean.dtype), Spec(projection.shape, projection.dtype)

    def forward(
        self, mean: Any, projection: Any, running_mean: Any = None, running_projection: Any = None
    ) -> Any:
        arrays = mean, projection, running_mean, running_projection
        return self.kernel("whitening_averages", *arrays, **self.attrs)


def _groups(call: str, x: Any, groups: int) -> tuple[int, int, int]:
    """Groups, channels of each, and values of each channel."""
    if getattr(x, "ndim", 0) < 2:
        raise ShapeError(call, f"x {describe(x)}", "an array (batch, channel, ...)")
    if x.dtype.kind != "f":
        raise DtypeError(call, f"x {describe(x)}", "an array of floats", "See F.cast.")
    groups = need_integer(call, "groups", groups)
    if groups < 1 or x.shape[1] % groups:
        raise ShapeError(call, f"groups={groups} and x {x.shape}", "groups that divide x.shape[1]")
    return groups, x.shape[1] // groups, prod(x.shape) // max(x.shape[1], 1)


def _grouped(x: Any, sizes: tuple[int, int, int], dtype: Any) -> Any:
    """(groups, channels, values)"""
    return reshape(moveaxis(cast(x, dtype), 1, 0), sizes)


def _ungrouped(y: Any, like: Any) -> Any:
    shape = (like.shape[1], like.shape[0], *like.shape[2:])
    return cast(moveaxis(reshape(y, shape), 0, 1), like.dtype)


def decorrelated_batch_normalization(
    x: Any,
    *,
    groups: int = 16,
    eps: float = 2e-5,
    running_mean: Any = None,
    running_projection: Any = None,
    decay: float = 0.9,
) -> Any:
    r"""Whitens groups of channels: mean 0, variance 1 and no correlation within a group.

    .. math:: y = P (x - \mu), \qquad P = \Sigma^{-1/2}, \quad
        \Sigma = \tfrac1m (x - \mu)(x - \mu)^T + \epsilon I

    over the m values of each channel in the batch. P is the symmetric root (ZCA whitening), which
    changes ``x`` as little as can be. The running averages, if given, are updated in place:

    .. math:: r_\mu \leftarrow \lambda r_\mu + (1 - \lambda) \mu, \qquad
        r_P \leftarrow \lambda r_P + (1 - \lambda) \tfrac{m}{m - 1} P

    Args:
        x: array or Variable of floats, (batch, channel, ...).
        groups: number of groups into which the channels fall.
        eps: added to the variances.
        running_mean: array (groups, channel / groups), or None; written to.
        running_projection: array (groups, channel / groups, channel / groups), or None; written to.
        decay: weight :math:`\lambda` of the old averages.

    Returns:
        Array or Variable of the shape and dtype of ``x``.

    Raises:
        ShapeError: ``groups`` does not divide the channels, an average has another shape, or ``x``
            is empty.
        DtypeError: ``x`` is no array of floats.
        RangeError: ``eps`` is negative.

    Huang et al., "Decorrelated batch normalization" (2018).

    >>> x = np.random.default_rng(0).normal(size=(100, 2)) @ np.array([[2.0, 1.0], [0.0, 1.0]])
    >>> y = F.decorrelated_batch_normalization(x, groups=1)
    >>> abs(np.cov(y.T, bias=True)).round(3)
    array([[1., 0.],
           [0., 1.]])
    """
    call = "decorrelated_batch_normalization(x)"
    sizes = g, c, m = _groups(call, x, groups)
    check_eps(call, eps)
    if m == 0 or c == 0:
        raise ShapeError(call, f"x {x.shape}", "at least one value for each channel")
    averages = [getattr(a, "array", a) for a in (running_mean, running_projection)]
    for name, a, shape in zip(
        ("running_mean", "running_projection"), averages, ((g, c), (g, c, c))
    ):
        if a is not None:
            need_arrays(call, **{name: a})
        if a is not None and a.shape != shape:
            raise ShapeError(call, f"{name} {a.shape} and x {x.shape}", f"{name}.shape == {shape}")
    wide = _grouped(x, sizes, np.result_type(np.float32, x.dtype))
    mean = mean_over(wide, axis=2, keepdims=True)
    centred = wide - mean
    covariance = matmul(centred, swapaxes(centred, 1, 2)) * (1 / m)
    projection = InverseSquareRoot(eps)(covariance)
    if any(a is not None for a in averages):
        WhiteningAverages(decay, m / max(m - 1, 1))(mean, projection, *averages)
    return _ungrouped(matmul(projection, centred), x)


def fixed_decorrelated_batch_normalization(
    x: Any, mean: Any, projection: Any, groups: int = 16
) -> Any:
    r"""Whitens groups of channels by a given mean and projection: :math:`y = P (x - \mu)`.

    Args:
        x: array or Variable of floats, (batch, channel, ...).
        mean: array or Variable (groups, channel / groups).
        projection: array or Variable (groups, channel / groups, channel / groups).
        groups: number of groups into which the channels fall.

    Returns:
        Array or Variable of the shape and dtype of ``x``.

    Raises:
        ShapeError: ``groups`` does not divide the channels, or an argument has another shape.
        DtypeError: ``x`` is no array of floats.

    >>> x = np.array([[1.0, 5.0]])
    >>> P = np.array([[[0.0, 1.0], [2.0, 0.0]]])
    >>> F.fixed_decorrelated_batch_normalization(x, np.array([[1.0, 2.0]]), P, groups=1)
    array([[3., 0.]])
    """
    call = "fixed_decorrelated_batch_normalization(x, mean, projection)"
    sizes = g, c, _ = _groups(call, x, groups)
    need_arrays(call, mean=mean, projection=projection)
    for name, a, shape in (("mean", mean, (g, c)), ("projection", projection, (g, c, c))):
        if a.shape != shape:
            raise ShapeError(call, f"{name} {a.shape} and x {x.shape}", f"{name}.shape == {shape}")
    dtype = np.result_type(np.float32, x.dtype, mean.dtype, projection.dtype)
    centred = _grouped(x, sizes, dtype) - cast(reshape(mean, (g, c, 1)), dtype)
    return _ungrouped(matmul(cast(projection, dtype), centred), x)
