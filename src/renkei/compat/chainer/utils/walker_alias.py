"""Sampling from a discrete distribution in constant time."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.compat.chainer.device_resident import DeviceResident
from renkei.core.device import get_array_module

__all__ = ["WalkerAlias"]


class WalkerAlias(DeviceResident):
    r"""Walker's alias method: each draw takes one uniform number and two look-ups.

    Args:
        probs: weights of the outcomes; they need not add up to one.

    >>> import numpy as np
    >>> from renkei.compat.chainer.utils import WalkerAlias
    >>> WalkerAlias([0, 1, 0]).sample(3)
    array([1, 1, 1], dtype=int32)
    """

    def __init__(self, probs: Any) -> None:
        super().__init__()
        prob = np.array(probs, np.float32)
        prob /= prob.sum()
        self.threshold, self.values = self._columns(prob.astype(np.float64) * len(prob))

    @staticmethod
    def _columns(heights: Any) -> tuple[Any, Any]:
        """Columns by rising height, each filled up with the next that is too high.

        The order is Chainer's, so that the same uniform numbers give the same samples.
        """
        threshold = np.ones(len(heights), np.float32)
        values = np.zeros((len(heights), 2), np.int32)
        open_column = 0
        for column, i in enumerate(np.argsort(heights, kind="stable")):
            rest = heights[i]
            while rest > 1 and open_column < column:
                values[open_column, 1] = i
                rest -= 1 - float(threshold[open_column])
                open_column += 1
            threshold[column], values[column, 0] = rest, i
        return threshold, values.ravel()

    use_gpu = property(
        lambda self: get_array_module(self.threshold) is not np,
        doc="Whether samples are drawn on a GPU.",
    )

    def device_resident_accept(self, visitor: Any) -> None:
        """Moves the tables to the device of a visitor."""
        super().device_resident_accept(visitor)
        self.threshold = visitor.visit_array(self.threshold)
        self.values = visitor.visit_array(self.values)

    def sample(self, shape: Any) -> Any:
        """Draws indexes of outcomes: an int32 array of a shape."""
        return self.sample_xp(get_array_module(self.threshold), shape)

    def sample_xp(self, xp: Any, shape: Any) -> Any:
        """Draws with the global generator of an array module."""
        place = xp.random.uniform(0, 1, shape) * len(self.threshold)
        index = place.astype(np.int32)
        above = (place - index) >= self.threshold[index]
        return self.values[index * 2 + above]

    def sample_gpu(self, shape: Any) -> Any:
        """Draws on the GPU."""
        return self.sample_xp(get_array_module(self.threshold), shape)
