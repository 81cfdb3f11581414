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
        threshold = np.ndarray(len(probs), np.float32)
        values = np.ndarray(len(probs) * 2, np.int32)
        small, large = self._split(prob, threshold, values)
        for i in (*small, *large):  # what rounding left over
            threshold[i] = 1
            values[2 * i] = values[2 * i + 1] = i
        self.threshold, self.values = threshold, values

    @staticmethod
    def _split(prob: Any, threshold: Any, values: Any) -> tuple[list[int], list[int]]:
        """Fills up each small column with a part of a large one."""
        n = len(prob)
        height = prob * n
        small = [i for i in range(n) if height[i] < 1]
        large = [i for i in range(n) if height[i] >= 1]
        while small and large:
            low, high = small.pop(), large.pop()
            threshold[low] = height[low]
            values[2 * low], values[2 * low + 1] = low, high
            height[high] -= 1 - height[low]
            (small if height[high] < 1 else large).append(high)
        return small, large

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
