"""Learning-rate schedules: callables ``t -> rate`` of the number of the update, beginning with 1.

Assign one to a hyper-parameter: ``optimizer.lr = schedules.cosine(0.1, 1000)``. Any function does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from renkei.core.errors import RangeError

__all__ = ["cosine", "linear_warmup", "one_cycle", "step"]

Schedule = Callable[[int], float]


def cosine(initial: float, steps: int, final: float = 0.0) -> Schedule:
    r"""From ``initial`` to ``final`` along half a wave of the cosine.

    .. math:: final + (initial - final) (1 + \cos(\pi (t - 1) / steps)) / 2

    Args:
        initial: the rate of the first update.
        steps: the number of updates after which the rate is ``final``, and stays there.
        final: the last rate.

    Returns:
        A schedule.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).

    >>> rate = rk.optimizers.cosine(0.1, 10)
    >>> rate(1), round(rate(6), 3), rate(11)
    (0.1, 0.05, 0.0)
    """
    _positive("cosine(initial, steps)", steps)

    def rate(t: int) -> float:
        return final + (initial - final) * (1 + math.cos(math.pi * min((t - 1) / steps, 1))) / 2

    return rate


def step(initial: float, factor: float, every: int) -> Schedule:
    r"""Multiplied by ``factor`` after every so many updates.

    .. math:: initial \cdot factor^{\lfloor (t - 1) / every \rfloor}

    Args:
        initial: the first rate.
        factor: what it is multiplied by.
        every: the number of updates between two changes.

    Returns:
        A schedule.

    >>> rate = rk.optimizers.step(8.0, 0.5, every=30)
    >>> rate(1), rate(30), rate(31), rate(61)
    (8.0, 8.0, 4.0, 2.0)
    """
    _positive("step(initial, factor, every)", every)
    return lambda t: initial * factor ** ((t - 1) // every)


def linear_warmup(steps: int, then: Any) -> Schedule:
    r"""Rises linearly during the first updates, and then follows another schedule.

    .. math:: \min(t / steps, 1) \cdot then(t)

    Args:
        steps: the number of updates until the full rate.
        then: a rate, or a schedule.

    Returns:
        A schedule.

    Goyal et al., "Accurate, large minibatch SGD" (2017).

    >>> rate = rk.optimizers.linear_warmup(4, 0.2)
    >>> [rate(t) for t in (1, 2, 4, 100)]
    [0.05, 0.1, 0.2, 0.2]
    """
    _positive("linear_warmup(steps, then)", steps)

    def rate(t: int) -> float:
        full: Any = then(t) if callable(then) else then
        return min(t / steps, 1.0) * full

    return rate


def one_cycle(
    largest: float,
    steps: int,
    rise: float = 0.3,
    first: float | None = None,
    final: float | None = None,
) -> Schedule:
    r"""Up to a large rate and down to a tiny one, both along half waves of the cosine.

    With :math:`u = t - 1` and :math:`c(x) = (1 - \cos \pi x) / 2`,

    .. math:: first + (largest - first) \, c(u / (rise \cdot steps)), \quad
        \text{then} \quad largest + (final - largest) \,
        c\Big(\frac{u - rise \cdot steps}{steps - rise \cdot steps}\Big).

    Args:
        largest: the rate at the top.
        steps: the number of updates after which the rate is ``final``, and stays there.
        rise: the share of the updates before the top, in [0, 1).
        first: the rate of the first update; None: ``largest / 25``.
        final: the last rate; None: ``largest / 250000``.

    Returns:
        A schedule.

    Raises:
        RangeError: ``steps`` or ``rise`` is out of range.

    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
    rates" (2019).

    >>> rate = rk.optimizers.one_cycle(1.0, 10, rise=0.4, first=0.2, final=0.0)
    >>> [round(rate(t), 3) for t in (1, 3, 5, 8, 11, 100)]
    [0.2, 0.6, 1.0, 0.5, 0.0, 0.0]
    """
    call = "one_cycle(largest, steps, rise)"
    _positive(call, steps)
    if not 0 <= rise < 1:
        raise RangeError(call, f"rise={rise}", "a share in [0, 1)")
    low = largest / 25 if first is None else first
    end = largest / 250_000 if final is None else final
    top = rise * steps

    def rate(t: int) -> float:
        u = t - 1
        if u < top:
            return low + (largest - low) * _wave(u / top)
        return largest + (end - largest) * _wave(min((u - top) / (steps - top), 1.0))

    return rate


def _wave(x: float) -> float:
    """Half a wave from 0 to 1."""
    return (1 - math.cos(math.pi * x)) / 2


def _positive(call: str, steps: int) -> None:
    if not steps >= 1:
        raise RangeError(call, str(steps), "a number of updates of at least 1")
