"""Functions that add or take away at random while training."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from renkei.core.config import current
from renkei.core.device import get_array_module
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.random import generator
from renkei.core.shapes import Spec, need_arrays
from renkei.functions.math import exp
from renkei.functions.softmax import softmax

__all__ = ["dropout", "gaussian", "gumbel_softmax", "zoneout"]


class Dropout(Function):
    """The node of ``dropout``: what is dropped follows from (key, offset)."""

    def __init__(self, ratio: float, key: int, offset: int) -> None:
        self.ratio, self.key, self.offset = ratio, key, offset

    def check(self, x: Any) -> Spec:
        _floats("dropout(x, ratio)", x=x)
        return Spec(x.shape, x.dtype)

    def forward(self, x: Any) -> Any:
        return self.kernel("dropout", x, **self.attrs)

    def grad_x(self, gy: Any) -> Any:
        return Dropout(self.ratio, self.key, self.offset)(gy)


class Zoneout(Function):
    """The node of ``zoneout``: takes ``h`` where ``dropout`` would drop, else ``x``."""

    def __init__(self, ratio: float, key: int, offset: int) -> None:
        self.ratio, self.key, self.offset = ratio, key, offset

    def check(self, h: Any, x: Any) -> Spec:
        call = "zoneout(h, x, ratio)"
        _floats(call, h=h, x=x)
        if h.shape != x.shape or h.dtype != x.dtype:
            got = f"h {describe(h)} and x {describe(x)}"
            raise ShapeError(call, got, "states of one shape and dtype")
        return Spec(x.shape, x.dtype)

    def forward(self, h: Any, x: Any) -> Any:
        return self.kernel("zoneout", h, x, **self.attrs)

    def grad_h(self, gy: Any) -> Any:
        return Zoneout(self.ratio, self.key, self.offset)(gy, _zeros(gy))

    def grad_x(self, gy: Any) -> Any:
        return Zoneout(self.ratio, self.key, self.offset)(_zeros(gy), gy)


def _zeros(like: Any) -> Any:
    return get_array_module(like).zeros(like.shape, like.dtype)


class RandomLike(Function):
    """Random numbers of the shape and dtype of ``x``; they do not depend on its values.

    ``kind`` is ``"normal"`` (mean 0, variance 1), ``"gumbel"`` (the standard one) or ``"uniform"``
    (between 0 and 1, both excluded).
    """

    def __init__(self, kind: str, key: int, offset: int) -> None:
        self.kind, self.key, self.offset = kind, key, offset

    def check(self, x: Any) -> Spec:
        return Spec(x.shape, x.dtype)

    def forward(self, x: Any) -> Any:
        return self.kernel("random_like", x, **self.attrs)


def random_like(kind: str, x: Any) -> Any:
    """Random numbers of a ``kind`` of ``RandomLike``, of the shape and dtype of ``x``."""
    count = prod(x.shape) * (2 if kind == "uniform" else 1)
    return RandomLike(kind, *generator().take(count + count % 2))(x)


def _floats(call: str, **arrays: Any) -> None:
    for name, a in arrays.items():
        if getattr(a, "dtype", None) is None or a.dtype.kind != "f":
            raise DtypeError(call, f"{name} {describe(a)}", "an array of floats", "See F.cast.")


def _check_ratio(call: str, ratio: float) -> None:
    if not isinstance(ratio, (int, float, np.number)):
        raise DtypeError(call, f"ratio={describe(ratio)}", "a number in the range [0, 1)")
    if not 0 <= ratio < 1:
        raise RangeError(call, f"ratio={ratio!r}", "a number in the range [0, 1)")


def dropout(x: Any, ratio: float = 0.5, *, mask: Any = None, return_mask: bool = False) -> Any:
    r"""Drops elements at random while training, and scales the rest up to the same mean.

    With ``rk.using_config("train", False)`` it returns ``x`` itself.

    Args:
        x: array or Variable of floats.
        ratio: probability that an element is replaced by 0; the others are multiplied by
            ``1 / (1 - ratio)``.
        mask: array of the shape of ``x`` to multiply by, instead of a random one.
        return_mask: also return the factors.

    Returns:
        Array or Variable of the shape of ``x``; with ``return_mask`` also the mask, an array of 0
        and ``1 / (1 - ratio)``, or None when not training.

    Raises:
        RangeError: ``ratio`` is not in [0, 1).
        ShapeError: ``mask`` does not have the shape of ``x``.
        DtypeError: ``x`` is no array of floats.

    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting" (2014).

    >>> rk.seed(0)
    >>> F.dropout(np.ones(8), 0.5)
    array([0., 2., 2., 2., 2., 0., 2., 0.])
    >>> x = np.ones(8)
    >>> with rk.using_config("train", False):
    ...     F.dropout(x) is x
    True
    """
    call = "dropout(x, ratio)"
    _check_ratio(call, ratio)
    if not current().train:
        return (x, None) if return_mask else x
    _floats(call, x=x)
    if mask is not None:
        values = getattr(mask, "array", mask)
        need_arrays("dropout(x, mask=mask)", mask=values)
        if values.shape != x.shape:
            got = f"x {x.shape} and mask {values.shape}"
            raise ShapeError("dropout(x, mask=mask)", got, "a mask of the shape of x")
        y = x * values.astype(x.dtype, copy=False)
        return (y, mask) if return_mask else y
    node = Dropout(ratio, *generator().take(prod(x.shape)))
    y = node(x)
    if not return_mask:
        return y
    ones = get_array_module(x).ones(x.shape, x.dtype)
    return y, Dropout(node.ratio, node.key, node.offset)(ones)


def gaussian(mean: Any, ln_var: Any, *, eps: Any = None, return_eps: bool = False) -> Any:
    r"""Draws from normal distributions, differentiably in mean and variance.

    .. math:: y = \mu + e^{\frac12 \ln \sigma^2} \epsilon, \qquad \epsilon \sim \mathcal N(0, 1)

    Args:
        mean: array or Variable of floats.
        ln_var: logarithms of the variances, of the same shape.
        eps: array of that shape to use instead of random numbers.
        return_eps: also return ``eps``.

    Returns:
        Array or Variable of the shape of ``mean``; with ``return_eps`` also an array.

    Raises:
        ShapeError: the arguments differ in shape.
        DtypeError: an argument is no array of floats.

    Kingma and Welling, "Auto-encoding variational Bayes" (2014).

    >>> mean, ln_var = np.array([1.0, 2.0]), np.log(np.array([4.0, 9.0]))
    >>> F.gaussian(mean, ln_var, eps=np.array([1.0, -1.0]))
    array([ 3., -1.])
    """
    call = "gaussian(mean, ln_var)"
    _floats(call, mean=mean, ln_var=ln_var)
    if mean.shape != ln_var.shape or (eps is not None and eps.shape != mean.shape):
        got = f"mean {mean.shape}, ln_var {ln_var.shape}"
        raise ShapeError(
            call, got if eps is None else f"{got}, eps {eps.shape}", "arrays of one shape"
        )
    drawn = random_like("normal", ln_var) if eps is None else eps
    y = mean + exp(ln_var * 0.5) * drawn
    return (y, getattr(drawn, "array", drawn)) if return_eps else y


def gumbel_softmax(log_pi: Any, tau: float = 0.1, axis: int = 1) -> Any:
    r"""Draws a category in a soft, differentiable form.

    .. math:: y = \mathrm{softmax}((\ln \pi + g) / \tau), \qquad g = -\ln(-\ln u)

    with u uniform in (0, 1). The smaller the temperature, the closer y is to a one-hot vector.

    Args:
        log_pi: unnormalized logarithms of probabilities, array or Variable of floats.
        tau: temperature, positive.
        axis: the axis of the categories.

    Returns:
        Array or Variable of the shape of ``log_pi``.

    Raises:
        RangeError: ``tau`` is not positive, or there is no such axis.

    Jang et al., "Categorical reparameterization with Gumbel-softmax" (2017).

    >>> F.gumbel_softmax(np.zeros((4, 3))).sum(axis=1)
    array([1., 1., 1., 1.])
    """
    call = "gumbel_softmax(log_pi, tau)"
    _floats(call, log_pi=log_pi)
    if not tau > 0:
        raise RangeError(call, f"tau={tau!r}", "a positive temperature")
    return softmax((log_pi + random_like("gumbel", log_pi)) / tau, axis)


def zoneout(h: Any, x: Any, ratio: float = 0.5) -> Any:
    r"""Keeps elements of the previous state at random while training.

    With ``rk.using_config("train", False)`` it returns ``x`` itself.

    Args:
        h: the previous state, array or Variable of floats.
        x: the new state, of the same shape.
        ratio: probability that an element of ``h`` stays.

    Returns:
        Array or Variable of the shape of ``x``.

    Raises:
        RangeError: ``ratio`` is not in [0, 1).
        ShapeError: ``h`` and ``x`` differ in shape.

    Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations" (2016).

    >>> rk.seed(0)
    >>> F.zoneout(np.zeros(8), np.ones(8))
    array([0., 1., 1., 1., 1., 0., 1., 0.])
    """
    call = "zoneout(h, x, ratio)"
    need_arrays(call, h=h, x=x)
    _check_ratio(call, ratio)
    if not current().train:
        return x
    return Zoneout(ratio, *generator().take(prod(x.shape)))(h, x)
