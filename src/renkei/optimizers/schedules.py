"""Learning-rate schedules: callables ``t -> rate`` of the number of the update, beginning with 1.

Assign one to a hyper-parameter: ``optimizer.lr = schedules.cosine(0.1, 1000)``. Any function does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from renkei.core.errors import RangeError

__all__ = ["cosine", "linear_warmup", "step"]

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


def _positive(call: str, steps: int) -> None:
    if not steps >= 1:
        raise RangeError(call, str(steps), "a number of updates of at least 1")
