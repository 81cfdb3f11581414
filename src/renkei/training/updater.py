"""StandardUpdater: one iteration is a batch, a loss, a backward and an update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from renkei.core.device import get_device
from renkei.core.errors import DtypeError, RangeError, describe
from renkei.datasets.convert import concat_examples

__all__ = ["StandardUpdater"]


class StandardUpdater:
    r"""Takes a batch from an iterator, and lets an optimizer update its target with it.

    Args:
        iterator: the training data, or a dictionary of iterators with the key ``main``.
        optimizer: an optimizer that was set up, or a dictionary with the key ``main``.
        converter: makes arrays from a list of examples.
        device: where the batches, and the optimizers' targets, go; None leaves them.
        loss_func: gets the arrays of a batch and returns the loss; None: the optimizer's target.
        auto_new_epoch: tell the optimizers when an epoch begins.

    Raises:
        DtypeError: what should be an iterator or an optimizer is none, or none is ``main``.
    """

    def __init__(
        self,
        iterator: Any,
        optimizer: Any,
        converter: Callable[..., Any] = concat_examples,
        device: Any = None,
        loss_func: Callable[..., Any] | None = None,
        auto_new_epoch: bool = True,
        accumulate: int = 1,
    ) -> None:
        if accumulate < 1:
            raise RangeError("StandardUpdater(accumulate=...)", str(accumulate), "at least 1")
        self.accumulate = accumulate
        self._iterators = iterator if isinstance(iterator, dict) else {"main": iterator}
        self._optimizers = optimizer if isinstance(optimizer, dict) else {"main": optimizer}
        _check_parts(self._iterators, "__next__", "an iterator, as SerialIterator(data, 32)")
        _check_parts(self._optimizers, "target", "an optimizer, as SGD().setup(model)")
        self.converter, self.loss_func, self.iteration = converter, loss_func, 0
        self.device = None if device is None else get_device(device)
        self.auto_new_epoch = auto_new_epoch
        for each in self._optimizers.values():
            if self.device is not None:
                each.target.to_device(self.device)
            if auto_new_epoch:
                each.use_auto_new_epoch = True

    def get_optimizer(self, name: str) -> Any:
        """The optimizer of a name."""
        return self._optimizers[name]

    def get_all_optimizers(self) -> dict[str, Any]:
        """All optimizers by name."""
        return dict(self._optimizers)

    def get_iterator(self, name: str) -> Any:
        """The iterator of a name."""
        return self._iterators[name]

    epoch = property(lambda self: self._iterators["main"].epoch)
    epoch_detail = property(lambda self: self._iterators["main"].epoch_detail)
    previous_epoch_detail = property(lambda self: self._iterators["main"].previous_epoch_detail)
    is_new_epoch = property(lambda self: self._iterators["main"].is_new_epoch)

    def update(self) -> None:
        """Runs one iteration."""
        self.update_core()
        self.iteration += 1

    def update_core(self) -> None:
        """The work of one iteration; override it for other procedures."""
        iterator, optimizer = self._iterators["main"], self._optimizers["main"]
        loss = self.loss_func or optimizer.target
        if self.accumulate == 1:
            args, options = self._arguments(next(iterator))
            optimizer.update(loss, *args, **options)
            self._announce(iterator, optimizer)
            return
        optimizer.target.cleargrads()
        for _ in range(self.accumulate):
            args, options = self._arguments(next(iterator))
            scale = getattr(optimizer, "loss_scale", None)
            (loss(*args, **options) * (1 / self.accumulate)).backward(loss_scale=scale)
            self._announce(iterator, optimizer)
        optimizer.update()

    def _arguments(self, batch: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """A converted batch as positional and keyword arguments of the loss."""
        arrays = self.converter(batch, self.device)
        if isinstance(arrays, Mapping):
            return (), dict(arrays)
        return (arrays if isinstance(arrays, tuple) else (arrays,)), {}

    def _announce(self, iterator: Any, optimizer: Any) -> None:
        if self.auto_new_epoch and iterator.is_new_epoch:
            optimizer.new_epoch(auto=True)

    def connect_trainer(self, trainer: Any) -> None:
        """Called when a Trainer takes this updater."""

    def finalize(self) -> None:
        """Gives back the iterators' threads."""
        for iterator in self._iterators.values():
            iterator.finalize()

    def parts(self) -> list[tuple[str, Any]]:
        """What is saved, as pairs of a path and an object, under Chainer's names."""
        pairs = [(f"iterator:{n}", i) for n, i in self._iterators.items()]
        for name, optimizer in self._optimizers.items():
            pairs += [(f"optimizer:{name}", optimizer), (f"model:{name}", optimizer.target)]
        return pairs

    def state(self) -> dict[str, Any]:
        """Iteration, iterators, optimizers and models."""
        result: dict[str, Any] = {"iteration": np.asarray(self.iteration)}
        for path, part in self.parts():
            result.update({f"{path}/{k}": v for k, v in part.state().items()})
        return result


def _check_parts(parts: Mapping[str, Any], attribute: str, expected: str) -> None:
    if "main" not in parts:
        raise DtypeError("StandardUpdater(...)", f"the keys {sorted(parts)}", "the key 'main'")
    for part in parts.values():
        if not hasattr(part, attribute):
            raise DtypeError("StandardUpdater(iterator, optimizer)", describe(part), expected)
