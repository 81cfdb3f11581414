"""Progress: how far training has come, what was reported, and the extensions that watch.

In a plain loop::

    progress = Progress(iterator, model=model, optimizer=optimizer, out="result")
    progress.extend(extensions.LogReport())
    for batch in progress.over(stop=(20, "epoch")):
        optimizer.update(model, *batch)

``Trainer`` is a Progress that runs the loop itself.
"""

from __future__ import annotations

import copy
import functools
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from renkei.core.errors import (
    DtypeError,
    LoadError,
    RenkeiError,
    SaveError,
    UninitializedError,
    UsageError,
    describe,
)
from renkei.core.random import generator
from renkei.datasets.convert import concat_examples
from renkei.reporter import Reporter
from renkei.serializers.state import under
from renkei.training.extension import PRIORITY_READER, Extension
from renkei.training.triggers import get_trigger

__all__ = ["Progress"]


class _Entry:
    """An extension as it is registered."""

    def __init__(self, extension: Any, priority: int, trigger: Any, before: bool) -> None:
        self.extension, self.priority, self.trigger = extension, priority, trigger
        self.before_training = before

    def call(self, name: str, *args: Any) -> None:
        method = getattr(self.extension, name, None)
        if method is not None:
            method(*args)


class Progress:
    r"""How far training has come, and the extensions that watch it.

    Args:
        iterator: the iterator of the training data; epochs are counted by it.
        out: the directory that extensions write to; made when training starts.
        targets: what is saved with snapshots, by name: models, optimizers, anything with
            ``state()``. Links among them are observers under their names, ``model`` as ``main``.

    >>> import renkei as rk
    >>> from renkei.training import Progress
    >>> from renkei.iterators import SerialIterator
    >>> progress = Progress(SerialIterator([1, 2, 3, 4], 2, shuffle=False), out=None)
    >>> for batch in progress.over(stop=(1, "epoch"), converter=None):
    ...     rk.report({"sum": sum(batch)})
    ...     print(batch, progress.iteration)
    [1, 2] 0
    [3, 4] 1
    """

    def __init__(self, iterator: Any = None, out: str | None = "result", **targets: Any) -> None:
        self.out, self.iteration = out, 0
        self.observation: dict[str, Any] = {}
        self.reporter = Reporter()
        self.stop_trigger: Any = get_trigger(None)
        self._iterator, self._targets = iterator, targets
        self._extensions: dict[str, _Entry] = {}
        self._started_at: float | None = None
        self._final_time: float | None = None
        self._earlier = 0.0
        self._interrupts = 0
        for name, target in targets.items():
            if hasattr(target, "namedlinks"):
                self._observe("main" if name == "model" else name, target)

    def _observe(self, name: str, link: Any) -> None:
        self.reporter.add_observer(name, link)
        self.reporter.add_observers(name, link.namedlinks(skipself=True))

    # -- where we are ------------------------------------------------------------------------------

    @property
    def iterator(self) -> Any:
        """The iterator that epochs are counted by."""
        return self._iterator

    @property
    def epoch(self) -> int:
        """How many epochs are complete."""
        return getattr(self.iterator, "epoch", 0)

    @property
    def epoch_detail(self) -> float:
        """How many epochs are complete, with the fraction of the present one."""
        return getattr(self.iterator, "epoch_detail", 0.0)

    @property
    def previous_epoch_detail(self) -> float | None:
        """``epoch_detail`` before the last batch."""
        return getattr(self.iterator, "previous_epoch_detail", None)

    @property
    def is_new_epoch(self) -> bool:
        """Whether the last batch completed an epoch."""
        return getattr(self.iterator, "is_new_epoch", False)

    @property
    def is_before_training(self) -> bool:
        """Whether no iteration has run yet."""
        return self.iteration == 0

    @property
    def elapsed_time(self) -> float:
        """Seconds of training so far, those before a resume included."""
        if self._final_time is not None:
            return self._final_time
        if self._started_at is None:
            return self._earlier
        return time.perf_counter() - self._started_at + self._earlier

    @property
    def targets(self) -> dict[str, Any]:
        """What is saved with snapshots, by name."""
        return self._targets

    @property
    def optimizers(self) -> dict[str, Any]:
        """The optimizers among the targets, by name."""
        return {n: t for n, t in self.targets.items() if hasattr(t, "add_hook") and hasattr(t, "t")}

    # -- extensions --------------------------------------------------------------------------------

    def extend(
        self,
        extension: Any,
        name: str | None = None,
        trigger: Any = None,
        priority: int | None = None,
        *,
        call_before_training: bool = False,
    ) -> None:
        """Registers an extension: a callable that takes this Progress.

        Args:
            extension: the callable.
            name: its name; a name that is taken gets ``_1``, ``_2`` ... behind it.
            trigger: when it runs; None: its own ``trigger``, or every iteration.
            priority: higher runs earlier; None: its own ``priority``, or 100.
            call_before_training: also run it before the first iteration.

        Raises:
            DtypeError: the extension cannot be called, or is a class.
            UsageError: the name is reserved.
        """
        if not callable(extension) or isinstance(extension, type):
            raise DtypeError(
                "extend(extension)", describe(extension), "a callable", "As in extend(LogReport())."
            )
        unique = self._unique(name or _default_name(extension))
        if isinstance(extension, Extension):
            extension.name = unique
        own: Any = getattr(extension, "trigger", (1, "iteration"))
        rank: int = getattr(extension, "priority", PRIORITY_READER)
        self._extensions[unique] = _Entry(
            extension,
            rank if priority is None else priority,
            get_trigger(own if trigger is None else trigger),
            call_before_training,
        )

    def _unique(self, name: str) -> str:
        if name == "training":
            raise UsageError("extend(name='training')", hint="This name is reserved.")
        unique, number = name, 0
        while unique in self._extensions:
            number += 1
            unique = f"{name}_{number}"
        return unique

    def get_extension(self, name: str) -> Any:
        """The extension of a name.

        Raises:
            UsageError: there is none.
        """
        if name not in self._extensions:
            known = ", ".join(self._extensions) or "none"
            raise UsageError(f"extension {name} not found", hint=f"There are: {known}.")
        return self._extensions[name].extension

    def _ordered(self) -> list[tuple[str, _Entry]]:
        return sorted(self._extensions.items(), key=lambda item: -item[1].priority)

    # -- the loop ----------------------------------------------------------------------------------

    def over(
        self,
        iterator: Any = None,
        stop: Any = None,
        converter: Callable[[Any], Any] | None = concat_examples,
    ) -> Iterator[Any]:
        """Yields converted batches until ``stop`` fires, running the extensions after each.

        Args:
            iterator: the training data; None: the one given to the constructor.
            stop: a trigger, as in ``(20, "epoch")``; None: until the iterator ends.
            converter: makes arrays from a list of examples; None: batches as they are.
        """
        self._iterator = self._iterator if iterator is None else iterator
        if self._iterator is None:
            raise UsageError("Progress.over()", hint="Give an iterator here or to Progress.")
        if not hasattr(self._iterator, "__next__"):
            raise DtypeError(
                "Progress.over(iterator)",
                describe(self._iterator),
                "an iterator",
                "Use SerialIterator(dataset, batch_size).",
            )
        self.stop_trigger = get_trigger(stop)
        yield from self._loop(lambda: next(self._iterator), converter or (lambda batch: batch))

    def _loop(self, step: Callable[[], Any], converter: Callable[[Any], Any]) -> Iterator[Any]:
        """Runs steps between start and finish; the caller works on what each yields."""
        handler = self._catch_interrupts()
        try:
            self._start()
            yield from self._steps(step, converter)
        finally:
            self._finish(handler)

    def _steps(self, step: Callable[[], Any], converter: Callable[[Any], Any]) -> Iterator[Any]:
        try:
            while not self.stop_trigger(self):
                self.observation = {}
                with self.reporter.scope(self.observation):
                    try:
                        batch = step()
                    except StopIteration:
                        break
                    yield converter(batch)
                    self.iteration += 1
                    self._run_extensions()
                if self._interrupts:
                    raise KeyboardInterrupt
        except BaseException as error:
            if not isinstance(error, GeneratorExit):
                self._failed(error)
            raise

    def _run_extensions(self) -> None:
        for _, entry in self._ordered():
            if entry.trigger(self):
                entry.extension(self)

    def _start(self) -> None:
        if self.out is not None:
            try:
                os.makedirs(self.out, exist_ok=True)
            except OSError as error:
                raise SaveError(
                    f"Cannot make the output directory {self.out}",
                    error.strerror or str(error),
                    hint="Choose another one: out=...",
                ) from error
        self._started_at, self._final_time = time.perf_counter(), None
        for _, entry in self._ordered():
            if not getattr(entry.trigger, "finished", False):
                entry.call("initialize", self)
        if self.is_before_training:
            self.observation = {}
            with self.reporter.scope(self.observation):
                for _, entry in self._ordered():
                    if entry.before_training:
                        entry.extension(self)

    def _catch_interrupts(self) -> Any:
        """Ctrl-C ends training after the present iteration, so that no state is half updated.

        A second Ctrl-C ends it at once.
        """
        self._interrupts = 0
        if threading.current_thread() is not threading.main_thread():
            return None
        before = signal.getsignal(signal.SIGINT)
        if before is not signal.default_int_handler:
            return None

        def note(signum: int, frame: Any) -> None:
            self._interrupts += 1
            if self._interrupts > 1:
                raise KeyboardInterrupt

        signal.signal(signal.SIGINT, note)
        return before

    def _failed(self, error: BaseException) -> None:
        for _, entry in self._ordered():
            try:
                entry.call("on_error", self, error, error.__traceback__)
            except Exception:
                print("An extension failed while handling an error:", file=sys.stderr)  # noqa: T201
                traceback.print_exc()

    def _finish(self, handler: Any) -> None:
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        self._final_time = self.elapsed_time
        for _, entry in self._ordered():
            entry.call("finalize")

    # -- state -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything that resumes: counters, iterator, targets, extensions, random numbers."""
        result: dict[str, Any] = {"updater/iteration": np.asarray(self.iteration)}
        if self.iterator is not None:
            _put(result, "updater/iterator:main", self.iterator)
        for name, target in self.targets.items():
            kind = "optimizer" if name in self.optimizers else "model"
            _put(result, f"updater/{kind}:{'main' if name == kind else name}", target)
        return result | self._outer_state()

    def _outer_state(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        _put(result, "stop_trigger", self.stop_trigger)
        for name, entry in self._extensions.items():
            _put(result, f"extensions/{name}", entry.extension)
            _put(result, f"extension_triggers/{name}", entry.trigger)
        result["_snapshot_elapsed_time"] = np.asarray(self.elapsed_time)
        _put(result, "_renkei/random", generator())
        return result

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Continues where ``state`` was taken."""
        parts: list[tuple[str, Any]] = []
        if self.iterator is not None:
            parts.append(("updater/iterator:main", self.iterator))
        for name, target in self.targets.items():
            kind = "optimizer" if name in self.optimizers else "model"
            parts.append((f"updater/{kind}:{'main' if name == kind else name}", target))
        self._load(state, parts, strict)

    def _load(self, state: Mapping[str, Any], parts: list[tuple[str, Any]], strict: bool) -> None:
        if "updater/iteration" not in state:
            raise LoadError(
                "This is no snapshot of a training",
                f"{len(state)} keys without 'updater/iteration'",
                hint="A file of weights alone is loaded into the model, not into the trainer.",
            )
        undo: list[Callable[[], None]] = []
        place = ""
        try:
            iteration = int(state["updater/iteration"])
            earlier = float(state.get("_snapshot_elapsed_time", 0.0))
            for place, target in parts:
                part = _part(state, place, strict)
                before = _before(target)
                undo.append(functools.partial(target.load_state, before, strict=False))
                target.load_state(part, strict=strict)
            for place, target in self._optional_parts():
                part = _part(state, place)
                if part:  # an extension added after the snapshot starts afresh
                    undo.append(functools.partial(target.load_state, _before(target)))
                    target.load_state(part)
        except Exception as error:  # a part that does not fit must not leave the others changed
            for restore in undo:
                restore()
            if isinstance(error, RenkeiError):
                raise
            raise LoadError(
                f"The snapshot's {place or 'count of iterations'!r} cannot be loaded",
                f"{type(error).__name__}: {error}",
                "what state() of this training gives",
                "Nothing was changed.",
            ) from error
        self.iteration, self._earlier = iteration, earlier

    def _optional_parts(self) -> list[tuple[str, Any]]:
        """What a snapshot may lack, with the path of each."""
        parts: list[tuple[str, Any]] = []
        for name, entry in self._extensions.items():
            parts.append((f"extensions/{name}", entry.extension))
            parts.append((f"extension_triggers/{name}", entry.trigger))
        parts += [("stop_trigger", self.stop_trigger), ("_renkei/random", generator())]
        return [(path, part) for path, part in parts if hasattr(part, "load_state")]


def _default_name(extension: Any) -> str:
    for attribute in ("name", "default_name", "__name__"):
        name = getattr(extension, attribute, None)
        if name:
            return name
    return type(extension).__name__


def _put(result: dict[str, Any], prefix: str, part: Any) -> None:
    if hasattr(part, "state"):
        result.update({f"{prefix}/{k}": v for k, v in part.state().items()})


def _part(state: Mapping[str, Any], prefix: str, strict: bool = False) -> dict[str, Any]:
    prefix += "/"
    part = under(state, prefix)
    if strict and not part:
        raise LoadError(f"The snapshot has nothing under {prefix!r}", hint="Is it of this program?")
    return part


def _before(target: Any) -> dict[str, Any]:
    """What a target holds before loading; a model whose sizes are open holds nothing yet."""
    try:
        return copy.deepcopy(target.state())
    except UninitializedError:
        return {}
