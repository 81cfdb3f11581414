"""Activation functions, elementwise but for the few that pick or split channels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy import ndarray

from renkei.core.composite import composite
from renkei.core.config import current
from renkei.core.device import get_array_module
from renkei.core.elementwise import elementwise
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.random import generator, uniform
from renkei.core.shapes import Spec, need_arrays, need_integer, need_number, normalize_axis
from renkei.functions.join_split import concat
from renkei.functions.math import exp
from renkei.functions.reduction import max
from renkei.functions.shape import reshape
from renkei.functions.special import erf

__all__ = [
    "clipped_relu",
    "crelu",
    "elu",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "maxout",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "swish",
    "tanh",
]

_HALF, _SINGLE = np.dtype(np.float16), np.dtype(np.float32)


def _values(x: Any) -> Any:
    """The array to make a mask from: masks are constants of the gradient."""
    return x if x.__class__ is ndarray else getattr(x, "array", x)


def _wide(x: Any) -> Any:
    return x.astype(np.float32) if getattr(x, "dtype", None) == _HALF else x


def _logistic(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)); the bound keeps exp from overflowing, and the result a normal number."""
    lowest = -87.0 if getattr(x, "dtype", None) == _SINGLE else -700.0
    return 1 / (1 + xp.exp(-xp.maximum(x, lowest)))


# -- rectifiers ------------------------------------------------------------------------------------


