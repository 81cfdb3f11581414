"""Iterators: ours, shuffled by ``numpy.random``, with ``serialize``."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from renkei.compat.chainer import _tree
from renkei.compat.chainer.dataset.iterator import Iterator
from renkei.compat.chainer.serializer import Deserializer
from renkei.iterators.iterator import OrderedIterator, Place
from renkei.iterators.multithread import MultithreadIterator as OurMultithreadIterator
from renkei.iterators.serial import SerialIterator as OurSerialIterator

__all__ = [
    "DaliIterator",
    "MultiprocessIterator",
    "MultithreadIterator",
    "OrderSampler",
    "SerialIterator",
    "ShuffleOrderSampler",
]


class OrderSampler:
    """The base of what says in which order an epoch goes."""

    def __call__(self, current_order: Any, current_position: int) -> Any:
        """The order of the next epoch, an array of positions."""
        raise NotImplementedError(f"{type(self).__name__}.__call__")


class ShuffleOrderSampler(OrderSampler):
    r"""A fresh random order for every epoch.

    Args:
        random_state: a ``numpy.random.RandomState``; None: the global state.
    """

    def __init__(self, random_state: Any = None) -> None:
        self._random = random_state

    def __call__(self, current_order: Any, current_position: int) -> Any:
        return (self._random or np.random).permutation(len(current_order))


class _Ordered(Iterator):
    """What iterators over an order have in common: the arguments, and ``serialize``."""

    _order_key = "order"
    repeat: bool = True

    @staticmethod
    def _sampler(shuffle: bool | None, order_sampler: Any) -> Any:
        if order_sampler is not None:
            if shuffle is not None:
                raise ValueError("`shuffle` is not `None` and a custom `order_sampler` is set.")
            return order_sampler
        return ShuffleOrderSampler() if shuffle is None or shuffle else None

    def serialize(self, serializer: Any) -> None:
        """Reads or writes how far the iterator has come."""
        place: Place = self._place  # type: ignore[has-type]
        position = serializer("current_position", place.position)
        epoch = serializer("epoch", place.epoch)
        is_new_epoch = serializer("is_new_epoch", place.is_new_epoch)
        detail = serializer("previous_epoch_detail", place.previous_epoch_detail)
        order = self._serialize_order(serializer, place.order)
        loaded = Place(int(position), int(epoch), bool(is_new_epoch), float(detail), order)
        if isinstance(serializer, Deserializer):
            self._restore(loaded)

    def _serialize_order(self, serializer: Any, order: Any) -> Any:
        if order is None:
            return None
        first = self._order_key
        try:
            found = serializer(first, order)
        except KeyError:  # the other name that versions of Chainer have used
            found = serializer("order" if first == "_order" else "_order", order)
        return order if found is None else found

    def _restore(self, place: Place) -> None:
        self._place = place


def _advance(self: Any, place: Place) -> Any:
    """As ours; but Chainer draws an order at the end of the last epoch as well."""
    step = OrderedIterator._advance(self, place)
    if step is None or self.repeat or self.order_sampler is None or not step[1].is_new_epoch:
        return step
    return step[0], step[1]._replace(order=self._next_order(place.order, place.position))


class SerialIterator(OurSerialIterator, _Ordered):
    r"""Reads batches of a data set in order or shuffled.

    Args:
        dataset: anything with ``len`` and ``[i]``.
        batch_size: examples in a batch.
        repeat: go on with the next epoch for ever; otherwise the last batch may be short.
        shuffle: a new random order for each epoch; None: yes, unless ``order_sampler`` is given.
        order_sampler: takes (order, position), returns the order of the next epoch.

    >>> from renkei.compat.chainer import iterators
    >>> list(iterators.SerialIterator([1, 2, 3, 4, 5], 2, repeat=False, shuffle=False))
    [[1, 2], [3, 4], [5]]
    """

    _advance = _advance

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        order_sampler: Any = None,
    ) -> None:
        self._shuffle = shuffle
        sampler = self._sampler(shuffle, order_sampler)
        quiet = None if sampler is not None else False
        OurSerialIterator.__init__(self, dataset, batch_size, repeat, quiet, sampler)


class MultithreadIterator(OurMultithreadIterator, _Ordered):
    r"""Reads a data set with threads, one batch ahead; same batches as ``SerialIterator``.

    Args:
        dataset, batch_size, repeat, shuffle, order_sampler: as for ``SerialIterator``.
        n_threads: how many threads read.
    """

    _order_key = "_order"
    _advance = _advance

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        n_threads: int = 1,
        order_sampler: Any = None,
    ) -> None:
        self._shuffle = shuffle
        sampler = self._sampler(shuffle, order_sampler)
        quiet = None if sampler is not None else False
        OurMultithreadIterator.__init__(
            self, dataset, batch_size, repeat, quiet, n_threads, sampler
        )

    def _restore(self, place: Place) -> None:
        self._drop()
        self._place = place


class DaliIterator(Iterator):
    r"""Iterates an NVIDIA DALI pipeline.

    Args:
        pipeline: a built or unbuilt ``nvidia.dali.pipeline.Pipeline``.
        repeat: go on for ever.
    """

    def __init__(self, pipeline: Any, repeat: bool = True) -> None:
        self._pipeline, self._repeat = pipeline, repeat
        pipeline.build()
        sizes = list(pipeline.epoch_size().values())
        if len(set(sizes)) != 1:
            raise RuntimeError("readers of the pipeline have epochs of different sizes")
        self._size = sizes[0]
        self.reset()

    batch_size = property(lambda self: self._pipeline.max_batch_size)
    repeat = property(lambda self: self._repeat)
    epoch_detail = property(lambda self: self.epoch + self.current_position / self._size)

    @property
    def previous_epoch_detail(self) -> float | None:
        """``epoch_detail`` before the last batch; None before the first."""
        return None if self._previous < 0 else self._previous

    def reset(self) -> None:
        """Starts over."""
        self.current_position = self.epoch = 0
        self.is_new_epoch, self._previous = False, -1.0

    def __next__(self) -> Any:
        if not self._repeat and self.epoch > 0:
            raise StopIteration
        self._previous = self.epoch_detail
        outputs = [out.as_cpu().as_array() for out in self._pipeline.run()]
        self.current_position += self.batch_size
        self.is_new_epoch = self.current_position >= self._size
        if self.is_new_epoch:
            self.epoch += 1
            self.current_position = self.current_position - self._size if self._repeat else 0
        return list(zip(*outputs, strict=True))

    next = __next__

    def serialize(self, serializer: Any) -> None:
        """Reads or writes how far the iterator has come."""
        self.current_position = serializer("current_position", self.current_position)
        self.epoch = serializer("epoch", self.epoch)
        self.is_new_epoch = serializer("is_new_epoch", self.is_new_epoch)
        self._previous = serializer("previous_epoch_detail", self._previous)


def _multiprocess() -> Any:
    """MultiprocessIterator, made when it is asked for: it brings the worker machinery."""
    ours = importlib.import_module("renkei.iterators.multiprocess").MultiprocessIterator

    class MultiprocessIterator(ours, _Ordered):  # type: ignore[misc, valid-type]
        __doc__ = ours.__doc__
        _advance = _advance

        def __init__(
            self,
            dataset: Any,
            batch_size: int,
            repeat: bool = True,
            shuffle: bool | None = None,
            n_processes: int | None = None,
            n_prefetch: int = 1,
            shared_mem: int | None = None,
            order_sampler: Any = None,
            dataset_timeout: float = 30.0,
            maxtasksperchild: int | None = None,
        ) -> None:
            self._shuffle = shuffle
            sampler = self._sampler(shuffle, order_sampler)
            quiet = None if sampler is not None else False
            ours.__init__(
                self,
                dataset,
                batch_size,
                repeat,
                quiet,
                n_processes,
                n_prefetch,
                shared_mem=shared_mem,
                order_sampler=sampler,
                dataset_timeout=dataset_timeout,
            )

        def _restore(self, place: Place) -> None:
            drop: Callable[[], None] = self._drop
            drop()
            self._place = place

    MultiprocessIterator.__module__ = __name__
    MultiprocessIterator.__qualname__ = "MultiprocessIterator"
    return MultiprocessIterator


def __getattr__(name: str) -> Any:
    if name == "MultiprocessIterator":
        value = globals()[name] = _multiprocess()
        return value
    return _tree.submodules("iterators")(name)
