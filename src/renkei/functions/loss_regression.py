"""Losses of regression: squared, absolute and Huber errors, Gaussian likelihood."""

from __future__ import annotations

import math
from typing import Any

from renkei.core.device import as_array
from renkei.core.elementwise import elementwise, same_dtype
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_arrays, need_number
from renkei.core.variable import Variable
from renkei.functions.arithmetic import absolute
from renkei.functions.math import clip, exp, square, squared_difference
from renkei.functions.reduction import mean, sum

__all__ = [
    "absolute_error",
    "gaussian_kl_divergence",
    "gaussian_nll",
    "huber_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "squared_error",
]


def _same_shape(call: str, **arrays: Any) -> None:
    """Refuses broadcasting: (n, 1) against (n,) is a mistake far more often than a wish."""
    need_arrays(call, **arrays)
    if any(a.dtype.kind not in "iuf" for a in arrays.values()):
        got = " and ".join(f"{n} {describe(a)}" for n, a in arrays.items())
        raise DtypeError(call, got, "arrays of numbers")
    shapes = [a.shape for a in arrays.values()]
    if any(shape != shapes[0] for shape in shapes):
        got = " and ".join(f"{n} {a.shape}" for n, a in arrays.items())
        raise ShapeError(call, got, "equal shapes", "Use reshape or broadcast_to.")


def _one_of(call: str, name: str, value: Any, *allowed: str) -> None:
    if value not in allowed:
        raise RangeError(call, f"{name}={value!r}", " or ".join(map(repr, allowed)))


def _reduced(loss: Any, reduce: str) -> Any:
    return loss if reduce == "no" else sum(loss) if reduce == "sum" else mean(loss)


class MeanSquaredError(Function):
    """The node of ``mean_squared_error``."""

    def check(self, x0: Any, x1: Any) -> Spec:
        call = "mean_squared_error(x0, x1)"
        if x0.shape != x1.shape:
            _same_shape(call, x0=x0, x1=x1)
        if x0.dtype.kind != "f":
            raise DtypeError(call, f"x0 {describe(x0)}", "arrays of floats")
        if x0.dtype != x1.dtype:
            same_dtype(call, x0, x1)
        return Spec((), x0.dtype)

    def forward(self, x0: Any, x1: Any) -> Any:
        difference = x0 - x1
        if difference.dtype == "float16":  # squares overflow at 256
            difference = difference.astype("float32")
        difference = difference * difference
        return as_array(difference.sum() / max(difference.size, 1), x0.dtype)

    def grad_x0(self, gy: Any, x0: Any, x1: Any) -> Any:
        return (x0 - x1) * (gy * (2 / max(math.prod(x0.shape), 1)))

    def grad_x1(self, gy: Any, x0: Any, x1: Any) -> Any:
        return (x1 - x0) * (gy * (2 / max(math.prod(x0.shape), 1)))


def _following(x: Any, like: Variable) -> Any:
    try:
        return as_array(x, like.dtype)
    except (TypeError, ValueError):
        got = f"{describe(like)} and {describe(x)}"
        raise DtypeError("mean_squared_error(x0, x1)", got, "arrays of floats") from None


def mean_squared_error(x0: Any, x1: Any) -> Any:
    r"""Mean of squared differences: :math:`y = \frac1N \sum_i (x_{0i} - x_{1i})^2`.

    Args:
        x0: array or Variable of any shape.
        x1: array or Variable of the same shape and dtype.

    Returns:
        Array or Variable of shape (). Of empty arrays it is 0.

    Raises:
        ShapeError: the shapes differ.
        DtypeError: the dtypes differ, or are no floats.

    >>> F.mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    array(2.)
    """
    if isinstance(x0, Variable) is not isinstance(x1, Variable):  # a bare array follows the other
        if isinstance(x0, Variable):
            x1 = _following(x1, x0)
        else:
            x0 = _following(x0, x1)
    return MeanSquaredError()(x0, x1)


def mean_absolute_error(x0: Any, x1: Any) -> Any:
    r"""Mean of absolute differences: :math:`y = \frac1N \sum_i |x_{0i} - x_{1i}|`.

    Args:
        x0: array or Variable of any shape.
        x1: array or Variable of the same shape.

    Returns:
        Array or Variable of shape ().

    Raises:
        ShapeError: the shapes differ.

    >>> F.mean_absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    array(1.)
    """
    _same_shape("mean_absolute_error(x0, x1)", x0=x0, x1=x1)
    return mean(absolute(x0 - x1))


def squared_error(x0: Any, x1: Any) -> Any:
    r"""Squared difference of each element: :math:`y = (x_0 - x_1)^2`.

    Args:
        x0: array or Variable of any shape.
        x1: array or Variable of the same shape.

    Returns:
        Array or Variable of the same shape.

    Raises:
        ShapeError: the shapes differ.

    >>> F.squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    array([0., 4.])
    """
    _same_shape("squared_error(x0, x1)", x0=x0, x1=x1)
    return squared_difference(x0, x1)


