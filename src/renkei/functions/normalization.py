"""Normalization: by statistics of the batch, of each example, of groups of channels, by length."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from renkei.core.broadcast import sum_to
from renkei.core.composite import composite
from renkei.core.elementwise import elementwise
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_arrays, need_integer, need_number, normalize_axes
from renkei.core.variable import Variable
from renkei.functions.conversion import cast
from renkei.functions.math import rsqrt, square
from renkei.functions.pooling import AveragePooling
from renkei.functions.reduction import sum
from renkei.functions.shape import reshape

__all__ = [
    "batch_normalization",
    "fixed_batch_normalization",
    "group_normalization",
    "layer_normalization",
    "local_response_normalization",
    "normalize",
    "rms_normalization",
]

_Axes = tuple[int, ...]


def _working(*arrays: Any) -> Any:
    """The dtype to compute in: that of the widest argument, and float32 at least."""
    return np.result_type(np.float32, *[a.dtype for a in arrays if a is not None])


def _gradients(
    gy: Any, x: Any, gamma: Any, eps: float, axis: _Axes, shape: tuple[int, ...]
) -> tuple[Any, Any, Any]:
    """What the gradient kernels compute, as a differentiable formula.

    ``axis`` are the axes of the statistics, ``shape`` is that of gamma and beta beside ``x``.
    """
    dtype = _working(x, gamma)
    gy, wide = cast(gy, dtype), cast(x, dtype)
    kept = tuple(1 if i in axis else n for i, n in enumerate(x.shape))
    share = 1 / max(prod(x.shape[i] for i in axis), 1)
    centred = wide - sum_to(wide, kept) * share
    inv_std = rsqrt(sum_to(square(centred), kept) * share + eps)
    normal = centred * inv_std
    g = gy if gamma is None else gy * reshape(cast(gamma, dtype), shape)
    along = sum_to(g * normal, kept) * share
    gx = (g - sum_to(g, kept) * share - normal * along) * inv_std
    return cast(gx, x.dtype), sum_to(gy * normal, shape), sum_to(gy, shape)


def _floats(call: str, **arrays: Any) -> None:
    for name, a in arrays.items():
        if a is not None and getattr(getattr(a, "dtype", None), "kind", "") != "f":
            raise DtypeError(call, f"{name} {describe(a)}", "an array of floats", "See F.cast.")


class BatchNormalization(Function):
    """The node of ``batch_normalization``; it writes to the running averages."""

    residuals = ("mean", "inv_std")

    def __init__(self, eps: float, decay: float, axis: _Axes) -> None:
        self.eps, self.decay, self.axis = eps, decay, axis

    def check(
        self, x: Any, gamma: Any, beta: Any, running_mean: Any = None, running_var: Any = None
    ) -> Spec:
        _check_beside(
            "batch_normalization(x, gamma, beta)",
            self.axis,
            x,
            gamma=gamma,
            beta=beta,
            running_mean=running_mean,
            running_var=running_var,
        )
        return Spec(x.shape, x.dtype)

    def forward(
        self, x: Any, gamma: Any, beta: Any, running_mean: Any = None, running_var: Any = None
    ) -> Any:
        attrs = {"eps": self.eps, "decay": self.decay, "axis": self.axis}
        return self.kernel(
            "batch_normalization", x, gamma, beta, running_mean, running_var, **attrs
        )

    def grads(self, wanted: Any, gy: Any, x: Any, gamma: Any, mean: Any, inv_std: Any) -> Any:
        if not isinstance(gy, Variable):
            arrays = (gy, x, gamma, mean, inv_std)
            gx, ggamma, gbeta = self.kernel("batch_normalization_grad", *arrays, axis=self.axis)
        else:
            kept = tuple(1 if i in self.axis else n for i, n in enumerate(x.shape))
            gx, ggamma, gbeta = _gradients(gy, x, gamma, self.eps, self.axis, kept)
            ggamma, gbeta = reshape(ggamma, gamma.shape), reshape(gbeta, gamma.shape)
        specs = self.specs
        return gx, cast(ggamma, specs.gamma.dtype), cast(gbeta, specs.beta.dtype)


def _check_beside(call: str, axis: _Axes, x: Any, **arrays: Any) -> None:
    """Refuses parameters whose shape is not what reducing ``x`` over ``axis`` leaves."""
    _floats(call, x=x, **arrays)
    kept = tuple(n for i, n in enumerate(x.shape) if i not in axis)
    for name, a in arrays.items():
        if a is not None and a.shape != kept:
            raise ShapeError(
                call,
                f"x {x.shape} and {name} {a.shape}",
                f"{name}.shape == {kept}",
                f"Statistics are over the axes {axis} of x; one value for each of the rest.",
            )


def _batch_axes(call: str, x: Any, axis: Any) -> _Axes:
    ndim = getattr(x, "ndim", 0)
    if ndim < (2 if axis is None else 1):
        raise ShapeError(call, f"x {describe(x)}", "an array (batch, channel, ...)")
    return (0, *range(2, ndim)) if axis is None else tuple(sorted(normalize_axes(call, axis, ndim)))


def batch_normalization(
    x: Any,
    gamma: Any,
    beta: Any,
    eps: float = 2e-5,
    running_mean: Any = None,
    running_var: Any = None,
    decay: float = 0.9,
    axis: int | tuple[int, ...] | None = None,
) -> Any:
    r"""Normalizes each channel by its mean and variance over the batch.

    .. math:: y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta

    where :math:`\mu` and :math:`\sigma^2` are the mean and the (biased) variance of ``x`` over
    ``axis``. The running averages, if given, are updated in place:

    .. math:: r_\mu \leftarrow \lambda r_\mu + (1 - \lambda) \mu, \qquad
        r_{\sigma^2} \leftarrow \lambda r_{\sigma^2} + (1 - \lambda) \tfrac{m}{m - 1} \sigma^2

    with decay :math:`\lambda` and m values in each mean.

    Args:
        x: array or Variable of floats, (batch, channel, ...).
        gamma: scale, of the shape of ``x`` without ``axis``: (channel,).
        beta: shift, of the same shape.
        eps: added to the variance.
        running_mean: array of that shape, or None; written to.
        running_var: array of that shape, or None; written to.
        decay: weight of the old averages.
        axis: the axes that statistics are taken over; None: all but axis 1.

    Returns:
        Array or Variable of the shape and dtype of ``x``. Statistics of float16 are computed in
        float32.

    Raises:
        ShapeError: a parameter does not have the shape of ``x`` without ``axis``.
        DtypeError: an argument is no array of floats.

    Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift" (2015).

    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> F.batch_normalization(x, np.ones(2), np.zeros(2)).round(3)
    array([[-1., -1.],
           [ 1.,  1.]])
    """
    axes = _batch_axes("batch_normalization(x, gamma, beta)", x, axis)
    node = BatchNormalization(eps, decay, axes)
    if running_mean is None and running_var is None:
        return node(x, gamma, beta)
    mean, var = (getattr(a, "array", a) for a in (running_mean, running_var))
    return node(x, gamma, beta, mean, var)


@composite
def fixed_batch_normalization(
    x: Any,
    gamma: Any,
    beta: Any,
    mean: Any,
    var: Any,
    eps: float = 2e-5,
    axis: int | tuple[int, ...] | None = None,
) -> Any:
    r"""Normalizes each channel by a given mean and variance: batch normalization when testing.

    .. math:: y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta

    Args:
        x: array or Variable of floats, (batch, channel, ...).
        gamma: scale, of the shape of ``x`` without ``axis``: (channel,).
        beta, mean, var: shift, mean and variance, of the same shape.
        eps: added to the variance.
        axis: the axes that are not named by the other arguments; None: all but axis 1.

    Returns:
        Array or Variable of the shape and dtype of ``x``.

    Raises:
        ShapeError: a parameter does not have the shape of ``x`` without ``axis``.
        DtypeError: an argument is no array of floats.

    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
    >>> ones = np.ones(2)
    >>> F.fixed_batch_normalization(x, ones, 0 * ones, np.array([2.0, 20.0]), ones).round(3)
    array([[ -1., -10.],
           [  1.,  10.]])
    """
    call = "fixed_batch_normalization(x, gamma, beta, mean, var)"
    need_arrays(call, x=x, gamma=gamma, beta=beta, mean=mean, var=var)
    need_number(call, "eps", eps)
    axes = _batch_axes(call, x, axis)
    parameters = {"gamma": gamma, "beta": beta, "mean": mean, "var": var}
    _check_beside(call, axes, x, **parameters)
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    dtype = _working(x, gamma, beta)
    gamma, beta, mean, var = (reshape(cast(a, dtype), kept) for a in parameters.values())
    y = (cast(x, dtype) - mean) * (gamma * rsqrt(var + eps)) + beta
    return cast(y, x.dtype)


class LayerNormalization(Function):
    """The node of ``layer_normalization``; without gamma and beta it only normalizes."""

    residuals = ("mean", "inv_std")

    def __init__(self, eps: float, axis: _Axes) -> None:
        self.eps, self.axis = eps, axis

    def check(self, x: Any, gamma: Any = None, beta: Any = None) -> Spec:
        call = "layer_normalization(x, gamma, beta)"
        _floats(call, x=x, gamma=gamma, beta=beta)
        for name, a in (("gamma", gamma), ("beta", beta)):
            if a is not None and (
                a.ndim >= x.ndim or a.shape != x.shape[x.ndim - len(self.axis) :]
            ):
                raise ShapeError(
                    call,
                    f"x {x.shape} and {name} {a.shape}",
                    "gamma and beta of the shape of the last axes of x",
                    "The first axis of x is the batch.",
                )
        return Spec(x.shape, x.dtype)

    def forward(self, x: Any, gamma: Any = None, beta: Any = None) -> Any:
        return self.kernel("layer_normalization", x, gamma, beta, eps=self.eps, axis=self.axis)

    def grads(self, wanted: Any, gy: Any, x: Any, gamma: Any, mean: Any, inv_std: Any) -> Any:
        if not isinstance(gy, Variable):
            arrays = (gy, x, gamma, mean, inv_std)
            gx, ggamma, gbeta = self.kernel("layer_normalization_grad", *arrays, axis=self.axis)
        else:
            shape = x.shape[x.ndim - len(self.axis) :]
            gx, ggamma, gbeta = _gradients(gy, x, gamma, self.eps, self.axis, shape)
        if gamma is None:
            return (gx,)
        specs = self.specs
        return gx, cast(ggamma, specs.gamma.dtype), cast(gbeta, specs.beta.dtype)


def layer_normalization(x: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> Any:
    r"""Normalizes each example by the mean and variance of its own elements.

    .. math:: y = \gamma \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta

    Statistics are over the last axes, as many as ``gamma`` has.

    Args:
        x: array or Variable of floats: (batch, units), or more axes.
        gamma: scale, of the shape of the last axes of ``x``: (units,).
        beta: shift, of the same shape.
        eps: added to the variance.

    Returns:
        Array or Variable of the shape and dtype of ``x``. Statistics of float16 are computed in
        float32.

    Raises:
        ShapeError: ``gamma`` or ``beta`` does not have the shape of the last axes of ``x``.
        DtypeError: an argument is no array of floats.

    Ba et al., "Layer normalization" (2016).

    >>> F.layer_normalization(np.array([[1.0, 3.0]]), np.ones(2), np.zeros(2)).round(3)
    array([[-1.,  1.]])
    """
    need_arrays("layer_normalization(x, gamma, beta)", x=x, gamma=gamma)
    first = x.ndim - gamma.ndim
    if gamma.ndim == 0 or first < 1:
        raise ShapeError(
            "layer_normalization(x, gamma, beta)",
            f"x {x.shape} and gamma {gamma.shape}",
            "gamma and beta of the shape of the last axes of x",
            "The first axis of x is the batch.",
        )
    return LayerNormalization(eps, tuple(range(first, x.ndim)))(x, gamma, beta)


@composite
def rms_normalization(x: Any, gamma: Any, *, eps: float = 1e-6) -> Any:
    r"""Divides each vector by the root of the mean of its squares, then scales its elements.

    .. math:: y = \gamma \, x \Big/ \sqrt{\tfrac{1}{n} \textstyle\sum_i x_i^2 + \epsilon}

    Args:
        x: array or Variable of floats (..., units).
        gamma: scale (units,).
        eps: added to the mean.

    Returns:
        Array or Variable of the shape and dtype of ``x``. Means of float16 are computed in float32.

    Raises:
        ShapeError: ``gamma`` does not have the size of the last axis of ``x``.
        DtypeError: an argument is no array of floats.

    Zhang and Sennrich, "Root mean square layer normalization" (2019).

    >>> F.rms_normalization(np.array([[1.0, 7.0]]), np.ones(2)).round(3)
    array([[0.2, 1.4]])
    """
    call = "rms_normalization(x, gamma)"
    need_arrays(call, x=x, gamma=gamma)
    need_number(call, "eps", eps)
    _floats(call, x=x, gamma=gamma)
    if gamma.ndim != 1 or x.shape[-1:] != gamma.shape:
        expected = "gamma of the size of the last axis of x"
        raise ShapeError(call, f"x {x.shape} and gamma {gamma.shape}", expected)
    dtype = _working(x, gamma)
    wide = cast(x, dtype)
    share = 1 / max(x.shape[-1], 1)
    scale = rsqrt(sum(square(wide), axis=-1, keepdims=True) * share + eps)
    return cast(wide * scale * cast(gamma, dtype), x.dtype)


def group_normalization(x: Any, groups: int, gamma: Any, beta: Any, eps: float = 1e-5) -> Any:
    r"""Normalizes groups of channels of each example by their mean and variance.

    Args:
        x: array or Variable of floats, (batch, channel, ...).
        groups: number of groups into which the channels fall.
        gamma: scale (channel,).
        beta: shift (channel,).
        eps: added to the variance.

    Returns:
        Array or Variable of the shape and dtype of ``x``.

    Raises:
        ShapeError: ``groups`` does not divide the channels, or a parameter is not (channel,).
        DtypeError: an argument is no array of floats.

    Wu and He, "Group normalization" (2018).

    >>> x = np.array([[[1.0], [3.0], [10.0], [30.0]]])
    >>> F.group_normalization(x, 2, np.ones(4), np.zeros(4)).round(3).ravel()
    array([-1.,  1., -1.,  1.])
    """
    call = "group_normalization(x, groups, gamma, beta)"
    if getattr(x, "ndim", 0) < 2:
        raise ShapeError(call, f"x {describe(x)}", "an array (batch, channel, ...)")
    _check_beside(call, (0, *range(2, x.ndim)), x, gamma=gamma, beta=beta)
    n, channels, *space = x.shape
    if groups < 1 or channels % groups:
        raise ShapeError(call, f"groups={groups} and x {x.shape}", "groups that divide x.shape[1]")
    dtype = _working(x, gamma, beta)
    parts = reshape(cast(x, dtype), (n * groups, channels // groups * prod(space)))
    y = reshape(LayerNormalization(eps, (1,))(parts, None, None), x.shape)
    shape = (1, channels, *(1,) * len(space))
    y = y * reshape(cast(gamma, dtype), shape) + reshape(cast(beta, dtype), shape)
    return cast(y, x.dtype)


def _half_over(y: Any) -> Any:
    """1 / 2y, and 0 where y is 0."""
    array = getattr(y, "array", y)
    zero = (array == 0).astype(array.dtype)
    return (0.5 * (1 - zero)) / (y + zero)


@elementwise(x=lambda gy, y: gy * _half_over(y))
def _length(xp: Any, x: Any) -> Any:
    """The square root, with gradient 0 at 0: a vector of zeros stays as it is."""
    return xp.sqrt(x)


def normalize(x: Any, eps: float = 1e-5, axis: int | tuple[int, ...] = 1) -> Any:
    r"""Divides vectors by their length: :math:`y = x / (\|x\|_2 + \epsilon)`.

    Args:
        x: array or Variable of floats.
        eps: added to the length; a vector of zeros stays one.
        axis: the axis or axes along which the elements make up a vector.

    Returns:
        Array or Variable of the shape and dtype of ``x``.

    Raises:
        RangeError: ``x`` has no such axis.
        DtypeError: ``x`` is no array of floats.

    >>> F.normalize(np.array([[3.0, 4.0]])).round(3)
    array([[0.6, 0.8]])
    """
    call = "normalize(x, eps, axis)"
    need_arrays(call, x=x)
    need_number(call, "eps", eps)
    _floats(call, x=x)
    axes = normalize_axes(call, axis, x.ndim)
    wide = cast(x, _working(x))
    return cast(wide / (_length(sum(square(wide), axis=axes, keepdims=True)) + eps), x.dtype)


def local_response_normalization(
    x: Any, n: int = 5, k: float = 2, alpha: float = 1e-4, beta: float = 0.75
) -> Any:
    r"""Divides each value by the activity of the channels around it.

    .. math:: y_i = x_i \Big/ \Big(k + \alpha \sum_{j = i - \lfloor n/2 \rfloor}
        ^{i + \lfloor n/2 \rfloor} x_j^2 \Big)^\beta

    Args:
        x: array or Variable of floats, (batch, channel, ...).
        n: width of the window over channels.
        k, alpha, beta: the constants of the formula.

    Returns:
        Array or Variable of the shape and dtype of ``x``.

    Raises:
        ShapeError: ``x`` has fewer than two axes.
        RangeError: ``n`` is not positive.
        DtypeError: ``x`` is no array of floats.

    Krizhevsky et al., "ImageNet classification with deep convolutional neural networks" (2012).

    >>> F.local_response_normalization(np.ones((1, 3)), k=1, alpha=1, beta=1)
    array([[0.25, 0.25, 0.25]])
    """
    call = "local_response_normalization(x, n)"
    if getattr(x, "ndim", 0) < 2:
        raise ShapeError(call, f"x {describe(x)}", "an array (batch, channel, ...)")
    n = need_integer(call, "n", n)
    for name, value in (("k", k), ("alpha", alpha), ("beta", beta)):
        need_number(call, name, value)
    if n < 1:
        raise RangeError(call, f"n={n}", "a positive integer")
    _floats(call, x=x)
    half = n // 2
    wide = cast(x, _working(x))
    rows = reshape(square(wide), (x.shape[0], 1, x.shape[1], prod(x.shape[2:])))
    pool = AveragePooling((2 * half + 1, 1), (1, 1), (half, 0), (False, False), "one")
    scale = reshape(pool(rows), x.shape) * alpha + k
    return cast(wide * scale**-beta, x.dtype)
