"""MultiprocessIterator: worker processes read ahead, into memory that they share with this one."""

from __future__ import annotations

import multiprocessing
import os
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from renkei.core.errors import ConfigError, RangeError
from renkei.core.random import generator
from renkei.iterators.iterator import OrderedIterator, Place
from renkei.iterators.workers import Job, Workers

__all__ = ["MultiprocessIterator"]


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class StalledWarning(RuntimeWarning):
    """Nothing has come from the workers for a long time."""


class MultiprocessIterator(OrderedIterator):
    r"""Reads a data set with processes, some batches ahead; same batches as ``SerialIterator``.

    The workers start with the first batch, and a copy of the data set is made for each then. What
    they read comes back through shared memory, and arrays in it are used where they lie: nothing is
    copied. While nobody waits for a batch no thread of this process is busy.

    Random numbers that an example draws while it is read (from ``renkei.core.random.generator()``,
    ``random`` and ``numpy.random``) depend on the seed and on the example's place in the sequence
    alone, not on the number of workers or on what was read before; a resumed run repeats them. The
    first batch of an epoch that is shuffled is not read ahead, because its order is drawn only when
    it is asked for.

    Args:
        dataset: anything with ``len`` and ``[i]``.
        batch_size: examples in a batch.
        repeat: go on with the next epoch for ever.
        shuffle: a new random order for each epoch.
        n_processes: how many workers; None: as many as this process may use cores.
        n_prefetch: how many batches are read ahead.
        shared_mem: bytes of an example in shared memory; None: measured; 0: all through pipes.
        order_sampler: takes (order, position), returns the order of the next epoch.
        dataset_timeout: seconds without any example after which there is a warning; None: never.
        start_method: ``"fork"``, ``"spawn"`` or ``"forkserver"``; None: fork where there is one.

    Raises:
        WorkerError: a worker has died. The next call starts new ones and tries again.
        RangeError: there are to be no workers, or nothing is to be read ahead.

    >>> from renkei.iterators import MultiprocessIterator
    >>> data = [np.full(2, i) for i in range(4)]
    >>> with MultiprocessIterator(data, 2, shuffle=False, n_processes=2) as iterator:
    ...     next(iterator), next(iterator)
    ([array([0, 0]), array([1, 1])], [array([2, 2]), array([3, 3])])
    """

    TimeoutWarning = StalledWarning

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        n_processes: int | None = None,
        n_prefetch: int = 1,
        shared_mem: int | None = None,
        order_sampler: Callable[[Any, int], Any] | None = None,
        dataset_timeout: float | None = 30.0,
        *,
        start_method: str | None = None,
    ) -> None:
        for name, value in (("n_processes", n_processes), ("n_prefetch", n_prefetch)):
            if value is not None and value < 1:
                raise RangeError(f"MultiprocessIterator({name}=...)", str(value), "at least 1")
        methods = multiprocessing.get_all_start_methods()
        if start_method is not None and start_method not in methods:
            expected = f"one of {methods}"
            raise ConfigError("MultiprocessIterator(start_method=...)", start_method, expected)
        self.n_processes, self.n_prefetch = n_processes or _cores(), n_prefetch
        self.dataset_timeout, self._shared_mem = dataset_timeout, shared_mem
        self._start_method = start_method or ("fork" if "fork" in methods else methods[0])
        self._runtime: Workers | None = None
        self._ahead: deque[tuple[Job, Place, int]] = deque()
        super().__init__(dataset, batch_size, repeat, shuffle, order_sampler)

    def reset(self) -> None:
        self._drop()
        super().reset()

    def __next__(self) -> list[Any]:
        if self._ahead and self._ahead[0][2] != self._random_key():  # seeded anew since
            self._drop()
        if not self._ahead and not self._submit(self._place):
            raise StopIteration
        self._fill(1 + self.n_prefetch)
        job, place, _ = self._ahead[0]
        try:
            batch = self._workers().collect(job, self._warn, self.dataset_timeout)
        except Exception:  # a reading that failed can be tried again
            self._drop()
            raise
        self._ahead.popleft()
        self._place = place
        self._fill(self.n_prefetch)
        return batch

    def _workers(self) -> Workers:
        if self._runtime is None or self._runtime.closed:
            room = self._shared_mem
            if room is None:
                room = max(1024, min(65536, 2**24 // self.batch_size))
            self._runtime = Workers(self.dataset, self.n_processes, self._start_method, room)
            weakref.finalize(self, self._runtime.close)
        return self._runtime

    def _random_key(self) -> int:
        """What the random numbers of all examples are derived from."""
        return generator().key

    def _fill(self, count: int) -> None:
        """Lets the workers read ahead, but not over a border at which an order is drawn."""
        while self._ahead and len(self._ahead) < count:
            place = self._ahead[-1][1]
            draws = self.order_sampler is not None and self.repeat
            if (draws and self._crosses(place)) or not self._submit(place):
                return

    def _submit(self, place: Place) -> bool:
        step = self._advance(place)
        if step is None:
            return False
        indices, after = step
        key, first = self._random_key(), place.epoch * self._length + place.position
        job = self._workers().submit(indices, first, key, self.batch_size)
        self._ahead.append((job, after, key))
        return True

    def _warn(self, status: str) -> None:
        warnings.warn(
            f"Stalled dataset is detected: nothing was read for {self.dataset_timeout} s; {status}."
            " dataset_timeout=... sets the limit.",
            self.TimeoutWarning,
            stacklevel=4,
        )

    def _drop(self) -> None:
        self._ahead.clear()
        if self._runtime is not None:
            self._runtime.forget()

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        self._drop()
        super().load_state(state, strict)

    def finalize(self) -> None:
        self._ahead.clear()
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_runtime": None, "_ahead": deque()}