def absolute_error(x0: Any, x1: Any) -> Any:
    r"""Absolute difference of each element: :math:`y = |x_0 - x_1|`.

    Args:
        x0: array or Variable of any shape.
        x1: array or Variable of the same shape.

    Returns:
        Array or Variable of the same shape.

    Raises:
        ShapeError: the shapes differ.

    >>> F.absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    array([0., 2.])
    """
    _same_shape("absolute_error(x0, x1)", x0=x0, x1=x1)
    return absolute(x0 - x1)


@elementwise(x=lambda gy, x, delta: gy * clip(x, -delta, delta))
def _huber(xp: Any, x: Any, *, delta: float) -> Any:
    """x^2 / 2 up to delta, from there on straight."""
    size = abs(x)
    bent = xp.minimum(size, delta)
    return bent * (size - bent * 0.5)


def huber_loss(x: Any, t: Any, delta: float, reduce: str = "sum_along_second_axis") -> Any:
    r"""Huber loss: :math:`(x-t)^2 / 2` where :math:`|x-t| \le \delta`, elsewhere
    :math:`\delta (|x-t| - \delta / 2)`.

    Args:
        x: array or Variable of shape (n, d, ...).
        t: target of the same shape.
        delta: where the loss turns from square to straight, > 0.
        reduce: ``"sum_along_second_axis"``, or ``"no"``.

    Returns:
        Array or Variable of the shape of ``x``, without axis 1 unless ``reduce="no"``.

    Raises:
        ShapeError: the shapes differ, or have no second axis to sum.
        RangeError: ``delta`` is not positive, or ``reduce`` is unknown.

    >>> F.huber_loss(np.array([[0.5, 3.0]]), np.zeros((1, 2)), delta=1.0)
    array([2.625])

    Huber, "Robust Estimation of a Location Parameter", 1964.
    """
    call = "huber_loss(x, t, delta)"
    _one_of(call, "reduce", reduce, "sum_along_second_axis", "no")
    _same_shape(call, x=x, t=t)
    need_number(call, "delta", delta)
    if not delta > 0:
        raise RangeError(call, f"delta={delta}", "delta > 0")
    if reduce != "no" and x.ndim < 2:
        raise ShapeError(call, f"x {x.shape}", "at least two axes", "Or use reduce='no'.")
    loss = _huber(x - t, delta=delta)
    return loss if reduce == "no" else sum(loss, axis=1)


def gaussian_nll(x: Any, mean: Any, ln_var: Any, reduce: str = "sum") -> Any:
    r"""Negative log-likelihood under a normal distribution with a diagonal covariance:
    :math:`y = (\ln 2\pi + ln\_var + (x - mean)^2 e^{-ln\_var}) / 2`.

    Args:
        x: array or Variable of any shape.
        mean: the mean of each element, of the same shape.
        ln_var: the logarithm of each element's variance, of the same shape.
        reduce: ``"sum"``, ``"mean"``, or ``"no"``.

    Returns:
        Array or Variable of shape (), or of the shape of ``x`` with ``reduce="no"``.

    Raises:
        ShapeError: the shapes differ.
        RangeError: ``reduce`` is unknown.

    >>> round(float(F.gaussian_nll(np.ones(1), np.zeros(1), np.zeros(1))), 4)
    1.4189
    """
    call = "gaussian_nll(x, mean, ln_var)"
    _one_of(call, "reduce", reduce, "sum", "mean", "no")
    _same_shape(call, x=x, mean=mean, ln_var=ln_var)
    loss = (ln_var + math.log(2 * math.pi) + squared_difference(x, mean) * exp(-ln_var)) * 0.5
    return _reduced(loss, reduce)


def gaussian_kl_divergence(mean: Any, ln_var: Any, reduce: str = "sum") -> Any:
    r"""Kullback-Leibler divergence of a diagonal normal distribution from the standard one:
    :math:`y = (mean^2 + e^{ln\_var} - ln\_var - 1) / 2`.

    Args:
        mean: array or Variable of any shape.
        ln_var: the logarithm of the variance, of the same shape.
        reduce: ``"sum"``, ``"mean"``, or ``"no"``.

    Returns:
        Array or Variable of shape (), or of the shape of ``mean`` with ``reduce="no"``.

    Raises:
        ShapeError: the shapes differ.
        RangeError: ``reduce`` is unknown.

    >>> F.gaussian_kl_divergence(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    array(0.5)

    Kingma and Welling, "Auto-Encoding Variational Bayes", 2014.
    """
    call = "gaussian_kl_divergence(mean, ln_var)"
    _one_of(call, "reduce", reduce, "sum", "mean", "no")
    _same_shape(call, mean=mean, ln_var=ln_var)
    return _reduced((square(mean) + exp(ln_var) - ln_var - 1) * 0.5, reduce)
