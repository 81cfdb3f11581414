"""Updaters: one iteration on one device, or on several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renkei.compat.chainer import _tree, backend
from renkei.compat.chainer.dataset.convert import _call_converter, concat_examples
from renkei.compat.chainer.serializers.npz import serialize as _serialize
from renkei.compat.chainer.training.updater import Updater
from renkei.training.updater import StandardUpdater as OurUpdater

__all__ = ["MultiprocessParallelUpdater", "ParallelUpdater", "StandardUpdater"]


def _call(loss: Callable[..., Any], arrays: Any, apply: Callable[..., Any]) -> Any:
    if isinstance(arrays, tuple):
        return apply(loss, *arrays)
    if isinstance(arrays, dict):
        return apply(loss, **arrays)
    return apply(loss, arrays)


class StandardUpdater(Updater, OurUpdater):
    r"""Takes a batch from an iterator, and lets an optimizer update its target with it.

    Args:
        iterator: the training data, or a dictionary of iterators with the key ``main``.
        optimizer: an optimizer that was set up, or a dictionary with the key ``main``.
        converter: makes arrays from a list of examples.
        device: where models and batches go; None leaves them.
        loss_func: gets the arrays of a batch and returns the loss; None: the optimizer's target.
        loss_scale: multiplies the loss, for float16.
        auto_new_epoch: tell the main optimizer when an epoch begins.
        input_device: where batches go, if not to ``device``.
    """

    def __init__(
        self,
        iterator: Any,
        optimizer: Any,
        converter: Any = concat_examples,
        device: Any = None,
        loss_func: Callable[..., Any] | None = None,
        loss_scale: float | None = None,
        auto_new_epoch: bool = True,
        *,
        input_device: Any = None,
    ) -> None:
        self._iterators = iterator if isinstance(iterator, dict) else {"main": iterator}
        self._optimizers = optimizer if isinstance(optimizer, dict) else {"main": optimizer}
        self._device = None if device is None else backend.get_device(device)
        self._input_device = self._device
        if input_device is not None:
            self._input_device = backend.get_device(input_device)
        self.converter, self.loss_func, self.iteration = converter, loss_func, 0
        self.loss_scale, self.auto_new_epoch = loss_scale, auto_new_epoch
        for each in self._optimizers.values():
            if self._device is not None:
                each.target.to_device(self._device)
            if loss_scale is not None:
                each.set_loss_scale(loss_scale)
            if auto_new_epoch:
                each.use_auto_new_epoch = True

    @property
    def device(self) -> Any:
        """Where the models are; None: where they were."""
        return self._device

    @property
    def input_device(self) -> Any:
        """Where batches go; None: nowhere."""
        return self._input_device

    epoch = property(lambda self: self._iterators["main"].epoch)
    epoch_detail = property(lambda self: self._iterators["main"].epoch_detail)
    previous_epoch_detail = property(lambda self: self._iterators["main"].previous_epoch_detail)
    is_new_epoch = property(lambda self: self._iterators["main"].is_new_epoch)

    def get_optimizer(self, name: str) -> Any:
        """The optimizer of a name."""
        return self._optimizers[name]

    def get_all_optimizers(self) -> dict[str, Any]:
        """All optimizers by name."""
        return dict(self._optimizers)

    def get_iterator(self, name: str) -> Any:
        """The iterator of a name."""
        return self._iterators[name]

    def connect_trainer(self, trainer: Any) -> None:
        """Called when a Trainer takes this updater."""

    def finalize(self) -> None:
        """Lets the iterators give back what they hold."""
        for iterator in self._iterators.values():
            iterator.finalize()

    def update(self) -> None:
        """Runs one iteration."""
        self.update_core()
        self.iteration += 1

    def update_core(self) -> None:
        """The work of one iteration; programs override it for other procedures."""
        iterator, optimizer = self._iterators["main"], self._optimizers["main"]
        arrays = _call_converter(self.converter, next(iterator), self.input_device)
        _call(self.loss_func or optimizer.target, arrays, optimizer.update)
        if self.auto_new_epoch and iterator.is_new_epoch:
            optimizer.new_epoch(auto=True)

    def serialize(self, serializer: Any) -> None:
        """Reads or writes iterators, optimizers, models and the count of iterations."""
        for name, iterator in self._iterators.items():
            _serialize(iterator, serializer["iterator:" + name])
        for name, optimizer in self._optimizers.items():
            _serialize(optimizer, serializer["optimizer:" + name])
            _serialize(optimizer.target, serializer["model:" + name])
        self.iteration = serializer("iteration", self.iteration)


class ParallelUpdater(StandardUpdater):
    r"""Splits each batch over several devices, and adds their gradients.

    Args:
        iterator, optimizer, converter, loss_func, loss_scale, auto_new_epoch: as for
            ``StandardUpdater``.
        models: a model for each device by name, with the key ``main``; None: copies of the target.
        devices: the devices by name, with the key ``main``; None is not allowed.
    """

    def __init__(
        self,
        iterator: Any,
        optimizer: Any,
        converter: Any = concat_examples,
        models: dict[str, Any] | None = None,
        devices: dict[str, Any] | None = None,
        loss_func: Callable[..., Any] | None = None,
        loss_scale: float | None = None,
        auto_new_epoch: bool = True,
    ) -> None:
        super().__init__(
            iterator, optimizer, converter, None, loss_func, loss_scale, auto_new_epoch
        )
        if models is None:
            if devices is None:
                raise ValueError("either models or devices must be specified")
            main = self._optimizers["main"].target
            models = {"main": main}
            models |= {name: main.copy("copy") for name in devices if name != "main"}
        if "main" not in models:
            raise KeyError("'models' must contain a 'main' key.")
        if devices is not None and "main" not in devices:
            raise KeyError("'devices' must contain a 'main' key.")
        self._models = models
        self._devices = {n: m.device for n, m in models.items()}
        for name, device in (devices or {}).items():
            self._devices[name] = backend.get_device(device)
            models[name].to_device(self._devices[name])
        if self._device is None:
            self._device = self._devices["main"]

    def connect_trainer(self, trainer: Any) -> None:
        """The other models report under their own names."""
        for name, model in self._models.items():
            if model is not self._optimizers["main"].target:
                trainer.reporter.add_observer(name, model)
                trainer.reporter.add_observers(name, model.namedlinks(skipself=True))

    def update_core(self) -> None:
        optimizer, iterator = self._optimizers["main"], self._iterators["main"]
        main = self._models["main"]
        batch = next(iterator)
        names = list(self._models)
        for model in self._models.values():
            model.cleargrads()
        losses = []
        for i, name in enumerate(names):
            part, device = batch[i :: len(names)], self._devices[name]
            if not part:
                continue
            with backend.using_device(device):
                arrays = _call_converter(self.converter, part, device)
                function = self.loss_func or self._models[name]
                losses.append(_call(function, arrays, lambda f, *a, **k: f(*a, **k)))
        for loss in losses:
            loss.backward(loss_scale=self.loss_scale)
        for name, model in self._models.items():
            if name != "main":
                main.addgrads(model)
        optimizer.update()
        for name, model in self._models.items():
            if name != "main":
                model.copyparams(main)
        if self.auto_new_epoch and iterator.is_new_epoch:
            optimizer.new_epoch(auto=True)


class MultiprocessParallelUpdater(StandardUpdater):
    """One process for each GPU, through NCCL; ``available()`` says whether that can be."""

    @staticmethod
    def available() -> bool:
        """Whether NCCL can be used here through this interface: no."""
        return False

    def __init__(
        self,
        iterators: Any,
        optimizer: Any,
        converter: Any = concat_examples,
        devices: Any = None,
        auto_new_epoch: bool = True,
    ) -> None:
        raise Exception(
            "NCCL is not enabled. MultiprocessParallelUpdater requires NCCL.\n"
            "Please use ParallelUpdater, or renkei.distributed."
        )

    def setup_workers(self) -> None:
        """Starts the processes."""


__getattr__ = _tree.submodules("training.updaters")
