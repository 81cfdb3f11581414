"""WalkerAlias: draws from a discrete distribution in constant time."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.random import bits, generator

__all__ = []  # for links that sample


class WalkerAlias:
    r"""Draws numbers 0 ... n-1 with given probabilities, each in constant time.

    The probabilities are cut into n columns of equal height with at most two numbers in each: a
    draw picks a column and then one of its two.

    Walker, "New fast method for generating discrete random numbers with arbitrary frequency
    distributions" (1974).

    Args:
        probs: array (n,) of weights, not negative; they need not sum to 1.
        power: the exponent that weights are raised to first.

    Raises:
        ShapeError: it does not have one axis.
        RangeError: a weight is negative or not finite, or all are 0.
        DtypeError: they are no numbers.

    >>> from renkei.links.alias import WalkerAlias
    >>> rk.seed(0)
    >>> drawn = WalkerAlias(np.array([1, 3])).sample((1000,))
    >>> int(np.round(drawn.mean(), 1) * 100)
    80
    """

    def __init__(self, probs: Any, power: float = 1) -> None:
        try:
            weights = np.asarray(probs, np.float64) ** power
        except (ValueError, TypeError):
            got = describe(probs)
            raise DtypeError("WalkerAlias(probs)", got, "weights of shape (n,)") from None
        if weights.ndim != 1 or len(weights) == 0:
            raise ShapeError("WalkerAlias(probs)", f"{weights.shape}", "weights of shape (n,)")
        total = weights.sum()
        if not (weights >= 0).all() or not 0 < total < np.inf:
            hint = "Counts of classes are such weights."
            raise RangeError("WalkerAlias(probs)", f"{weights}", "weights of 0 or more", hint)
        self.threshold, self.values = _columns(weights * (len(weights) / total))

    def to_device(self, device: Any) -> WalkerAlias:
        """Moves the tables, and with them what ``sample`` returns."""
        self.threshold, self.values = device.send(self.threshold), device.send(self.values)
        return self

    def sample(self, shape: tuple[int, ...]) -> Any:
        """Draws an int32 array of a shape, from the stream of ``rk.seed``."""
        xp, n = get_array_module(self.threshold), len(self.threshold)
        count = prod(shape)
        drawn = bits(xp, *generator().take(2 * count), 2 * count)
        column = (drawn[:count].astype(xp.uint64) * n >> 32).astype(xp.int64)
        height = drawn[count:].astype(xp.float64) * 2.0**-32
        side = (height >= self.threshold[column]).astype(xp.int64)
        return self.values[column, side].reshape(shape)


def _columns(heights: Any) -> tuple[Any, Any]:
    """Where each column of height 1 is cut, and the numbers below and above the cut."""
    n = len(heights)
    threshold, values = np.ones(n), np.repeat(np.arange(n, dtype=np.int32)[:, None], 2, axis=1)
    rest = heights.tolist()
    small = [i for i in range(n) if rest[i] < 1]
    large = [i for i in range(n) if rest[i] >= 1]
    while small and large:
        i, j = small.pop(), large[-1]
        threshold[i], values[i, 1] = rest[i], j
        rest[j] -= 1 - rest[i]
        if rest[j] < 1:
            small.append(large.pop())
    # What is left over is 1 but for rounding; a class of weight 0 must stay out all the same.
    for i in small:
        if heights[i] == 0:
            threshold[i], values[i, 1] = 0, int(heights.argmax())
    return threshold, values
