"""SerialIterator: examples are read one after the other, in the calling thread."""

from __future__ import annotations

from typing import Any

from renkei.iterators.iterator import OrderedIterator

__all__ = ["SerialIterator"]


class SerialIterator(OrderedIterator):
    r"""Reads batches of a data set in order or shuffled.

    Args:
        dataset: anything with ``len`` and ``[i]``.
        batch_size: examples in a batch.
        repeat: go on with the next epoch for ever; otherwise the last batch may be short.
        shuffle: a new random order for each epoch; None: yes, unless ``order_sampler`` is given.
        order_sampler: takes (order, position), returns the order of the next epoch.

    Raises:
        DataError: the data set is empty.
        RangeError: the batch size is below 1.

    >>> from renkei.iterators import SerialIterator
    >>> list(SerialIterator([1, 2, 3, 4, 5], 2, repeat=False, shuffle=False))
    [[1, 2], [3, 4], [5]]
    """

    def __next__(self) -> list[Any]:
        step = self._advance(self._place)
        if step is None:
            raise StopIteration
        indices, place = step
        batch = [self.dataset[i] for i in indices]
        self._place = place  # only now: a read that failed can be tried again
        return batch
