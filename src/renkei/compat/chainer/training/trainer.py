"""Trainer with Chainer's order of events."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections import OrderedDict
from typing import Any

import numpy as np

from renkei.compat.chainer.reporter import Reporter
from renkei.compat.chainer.serializer import Deserializer, Serializer, serialize_state
from renkei.compat.chainer.training.extension import _REMOVED, PRIORITY_READER
from renkei.compat.chainer.training.util import get_trigger
from renkei.training.trainer import Trainer as OurTrainer

__all__ = ["Trainer"]


class _ExtensionEntry:
    """An extension as it is registered."""

    def __init__(self, extension: Any, priority: int, trigger: Any, before: bool) -> None:
        self.extension, self.priority, self.trigger = extension, priority, trigger
        self.call_before_training = self.before_training = before

    def call(self, name: str, *args: Any) -> None:
        """Calls a method of the extension, if it has it."""
        method = getattr(self.extension, name, None)
        if method:
            method(*args)


class Trainer(OurTrainer):
    r"""The training loop: the updater, then the extensions whose triggers fire.

    Args:
        updater: does the work of one iteration.
        stop_trigger: when to stop, as in ``(20, "epoch")``; None: never.
        out: the directory that extensions write to.
        extensions: extensions to begin with.
    """

    def __init__(
        self, updater: Any, stop_trigger: Any = None, out: str = "result", extensions: Any = None
    ) -> None:
        self.updater = updater
        self.stop_trigger = get_trigger(stop_trigger)
        self.observation: dict[str, Any] = {}
        self.out = out
        self.reporter = Reporter()
        for name, optimizer in updater.get_all_optimizers().items():
            self._observe(name, optimizer.target)
        updater.connect_trainer(self)
        self._done = False
        self._extensions: Any = OrderedDict()
        self._interrupts = 0
        self._start_at: float | None = None
        self._snapshot_elapsed_time = 0.0
        self._final_elapsed_time: float | None = None
        for extension in extensions or ():
            self.extend(extension)

    @property
    def is_before_training(self) -> bool:
        """Whether no iteration has run yet."""
        return self.updater.iteration == 0

    @property
    def elapsed_time(self) -> float:
        """Seconds of training so far, those before a resume included."""
        if self._done and self._final_elapsed_time is not None:
            return self._final_elapsed_time
        if self._start_at is None:
            raise RuntimeError("training has not been started yet")
        return time.perf_counter() - self._start_at + self._snapshot_elapsed_time

    def extend(
        self,
        extension: Any,
        name: str | None = None,
        trigger: Any = None,
        priority: int | None = None,
        *,
        call_before_training: bool = False,
        **kwargs: Any,
    ) -> None:
        r"""Registers an extension: a callable that takes this trainer.

        Args:
            extension: the callable.
            name: its name; one that is taken gets ``_1``, ``_2`` ... behind it.
            trigger: when it runs; None: its own ``trigger``, or every iteration.
            priority: higher runs earlier; None: its own ``priority``, or 100.
            call_before_training: also run it before the first iteration.
        """
        if "invoke_before_training" in kwargs:
            raise ValueError(_REMOVED.format("initializer="))
        if kwargs:
            raise TypeError(f"extend() got unexpected arguments {sorted(kwargs)}")
        unique = self._unique(name or _name_of(extension))
        own = getattr(extension, "trigger", None)
        trigger = (own or (1, "iteration")) if trigger is None else trigger
        if priority is None:
            priority = getattr(extension, "priority", PRIORITY_READER)
        extension.name = unique
        entry = _ExtensionEntry(extension, priority, get_trigger(trigger), call_before_training)
        self._extensions[unique] = entry

    def _unique(self, name: str) -> str:
        if name == "training":
            raise ValueError('the name "training" is prohibited as an extension name')
        return super()._unique(name)

    def get_extension(self, name: str) -> Any:
        """The extension of a name; ValueError if there is none."""
        if name not in self._extensions:
            raise ValueError(f"extension {name} not found")
        return self._extensions[name].extension

    def run(self, show_loop_exception_msg: bool = True) -> None:
        """Trains until the stop trigger fires."""
        if self._done:
            raise RuntimeError("cannot run training loop multiple times")
        os.makedirs(self.out, exist_ok=True)
        entries = [entry for _, entry in self._ordered()]
        self._start_at = time.perf_counter()
        for entry in entries:
            if not getattr(entry.trigger, "finished", False):
                entry.call("initialize", self)
        try:
            self._train(entries)
        except BaseException as error:
            if show_loop_exception_msg:
                print(f"Exception in main training loop: {error}", file=sys.stderr)
                print("Traceback (most recent call last):", file=sys.stderr)
                traceback.print_tb(error.__traceback__)
                print(
                    "Will finalize trainer extensions and updater before reraising the exception.",
                    file=sys.stderr,
                )
            self._failed(error)
            raise
        finally:
            for entry in entries:
                entry.call("finalize")
            self.updater.finalize()
        self._final_elapsed_time = self.elapsed_time
        self._done = True

    def _train(self, entries: list[_ExtensionEntry]) -> None:
        report, update, stop = self.reporter.scope, self.updater.update, self.stop_trigger
        if self.is_before_training:
            self.observation = {}
            with report(self.observation):
                for entry in entries:
                    if entry.call_before_training:
                        entry.extension(self)
        while not stop(self):
            self.observation = {}
            with report(self.observation):
                update()
                for entry in entries:
                    if entry.trigger(self):
                        entry.extension(self)

    # -- state -------------------------------------------------------------------------------------

    def serialize(self, serializer: Any) -> None:
        """Reads or writes everything that a resumed training needs."""
        self.updater.serialize(serializer["updater"])
        if hasattr(self.stop_trigger, "serialize"):
            self.stop_trigger.serialize(serializer["stop_trigger"])
        extensions, triggers = serializer["extensions"], serializer["extension_triggers"]
        for name, entry in self._extensions.items():
            _serialize(entry.extension, extensions[name])
            _serialize(entry.trigger, triggers[name])
        if isinstance(serializer, Serializer):
            serializer("_snapshot_elapsed_time", self.elapsed_time)
        else:
            self._snapshot_elapsed_time = serializer("_snapshot_elapsed_time", 0.0)
        _serialize_random(serializer)

    def state(self) -> dict[str, Any]:
        from renkei.compat.chainer.serializers import DictionarySerializer

        collector = DictionarySerializer()
        self.serialize(collector)
        return {k: v.item() if v.dtype == object else v for k, v in collector.target.items()}

    def load_state(self, state: Any, strict: bool = True) -> None:
        from renkei.compat.chainer.serializers import NpzDeserializer

        self.serialize(NpzDeserializer(dict(state), strict=strict))


def _name_of(extension: Any) -> str:
    for attribute in ("name", "default_name", "__name__"):
        name = getattr(extension, attribute, None)
        if name is not None:
            return name
    raise TypeError("name must be given for the extension")


def _serialize(part: Any, serializer: Any) -> None:
    if hasattr(part, "serialize"):
        part.serialize(serializer)
    elif hasattr(part, "state") and hasattr(part, "load_state"):
        serialize_state(part, serializer)


def _serialize_random(serializer: Any) -> None:
    """The global state of ``numpy.random``, which Chainer leaves out; shuffles come from it."""
    if isinstance(serializer, Serializer):
        name, keys, position, has_gauss, gauss = np.random.get_state()
        ours = serializer["_renkei"]
        if name == "MT19937":
            ours("numpy_random", np.array([*keys, position, has_gauss], np.uint32))
            ours("numpy_random_gauss", np.float64(gauss))
    elif isinstance(serializer, Deserializer):
        known = serializer._known_keys() or ()
        if "_renkei/numpy_random" in known:
            words = np.asarray(serializer["_renkei"]("numpy_random", None))
            gauss = float(serializer["_renkei"]("numpy_random_gauss", 0.0))
            np.random.set_state(("MT19937", words[:624], int(words[624]), int(words[625]), gauss))