# A product with the mask is ten times as fast as where().
@elementwise(x=lambda gy, y: gy * (_values(y) > 0))
def relu(xp: Any, x: Any) -> Any:
    r"""Rectified linear unit: :math:`y = \max(x, 0)`, with gradient 0 at 0.

    Args:
        x: array or Variable of any shape.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return xp.maximum(x, 0)


def _between(gy: Any, y: Any, z: float) -> Any:
    y = _values(y)
    return gy * ((y > 0) & (y < z))


@elementwise(x=_between)
def clipped_relu(xp: Any, x: Any, z: float = 20.0) -> Any:
    r"""Rectified linear unit with a ceiling: :math:`y = \min(\max(x, 0), z)`.

    Args:
        x: array or Variable of any shape.
        z: the ceiling, > 0.

    Returns:
        Array or Variable of the shape of ``x``. The gradient is 0 at 0 and at ``z``.

    >>> F.clipped_relu(np.array([-1.0, 2.0, 7.0]), z=5.0)
    array([0., 2., 5.])
    """
    return xp.minimum(xp.maximum(x, 0), z)


def relu6(x: Any) -> Any:
    r"""Rectified linear unit with the ceiling 6: :math:`y = \min(\max(x, 0), 6)`.

    Args:
        x: array or Variable of any shape.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.relu6(np.array([-1.0, 2.0, 7.0]))
    array([0., 2., 6.])
    """
    return clipped_relu(x, 6.0)


def _leaky_x(gy: Any, x: Any, slope: float) -> Any:
    positive = _values(x) > 0
    return gy * positive + gy * slope * ~positive


@elementwise(x=_leaky_x)
def leaky_relu(xp: Any, x: Any, slope: float = 0.2) -> Any:
    r"""Leaky rectified linear unit: :math:`y = x` where :math:`x > 0`, else :math:`slope \cdot x`.

    Args:
        x: array or Variable of any shape.
        slope: the gradient for ``x <= 0``.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.leaky_relu(np.array([-1.0, 2.0]), slope=0.5)
    array([-0.5,  2. ])

    Maas et al., "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
    """
    return xp.maximum(x, x * slope) if slope <= 1 else xp.minimum(x, x * slope)


@elementwise(
    x=lambda gy, x, W: gy * (_values(x) >= 0) + gy * W * (_values(x) < 0),
    W=lambda gy, x: gy * x * (_values(x) < 0),
)
def _prelu(xp: Any, x: Any, W: Any) -> Any:
    return xp.maximum(x, 0) + W * xp.minimum(x, 0)


def _beside(call: str, name: str, x: Any, parameter: Any) -> Any:
    """A parameter of the shape of the axes of x from axis 1 on, broadcastable with x."""
    shape, wanted = parameter.shape, x.shape[1 : 1 + parameter.ndim]
    if shape != wanted:
        raise ShapeError(
            call,
            f"x {x.shape} and {name} {shape}",
            f"{name}.shape == x.shape[1:{1 + len(shape)}], here {shape} != {wanted}",
            "Axis 0 of x is the batch.",
        )
    return reshape(parameter, (1,) + shape + (1,) * (x.ndim - 1 - len(shape)))


def prelu(x: Any, W: Any) -> Any:
    r"""Parametric rectified linear unit: :math:`y = \max(x, 0) + W \min(x, 0)`.

    Args:
        x: array or Variable of shape (n, ...).
        W: slopes for negative inputs, of a shape with which ``x.shape[1:]`` begins: () for one
            slope, (c,) for one per channel.

    Returns:
        Array or Variable of the shape of ``x``.

    Raises:
        ShapeError: ``W`` does not fit the axes of ``x``.

    >>> F.prelu(np.array([[-1.0, -2.0, 3.0]]), np.array([0.5, 0.25, 0.0]))
    array([[-0.5, -0.5,  3. ]])

    He et al., "Delving Deep into Rectifiers", 2015.
    """
    need_arrays("prelu(x, W)", x=x, W=W)
    return _prelu(x, _beside("prelu(x, W)", "W", x, W) if W.ndim else W)


class RRelu(Function):
    """A leaky rectifier whose slopes are drawn; backward draws the same ones again."""

    def __init__(self, l: float, u: float, key: int, offset: int) -> None:
        self.l, self.u, self.key, self.offset = l, u, key, offset

    def check(self, x: Any) -> Spec:
        if x.dtype.kind != "f":
            raise DtypeError("rrelu(x, l, u)", f"x {describe(x)}", "an array of floats")
        return Spec(x.shape, x.dtype)

    def _slopes(self, x: Any) -> Any:
        r = uniform(get_array_module(x), self.key, self.offset, x.shape)
        return (self.l + (self.u - self.l) * r).astype(x.dtype)

    def forward(self, x: Any) -> Any:
        xp = get_array_module(x)
        return xp.maximum(x, 0) + self._slopes(x) * xp.minimum(x, 0)

    def grad_x(self, gy: Any, x: Any) -> Any:
        x = _values(x)
        return gy * (x >= 0) + gy * (self._slopes(x) * (x < 0))


def rrelu(
    x: Any, l: float = 1 / 8, u: float = 1 / 3, *, r: Any = None, return_r: bool = False
) -> Any:
    r"""Randomized leaky rectified linear unit: :math:`y = x` where :math:`x \ge 0`, else
    :math:`r x`.

    In training each element of ``r`` is drawn uniformly from [l, u); otherwise it is their mean.

    Args:
        x: array or Variable of any shape.
        l: the lower end of the slopes.
        u: the upper end of the slopes.
        r: slopes to use instead of drawing them, an array of the shape of ``x``.
        return_r: also return the slopes.

    Returns:
        Array or Variable of the shape of ``x``; with ``return_r`` a pair with the slopes, which are
        an array in training and None otherwise.

    Raises:
        ShapeError: ``r`` has another shape than ``x``.

    >>> with rk.using_config("train", False):
    ...     F.rrelu(np.array([-1.0, 2.0]), l=0.25, u=0.75)
    array([-0.5,  2. ])

    Xu et al., "Empirical Evaluation of Rectified Activations in Convolutional Network", 2015.
    """
    call = "rrelu(x, l, u)"
    need_arrays(call, x=x)
    if not all(isinstance(v, (int, float, np.number)) for v in (l, u)):
        raise DtypeError(call, f"l={describe(l)} and u={describe(u)}", "numbers")
    if not current().train:
        y = leaky_relu(x, (l + u) / 2)
        return (y, None) if return_r else y
    if r is not None:
        need_arrays("rrelu(x, l, u, r=r)", r=r)
        if r.shape != x.shape:
            raise ShapeError("rrelu(x, l, u, r=r)", f"x {x.shape} and r {r.shape}", "equal shapes")
        return (_prelu(x, r), r) if return_r else _prelu(x, r)
    function = RRelu(l, u, *generator().take(math.prod(x.shape)))
    y = function(x)
    return (y, function._slopes(_values(x))) if return_r else y


def crelu(x: Any, axis: int = 1) -> Any:
    r"""Concatenated rectified linear unit: ``relu(x)`` and ``relu(-x)`` side by side.

    Args:
        x: array or Variable of any shape.
        axis: the axis that doubles its size.

    Returns:
        Array or Variable of the shape of ``x``, twice as long along ``axis``.

    Raises:
        RangeError: ``x`` has no such axis.

    >>> F.crelu(np.array([[-1.0, 2.0]]))
    array([[0., 2., 1., 0.]])

    Shang et al., "Understanding and Improving Convolutional Neural Networks via Concatenated
    Rectified Linear Units", 2016.
    """
    need_arrays("crelu(x, axis)", x=x)
    if x.dtype.kind not in "fi":
        raise DtypeError("crelu(x, axis)", f"x {describe(x)}", "signed numbers")
    axis = normalize_axis("crelu(x, axis)", axis, x.ndim)
    return concat([relu(x), relu(-x)], axis=axis)


def maxout(x: Any, pool_size: int, axis: int = 1) -> Any:
    r"""The largest of each group of ``pool_size`` neighbours along an axis.

    Args:
        x: array or Variable of any shape.
        pool_size: how many elements make one.
        axis: the axis to pool along; its size must be a multiple of ``pool_size``.

    Returns:
        Array or Variable of the shape of ``x``, ``pool_size`` times shorter along ``axis``.

    Raises:
        RangeError: ``pool_size`` is not positive, or ``x`` has no such axis.
        ShapeError: the axis is no multiple of ``pool_size``.

    >>> F.maxout(np.array([[1.0, 5.0, 4.0, 2.0]]), 2)
    array([[5., 4.]])

    Goodfellow et al., "Maxout Networks", 2013.
    """
    call = "maxout(x, pool_size, axis)"
    need_arrays(call, x=x)
    pool_size = need_integer(call, "pool_size", pool_size)
    axis = normalize_axis(call, axis, x.ndim)
    if pool_size < 1:
        raise RangeError(call, f"pool_size={pool_size}", "pool_size >= 1")
    if x.shape[axis] % pool_size:
        raise ShapeError(
            call,
            f"x {x.shape}, pool_size={pool_size}, axis={axis}",
            f"x.shape[{axis}] to be a multiple of pool_size, here {x.shape[axis]} % {pool_size} "
            f"== {x.shape[axis] % pool_size}",
        )
    groups = (x.shape[axis] // pool_size, pool_size)
    return max(reshape(x, x.shape[:axis] + groups + x.shape[axis + 1 :]), axis=axis + 1)


# -- exponential units -----------------------------------------------------------------------------


def _elu_x(gy: Any, x: Any, alpha: float) -> Any:
    negative = _values(x) < 0
    return gy * ~negative + gy * exp(x * negative) * alpha * negative


@elementwise(x=_elu_x)
def elu(xp: Any, x: Any, alpha: float = 1.0) -> Any:
    r"""Exponential linear unit: :math:`y = x` where :math:`x \ge 0`, else
    :math:`\alpha (e^x - 1)`.

    Args:
        x: array or Variable of any shape.
        alpha: minus the value that very negative inputs approach.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.elu(np.array([-1.0, 2.0])).round(3)
    array([-0.632,  2.   ])

    Clevert et al., "Fast and Accurate Deep Network Learning by Exponential Linear Units", 2016.
    """
    return xp.maximum(x, 0) + alpha * xp.expm1(xp.minimum(x, 0))


def selu(x: Any, alpha: float = 1.6732632423543772, scale: float = 1.0507009873554805) -> Any:
    r"""Scaled exponential linear unit: :math:`y = scale \cdot \mathrm{elu}(x, \alpha)`.

    With the default numbers a deep network keeps mean 0 and variance 1 from layer to layer.

    Args:
        x: array or Variable of any shape.
        alpha: as in ``elu``.
        scale: a factor.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.selu(np.array([-1.0, 2.0])).round(3)
    array([-1.111,  2.101])

    Klambauer et al., "Self-Normalizing Neural Networks", 2017.
    """
    need_number("selu(x, alpha, scale)", "alpha", alpha)
    need_number("selu(x, alpha, scale)", "scale", scale)
    return elu(x, alpha) * scale


# -- sigmoids --------------------------------------------------------------------------------------


@elementwise(x=lambda gy, y: gy * y * (1 - y))
def sigmoid(xp: Any, x: Any) -> Any:
    r"""Logistic sigmoid: :math:`y = 1 / (1 + e^{-x})`.

    Args:
        x: array or Variable of any shape.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.sigmoid(np.array([-1000.0, 0.0, 1000.0])).round(3)
    array([0. , 0.5, 1. ])
    """
    return _logistic(xp, _wide(x))


@elementwise(x=lambda gy, y: gy * (1 - y * y))
def tanh(xp: Any, x: Any) -> Any:
    r"""Hyperbolic tangent: :math:`y = \tanh x`.

    Args:
        x: array or Variable of any shape.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.tanh(np.array([0.0, 1.0])).round(3)
    array([0.   , 0.762])
    """
    return xp.tanh(x)


def _hard_sigmoid_x(gy: Any, y: Any) -> Any:
    y = _values(y)
    return gy * ((y > 0) & (y < 1)) * 0.2


@elementwise(x=_hard_sigmoid_x)
def hard_sigmoid(xp: Any, x: Any) -> Any:
    r"""A sigmoid of three straight pieces: :math:`y = \min(\max(0.2 x + 0.5, 0), 1)`.

    Args:
        x: array or Variable of any shape.

    Returns:
        Array or Variable of the shape of ``x``. The gradient is 0 at the corners, -2.5 and 2.5.

    >>> F.hard_sigmoid(np.array([-3.0, 0.0, 1.0]))
    array([0. , 0.5, 0.7])
    """
    return xp.minimum(xp.maximum(x * 0.2 + 0.5, 0), 1)


# -- smooth rectifiers -----------------------------------------------------------------------------


@elementwise(x=lambda gy, x, beta: gy * sigmoid(x * beta))
def softplus(xp: Any, x: Any, beta: float = 1.0) -> Any:
    r"""A smooth rectifier: :math:`y = \log(1 + e^{\beta x}) / \beta`.

    Args:
        x: array or Variable of any shape.
        beta: how sharply it bends; not 0.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.softplus(np.array([-1000.0, 0.0, 10.0])).round(3)
    array([ 0.   ,  0.693, 10.   ])
    """
    z = _wide(x) * beta
    return (xp.maximum(z, 0) + xp.log1p(xp.exp(-abs(z)))) / beta


def _silu_x(gy: Any, x: Any) -> Any:
    s = sigmoid(x)
    return gy * s * (1 + x * (1 - s))


@elementwise(x=_silu_x)
def silu(xp: Any, x: Any) -> Any:
    r"""Sigmoid linear unit: :math:`y = x / (1 + e^{-x})`, which is ``swish`` with ``beta`` 1.

    Args:
        x: array or Variable of any shape.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.silu(np.array([-1.0, 2.0])).round(3)
    array([-0.269,  1.762])

    Elfwing et al., "Sigmoid-Weighted Linear Units for Neural Network Function Approximation in
    Reinforcement Learning", 2018.
    """
    z = _wide(x)
    return z * _logistic(xp, z)


def swish(x: Any, beta: Any = 1.0) -> Any:
    r"""Swish: :math:`y = x \, \mathrm{sigmoid}(\beta x)`.

    Args:
        x: array or Variable of shape (n, ...).
        beta: a number; or an array or Variable of a shape with which ``x.shape[1:]`` begins: ()
            for one parameter, (c,) for one per channel.

    Returns:
        Array or Variable of the shape of ``x``.

    Raises:
        ShapeError: ``beta`` does not fit the axes of ``x``.

    >>> F.swish(np.array([[-1.0, 2.0]]), np.array([1.0, 2.0])).round(3)
    array([[-0.269,  1.964]])

    Ramachandran et al., "Searching for Activation Functions", 2017.
    """
    need_arrays("swish(x, beta)", x=x)
    if isinstance(beta, (int, float)):
        return silu(x) if beta == 1 else x * sigmoid(x * beta)
    need_arrays("swish(x, beta)", beta=beta)
    return x * sigmoid(x * (_beside("swish(x, beta)", "beta", x, beta) if beta.ndim else beta))


@composite
def mish(x: Any) -> Any:
    r"""Mish: :math:`y = x \tanh(\log(1 + e^x))`.

    Args:
        x: array or Variable of any shape.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.mish(np.array([-1.0, 2.0])).round(3)
    array([-0.303,  1.944])

    Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2020.
    """
    return x * tanh(softplus(x))


@composite
def gelu(x: Any, approximate: bool = False) -> Any:
    r"""Gaussian error linear unit: :math:`y = x \, \Phi(x) = x (1 + \mathrm{erf}(x/\sqrt2)) / 2`.

    Args:
        x: array or Variable of any shape.
        approximate: use :math:`x (1 + \tanh(\sqrt{2/\pi} (x + 0.044715 x^3))) / 2` instead, as some
            published weights were trained with.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> F.gelu(np.array([-1.0, 2.0])).round(3)
    array([-0.159,  1.954])
    >>> F.gelu(np.array([-1.0, 2.0]), approximate=True).round(3)
    array([-0.159,  1.955])

    Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
    """
    need_arrays("gelu(x)", x=x)
    if approximate:
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return x * 0.5 * (1 + tanh(inner))
    return x * 0.5 * (1 + erf(x * math.sqrt(0.5)))
