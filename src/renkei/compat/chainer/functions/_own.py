"""Functions that differ from the engine's: random numbers of ``numpy.random``, other signatures."""

from __future__ import annotations

from typing import Any

from renkei import functions as F
from renkei.core.config import current
from renkei.core.device import get_array_module
from renkei.core.errors import ShapeError
from renkei.core.variable import Variable as CoreVariable

__all__ = [
    "add",
    "broadcast",
    "dropout",
    "gaussian",
    "gumbel_softmax",
    "rrelu",
    "simplified_dropconnect",
    "zoneout",
]


def _array(x: Any) -> Any:
    return x._values() if isinstance(x, CoreVariable) else x


def add(*xs: Any) -> Any:
    r"""Sum of arrays: :math:`y = x_1 + x_2 + \dots`

    Args:
        xs: arrays or Variables.

    Returns:
        Variable of the broadcast shape.
    """
    if not xs:
        raise TypeError("add() needs at least one array")
    total = F.identity(xs[0]) if len(xs) == 1 else xs[0]
    for x in xs[1:]:
        total = F.add(total, x)
    return total


def broadcast(*args: Any) -> Any:
    """Broadcasts arrays to their common shape.

    Args:
        args: arrays or Variables whose shapes broadcast.

    Returns:
        Tuple of Variables of one shape; of one array alone, its Variable.
    """
    results = F.broadcast(*args)
    return F.identity(results[0]) if len(results) == 1 else results


def dropout(x: Any, ratio: float = 0.5, *, mask: Any = None, return_mask: bool = False) -> Any:
    """Drops elements at random while training; the mask comes from ``numpy.random.rand``.

    Args:
        x: array or Variable.
        ratio: the probability of dropping an element.
        mask: array of the shape of ``x`` to multiply by, instead of a random one.
        return_mask: also return the mask.

    Returns:
        Variable of the shape of ``x``; with ``return_mask`` also the mask.
    """
    if mask is None and current().train and ratio > 0:
        array = _array(x)
        xp = get_array_module(array)
        mask = (xp.random.rand(*array.shape) >= ratio) * array.dtype.type(1 / (1 - ratio))
        mask = xp.asarray(mask, array.dtype)
    return F.dropout(x, ratio, mask=mask, return_mask=return_mask)


def gaussian(mean: Any, ln_var: Any, *, eps: Any = None, return_eps: bool = False) -> Any:
    """Draws from normal distributions with noise of ``numpy.random.standard_normal``.

    Args:
        mean: array or Variable.
        ln_var: logarithm of the variances, of the same shape.
        eps: noise to use instead of random numbers.
        return_eps: also return the noise.

    Returns:
        Variable of the shape of ``mean``; with ``return_eps`` also the noise.
    """
    if eps is None:
        array = _array(ln_var)
        eps = get_array_module(array).random.standard_normal(array.shape)
        eps = get_array_module(array).asarray(eps, array.dtype)
    return F.gaussian(mean, ln_var, eps=eps, return_eps=return_eps)


def gumbel_softmax(log_pi: Any, tau: float = 0.1, axis: int = 1) -> Any:
    """Draws from the Gumbel-Softmax distribution with noise of ``numpy.random.gumbel``.

    Args:
        log_pi: logarithms of the probabilities, at least two axes.
        tau: the temperature.
        axis: the axis of the categories.

    Returns:
        Variable of the shape of ``log_pi``.
    """
    array = _array(log_pi)
    if array.ndim < 1:
        raise ShapeError("gumbel_softmax(log_pi)", str(array.shape), "at least one axis")
    xp = get_array_module(array)
    noise = xp.asarray(xp.random.gumbel(size=array.shape), array.dtype)
    return F.softmax((log_pi + noise) / tau, axis)


def rrelu(
    x: Any, l: float = 1.0 / 8, u: float = 1.0 / 3, *, r: Any = None, return_r: bool = False
) -> Any:
    """Rectifier with a random slope for negative inputs, of ``numpy.random.uniform``.

    Args:
        x: array or Variable.
        l: the least slope.
        u: the greatest slope.
        r: slopes to use instead of random ones.
        return_r: also return the slopes.

    Returns:
        Variable of the shape of ``x``; with ``return_r`` also the slopes.
    """
    if r is None and current().train:
        array = _array(x)
        xp = get_array_module(array)
        r = xp.where(array >= 0, 1, xp.random.uniform(l, u, array.shape)).astype(array.dtype)
    return F.rrelu(x, l, u, r=r, return_r=return_r)


def zoneout(h: Any, x: Any, ratio: float = 0.5) -> Any:
    """Keeps elements of the previous state at random, chosen by ``numpy.random.rand``.

    Args:
        h: the previous state.
        x: the next state, of the same shape.
        ratio: the probability of keeping an element.

    Returns:
        Variable of the shape of ``h``.
    """
    if not current().train or _array(h).shape != _array(x).shape:
        return F.zoneout(h, x, ratio)
    array = _array(x)
    xp = get_array_module(array)
    fresh = xp.random.rand(*array.shape) >= ratio
    return F.where(fresh, x, h)


def simplified_dropconnect(
    x: Any, W: Any, b: Any = None, ratio: float = 0.5, train: bool = True, mask: Any = None,
    use_batchwise_mask: bool = True,
) -> Any:  # fmt: skip
    """Linear layer that drops weights at random, chosen by ``numpy.random.rand``.

    Args:
        x: inputs (batch, ...).
        W: weights (out, in).
        b: bias (out,), or None.
        ratio: the probability of dropping a weight.
        train: only then weights are dropped.
        mask: which weights to keep, instead of a random choice.
        use_batchwise_mask: choose anew for each example.

    Returns:
        Variable (batch, out).
    """
    if train and mask is None:
        shape, array = _array(W).shape, _array(x)
        xp = get_array_module(array)
        mask = xp.random.rand(*((len(array), *shape) if use_batchwise_mask else shape)) >= ratio
    return F.simplified_dropconnect(x, W, b, ratio, train, mask, use_batchwise_mask)
