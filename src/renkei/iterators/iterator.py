"""What all iterators share: the order of the examples and the place reached in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from renkei.core.errors import DataError, DtypeError, LoadError, RangeError, describe
from renkei.core.random import generator

__all__ = ["Iterator", "OrderedIterator", "Place", "ShuffleOrderSampler"]


class Iterator:
    """Gives batches, lists of examples. ``next``, ``finalize`` and ``with`` come for free."""

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> list[Any]:
        raise NotImplementedError(f"{type(self).__name__}.__next__")

    def next(self) -> list[Any]:
        """The next batch."""
        return self.__next__()

    def finalize(self) -> None:
        """Gives back threads and other resources; may be called again."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.finalize()


class ShuffleOrderSampler:
    """A fresh random order for every epoch, from the common random stream."""

    def __call__(self, order: Any, position: int) -> Any:
        return generator().host.permutation(len(order))


class Place(NamedTuple):
    """How far an iterator has come: everything that a resumed one needs."""

    position: int
    epoch: int
    is_new_epoch: bool
    previous_epoch_detail: float
    order: Any


class OrderedIterator(Iterator):
    """The base of iterators over a data set in an order that may change with each epoch.

    Args:
        dataset: anything with ``len`` and ``[i]``.
        batch_size: examples in a batch.
        repeat: go on with the next epoch for ever; a batch may then straddle the border.
        shuffle: a new random order for each epoch; None: yes, unless an ``order_sampler`` is given.
        order_sampler: takes (order, position), returns the order of the next epoch.

    Raises:
        DataError: the data set is empty.
        DtypeError: it is no data set, or the batch size is no integer.
        RangeError: the batch size is below 1.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        repeat: bool = True,
        shuffle: bool | None = None,
        order_sampler: Callable[[Any, int], Any] | None = None,
    ) -> None:
        name = type(self).__name__
        if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
            raise DtypeError(
                f"{name}(dataset, ...)", describe(dataset), "a list, array or data set"
            )
        if not isinstance(batch_size, (int, np.integer)):
            raise DtypeError(f"{name}(batch_size=...)", describe(batch_size), "an integer")
        if batch_size < 1:
            raise RangeError(f"{name}(batch_size=...)", str(batch_size), "at least 1")
        if len(dataset) == 0:
            raise DataError(f"{name}(dataset, ...)", "an empty data set", "at least one example")
        if order_sampler is not None and shuffle is not None:
            raise DataError(f"{name}(shuffle=..., order_sampler=...)", "both", "one of them")
        self.dataset, self.batch_size, self.repeat = dataset, batch_size, repeat
        shuffled = shuffle if shuffle is not None else order_sampler is None
        self.order_sampler = order_sampler or (ShuffleOrderSampler() if shuffled else None)
        self.reset()

    def reset(self) -> None:
        """Starts over, with a new order if the iterator shuffles."""
        order = np.arange(len(self.dataset))
        if self.order_sampler is not None:
            order = np.asarray(self.order_sampler(order, 0))
        self._place = Place(0, 0, False, -1.0, order if self.order_sampler else None)

    @property
    def current_position(self) -> int:
        """The position of the next example in the order."""
        return self._place.position

    @property
    def epoch(self) -> int:
        """How many epochs are complete."""
        return self._place.epoch

    @property
    def is_new_epoch(self) -> bool:
        """Whether the last batch completed an epoch."""
        return self._place.is_new_epoch

    @property
    def _length(self) -> int:
        order = self._place.order
        return len(self.dataset) if order is None else len(order)

    @property
    def epoch_detail(self) -> float:
        """How many epochs are complete, with the fraction of the present one."""
        return self.epoch + self.current_position / self._length

    @property
    def previous_epoch_detail(self) -> float | None:
        """``epoch_detail`` before the last batch; None before the first."""
        detail = self._place.previous_epoch_detail
        return None if detail < 0 else detail

    def _crosses(self, place: Place) -> bool:
        """Whether the next batch completes an epoch."""
        return place.position + self.batch_size >= self._length

    def _advance(self, place: Place) -> tuple[list[int], Place] | None:
        """The positions of the next batch and the place behind it; None: the end."""
        if not self.repeat and place.epoch > 0:
            return None
        n, order = self._length, place.order
        stop = place.position + self.batch_size
        indices = list(range(place.position, min(stop, n)))
        indices = indices if order is None else [int(order[i]) for i in indices]
        detail = place.epoch + place.position / n
        if stop < n:
            return indices, Place(stop, place.epoch, False, detail, order)
        epoch, position = place.epoch + 1, 0
        if self.repeat:
            order = self._next_order(order, place.position)
            position = stop - n
            while position >= n:  # a batch larger than the data set
                indices += self._whole(order)
                order = self._next_order(order, 0)
                epoch, position = epoch + 1, position - n
            indices += self._whole(order)[:position]
        return indices, Place(position, epoch, True, detail, order)

    def _next_order(self, order: Any, position: int) -> Any:
        if self.order_sampler is None:
            return order
        new = np.asarray(self.order_sampler(order, position))
        if len(new) != len(order):
            raise DataError("order_sampler", f"{len(new)} positions", f"{len(order)}, as before")
        return new

    def _whole(self, order: Any) -> list[int]:
        return list(range(self._length)) if order is None else [int(i) for i in order]

    def state(self) -> dict[str, Any]:
        """The place reached, under Chainer's keys."""
        place = self._place
        result = {
            "current_position": np.asarray(place.position),
            "epoch": np.asarray(place.epoch),
            "is_new_epoch": np.asarray(place.is_new_epoch),
            "previous_epoch_detail": np.asarray(place.previous_epoch_detail),
        }
        if place.order is not None:
            result["order"] = np.asarray(place.order)
        return result

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Continues at a place that ``state`` gave."""
        order = state.get("order", state.get("_order"))
        if order is not None and len(order) != len(self._whole(self._place.order)):
            raise LoadError(
                f"{type(self).__name__}.load_state",
                f"an order of {len(order)} examples",
                f"one of {self._length}, as the data set has",
            )
        if order is None and self.order_sampler is not None:
            order = self._place.order
        try:
            place = Place(
                int(state["current_position"]),
                int(state["epoch"]),
                bool(state["is_new_epoch"]),
                float(state["previous_epoch_detail"]),
                order if self.order_sampler is not None else None,
            )
        except KeyError as error:
            raise LoadError(
                f"{type(self).__name__}.load_state", f"no key {error}", "an iterator's state"
            ) from error
        if not 0 <= place.position < self._length:
            raise LoadError(
                f"{type(self).__name__}.load_state",
                f"position {place.position}",
                f"one below {self._length}, as the data set has",
            )
        self._place = place
