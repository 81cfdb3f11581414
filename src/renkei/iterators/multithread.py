"""MultithreadIterator: the next batch is read by threads while the present one is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from renkei.core.errors import RangeError
from renkei.iterators.iterator import OrderedIterator, Place

__all__ = ["MultithreadIterator"]


class MultithreadIterator(OrderedIterator):
    r"""Reads a data set with threads, one batch ahead; same batches as ``SerialIterator``.

    The first batch of an epoch is not read ahead, because its order is drawn only when it is asked
    for: that keeps the random stream, and so a resumed run, independent of the reading ahead.

    Args:
        dataset: anything with ``len`` and ``[i]``, where ``[i]`` may be called by several threads.
        batch_size: examples in a batch.
        repeat: go on with the next epoch for ever.
        shuffle: a new random order for each epoch.
        n_threads: how many threads read.
        order_sampler: takes (order, position), returns the order of the next epoch.

    >>> from renkei.iterators import MultithreadIterator
    >>> with MultithreadIterator(range(4), 2, shuffle=False, n_threads=2) as iterator:
    ...     next(iterator), next(iterator)
    ([0, 1], [2, 3])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        n_threads: int = 1,
        order_sampler: Callable[[Any, int], Any] | None = None,
    ) -> None:
        if n_threads < 1:
            raise RangeError("MultithreadIterator(n_threads=...)", str(n_threads), "at least 1")
        self.n_threads = n_threads
        self._pool: ThreadPoolExecutor | None = None
        self._ahead: tuple[list[Future[Any]], Place] | None = None
        super().__init__(dataset, batch_size, repeat, shuffle, order_sampler)

    def reset(self) -> None:
        self._drop()
        super().reset()

    def __next__(self) -> list[Any]:
        if self._ahead is None:
            self._ahead = self._read(self._place)
        if self._ahead is None:
            raise StopIteration
        (futures, place), self._ahead = self._ahead, None
        batch = [future.result() for future in futures]
        self._place = place  # only now: a read that failed can be tried again
        if not self._crosses(self._place):
            self._ahead = self._read(self._place)
        return batch

    def _read(self, place: Place) -> tuple[list[Future[Any]], Place] | None:
        step = self._advance(place)
        if step is None:
            return None
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.n_threads, "renkei-iterator")
        indices, after = step
        return [self._pool.submit(self.dataset.__getitem__, i) for i in indices], after

    def _drop(self) -> None:
        for future in self._ahead[0] if self._ahead else ():
            future.cancel()
        self._ahead = None

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        self._drop()
        super().load_state(state, strict)

    def finalize(self) -> None:
        self._drop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
