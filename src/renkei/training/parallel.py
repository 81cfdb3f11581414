"""Updaters that share a batch among models, or a step among processes."""

from __future__ import annotations

import contextlib
import mmap
import multiprocessing
import pickle
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from multiprocessing import connection, util
from typing import Any, NoReturn

import numpy as np

import renkei.core.random as stream
from renkei.core.device import get_device
from renkei.core.errors import DeviceError, DtypeError, RangeError, UsageError, WorkerError
from renkei.datasets.convert import concat_examples
from renkei.iterators.workers import seed_all
from renkei.serializers.state import under
from renkei.training.updater import StandardUpdater

__all__ = ["MultiprocessParallelUpdater", "ParallelUpdater"]


def _call(loss: Callable[..., Any], arrays: Any) -> Any:
    if isinstance(arrays, tuple):
        return loss(*arrays)
    if isinstance(arrays, Mapping):
        return loss(**arrays)
    return loss(arrays)


class ParallelUpdater(StandardUpdater):
    r"""Shares each batch among copies of a model, on several devices, in one process.

    The n models get the examples ``batch[i::n]``. Their gradients are summed, not averaged, in the
    main model; it is updated, and its parameters are copied to the others. These report under
    their own names.

    Args:
        iterator: the training data, or a dictionary of iterators with the key ``main``.
        optimizer: an optimizer that was set up, or a dictionary with the key ``main``.
        converter: makes arrays from a list of examples.
        models: the models by name; ``main`` is the optimizer's target. None: copies of it.
        devices: the device of each model by name; None: they stay where they are.
        loss_func: gets the arrays of a batch and returns the loss; None: the models themselves.
        auto_new_epoch: tell the optimizer when an epoch begins.

    Raises:
        DtypeError: neither models nor devices are given, or none is ``main``.
    """

    def __init__(
        self,
        iterator: Any,
        optimizer: Any,
        converter: Callable[..., Any] = concat_examples,
        models: Mapping[str, Any] | None = None,
        devices: Mapping[str, Any] | None = None,
        loss_func: Callable[..., Any] | None = None,
        auto_new_epoch: bool = True,
    ) -> None:
        super().__init__(iterator, optimizer, converter, None, loss_func, auto_new_epoch)
        names = list(models if models is not None else devices or ())
        for given in (names, devices):
            if given is not None and "main" not in given:
                got = f"the keys {sorted(given)}"
                raise DtypeError("ParallelUpdater(models=..., devices=...)", got, "the key 'main'")
        main = self._optimizers["main"].target
        if models is None:
            models = {name: main if name == "main" else main.copy("copy") for name in names}
        self._models = dict(models)
        self._devices: dict[str, Any] = dict.fromkeys(names)
        for name, device in (devices or {}).items():
            self._devices[name] = get_device(device)
            self._models[name].to_device(self._devices[name])

    def connect_trainer(self, trainer: Any) -> None:
        for name, model in self._models.items():
            if model is not self._optimizers["main"].target:
                trainer.reporter.add_observer(name, model)
                trainer.reporter.add_observers(name, model.namedlinks(skipself=True))

    def update_core(self) -> None:
        iterator, optimizer = self._iterators["main"], self._optimizers["main"]
        main, n = self._models["main"], len(self._models)
        batch = next(iterator)
        losses = []
        for i, (name, model) in enumerate(self._models.items()):
            model.cleargrads()
            part = batch[i::n]
            if part:  # the last batch may have fewer examples than there are models
                arrays = self.converter(part, self._devices[name])
                losses.append(_call(self.loss_func or model, arrays))
        for loss in losses:
            loss.backward(loss_scale=optimizer.loss_scale)
        others = [model for name, model in self._models.items() if name != "main"]
        for model in others:
            main.addgrads(model)
        optimizer.update()
        for model in others:
            model.copyparams(main)
        if self.auto_new_epoch and iterator.is_new_epoch:
            optimizer.new_epoch(auto=True)


class MultiprocessParallelUpdater(StandardUpdater):
    r"""Shares each step among processes of this machine, one for each iterator.

    Every process computes the gradient of a batch of its own iterator. The gradients are averaged
    through shared memory in a fixed order, so that a run can be repeated bit for bit; this process
    updates its model, and the others see the new parameters. What a step does is what one process
    would do with all the batches together, if they are of one size: the learning rate stays.

    The processes are forked at the first step, so that models and data sets need not be sent. What
    they report is dropped. A snapshot holds the places of all iterators and all random streams.

    Args:
        iterators: an iterator for each process, each over its part of the data.
        optimizer: an optimizer that was set up.
        converter: makes arrays from a list of examples.
        devices: if given, one CPU device for each iterator.
        auto_new_epoch: tell the optimizer when the first iterator begins an epoch.
        loss_func: gets the arrays of a batch and returns the loss; None: the optimizer's target.

    Raises:
        RangeError: the numbers of iterators and devices differ, or there are none.
        DeviceError: a device or the model is not on the CPU.
        WorkerError: a process has died.
    """

    def __init__(
        self,
        iterators: Sequence[Any],
        optimizer: Any,
        converter: Callable[..., Any] = concat_examples,
        devices: Sequence[Any] | None = None,
        auto_new_epoch: bool = True,
        *,
        loss_func: Callable[..., Any] | None = None,
    ) -> None:
        call = "MultiprocessParallelUpdater(iterators, ...)"
        iterators = list(iterators)
        if not iterators or (devices is not None and len(devices) != len(iterators)):
            got = f"{len(iterators)} iterators, {'no' if devices is None else len(devices)} devices"
            raise RangeError(call, got, "as many devices as iterators, at least 1")
        for device in devices or ():
            if get_device(device).name != "@numpy":
                raise DeviceError(call, f"the device {device!r}", "CPU devices")
        if not self.available():
            raise UsageError(f"{call} forks its workers", hint="This system cannot fork.")
        super().__init__(iterators[0], optimizer, converter, None, loss_func, auto_new_epoch)
        self._all_iterators = iterators
        self._crew: _Crew | None = None
        self._waiting: dict[int, dict[str, Any]] = {}  # what workers are to continue from

    @staticmethod
    def available() -> bool:
        """Whether this system can fork."""
        return "fork" in multiprocessing.get_all_start_methods()

    def setup_workers(self) -> None:
        """Starts the processes; done by the first step, when all sizes are known."""
        if self._crew is None:
            model = self._optimizers["main"].target
            self._crew = _Crew(self._all_iterators, model, self._compute)
            self._crew.tell(self._waiting)
            self._waiting = {}

    def _compute(self, iterator: Any) -> None:
        """The gradient of a batch."""
        optimizer = self._optimizers["main"]
        batch = self.converter(next(iterator), self.device)
        optimizer.target.cleargrads()
        loss = _call(self.loss_func or optimizer.target, batch)
        loss.backward(loss_scale=optimizer.loss_scale)

    def update_core(self) -> None:
        optimizer, iterator = self._optimizers["main"], self._iterators["main"]
        early = all(param.is_initialized for param in optimizer.target.params())
        if not early:  # the first forward fills in the sizes, which the workers need
            self._compute(iterator)
        self.setup_workers()
        assert self._crew is not None
        self._crew.begin()
        try:
            if early:
                self._compute(iterator)
        finally:
            goes_on = self._crew.wait()
        if not goes_on:
            raise StopIteration
        self._crew.average()
        optimizer.update()
        if self.auto_new_epoch and iterator.is_new_epoch:
            optimizer.new_epoch(auto=True)

    def parts(self) -> list[tuple[str, Any]]:
        parts = dict(super().parts())
        return list((parts | {"iterator:main": _Places(self)}).items())

    def finalize(self) -> None:
        if self._crew is not None:
            self._crew.close()
            self._crew = None
        for iterator in self._all_iterators:
            iterator.finalize()


class _Places:
    """The places of all iterators as one: that of the first under Chainer's keys."""

    def __init__(self, updater: MultiprocessParallelUpdater) -> None:
        self._updater = updater

    def state(self) -> dict[str, Any]:
        updater = self._updater
        result = dict(updater._all_iterators[0].state())
        if updater._crew is None:
            waiting = updater._waiting
            states = [
                waiting.get(rank, {}) | {"iterator": iterator.state()}
                for rank, iterator in enumerate(updater._all_iterators[1:], 1)
            ]
        else:
            states = updater._crew.ask("state")
        for rank, parts in enumerate(states, 1):
            for name, state in parts.items():
                result |= {f"_renkei/worker:{rank}/{name}/{k}": v for k, v in state.items()}
        return result

    def load_state(self, state: Mapping[str, Any], strict: bool = True) -> None:
        iterators, crew = self._updater._all_iterators, self._updater._crew
        first = {k: v for k, v in state.items() if not k.startswith("_renkei/")}
        iterators[0].load_state(first, strict)
        found: dict[int, dict[str, Any]] = {}
        for rank in range(1, len(iterators)):
            for name in ("iterator", "random"):
                part = under(state, f"_renkei/worker:{rank}/{name}")
                if part:  # a snapshot of fewer processes lets the others begin an epoch
                    found.setdefault(rank, {})[name] = part
        if crew is not None:
            crew.tell(found)
            return
        for rank, parts in found.items():
            iterators[rank].load_state(parts["iterator"])
        self._updater._waiting = found


class _Crew:
    """The processes beside this one, and the memory that they share with it."""

    def __init__(self, iterators: list[Any], model: Any, compute: Callable[[Any], None]) -> None:
        self._params = [param for _, param in sorted(model.namedparams())]
        self._compute, self._n = compute, len(iterators)
        self._share()
        context: Any = multiprocessing.get_context("fork")
        self._ends: list[Any] = []
        self._processes: list[Any] = []
        for rank, iterator in enumerate(iterators[1:], 1):
            mine, theirs = context.Pipe()
            self._ends.append(mine)
            name = f"renkei-updater-{rank}"
            process = context.Process(target=self._work, args=(rank, iterator, theirs), name=name)
            with warnings.catch_warnings():  # the native pool is parked, and no lock is shared
                warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
                process.start()
            theirs.close()
            self._processes.append(process)
        # Before multiprocessing waits for the processes at exit, they must know that it is over.
        self._at_exit = util.Finalize(self, _close, (self._ends,), exitpriority=10)

    def _share(self) -> None:
        """One memory for the parameters, and one for each worker's gradients."""
        for param in self._params:
            if not isinstance(param.array, np.ndarray):
                got = f"parameter {param.name} on another device"
                raise DeviceError("MultiprocessParallelUpdater", got, "a model on the CPU")
        size = sum(-(-p.array.nbytes // 64) * 64 for p in self._params)
        self._memory = mmap.mmap(-1, max(1, size * self._n + 64 * len(self._params) * self._n))
        whole = np.frombuffer(self._memory, np.uint8)
        self._present = whole[size * self._n :][: self._n * len(self._params)]
        self._present = self._present.reshape(self._n, len(self._params))
        self._arrays: list[list[Any]] = []  # of parameters, then of each worker's gradients
        at = 0
        for _ in range(self._n):
            self._arrays.append([])
            for param in self._params:
                part = whole[at : at + param.array.nbytes].view(param.array.dtype)
                self._arrays[-1].append(part.reshape(param.array.shape))
                at += -(-param.array.nbytes // 64) * 64

    # -- in the workers ----------------------------------------------------------------------------

    def _work(self, rank: int, iterator: Any, end: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C lets the present iteration end
        for other in self._ends:
            other.close()
        native = sys.modules.get("renkei._native")
        if native is not None:
            native.set_num_threads(max(1, native.num_threads() // self._n))
        key, stream._default = stream.generator().key, None
        seed_all(key, rank)
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                name, argument = end.recv()
                try:
                    answer = getattr(self, f"_do_{name}")(rank, iterator, argument)
                except Exception as error:
                    error.add_note(f"In worker {rank}:\n{traceback.format_exc().rstrip()}")
                    answer = _portable(error, rank)
                end.send(answer)
        iterator.finalize()

    def _do_step(self, rank: int, iterator: Any, argument: Any) -> bool:
        for param, shared in zip(self._params, self._arrays[0]):
            param.array[...] = shared
        try:
            self._compute(iterator)
        except StopIteration:
            return False
        for i, param in enumerate(self._params):
            self._present[rank, i] = param.grad is not None
            if param.grad is not None:
                self._arrays[rank][i][...] = param.grad
        return True

    def _do_state(self, rank: int, iterator: Any, argument: Any) -> dict[str, Any]:
        return {"iterator": iterator.state(), "random": stream.generator().state()}

    def _do_load(self, rank: int, iterator: Any, parts: Any) -> None:
        iterator.load_state(parts["iterator"])
        if "random" in parts:
            stream.generator().load_state(parts["random"])

    # -- here --------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Lets the workers compute the gradients of a step."""
        for param, shared in zip(self._params, self._arrays[0]):
            shared[...] = param.array
        for rank in range(1, self._n):
            self._send(rank, "step", None)

    def wait(self) -> bool:
        """Waits for the workers; whether all of them had a batch."""
        return all(self._answers(range(1, self._n)))

    def average(self) -> None:
        """The mean of all processes' gradients, summed in the order of their numbers."""
        for i, param in enumerate(self._params):
            workers = [r for r in range(1, self._n) if self._present[r, i]]
            if param.grad is None and not workers:
                continue
            total = np.zeros_like(param.array) if param.grad is None else param.grad.copy()
            for rank in workers:
                total += self._arrays[rank][i]
            total /= self._n
            param.grad = total

    def ask(self, name: str) -> list[Any]:
        """The answers of all workers to a question."""
        for rank in range(1, self._n):
            self._send(rank, name, None)
        return self._answers(range(1, self._n))

    def tell(self, states: Mapping[int, Any]) -> None:
        """Gives workers their states back."""
        for rank, state in states.items():
            self._send(rank, "load", state)
        self._answers(states)

    def _answers(self, ranks: Iterable[int]) -> list[Any]:
        """One answer of each worker; an error only after all have answered."""
        answers = [self._receive(rank) for rank in ranks]
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    def _send(self, rank: int, name: str, argument: Any) -> None:
        try:
            self._ends[rank - 1].send((name, argument))
        except OSError:
            self._died(rank)

    def _receive(self, rank: int) -> Any:
        end, process = self._ends[rank - 1], self._processes[rank - 1]
        ready = connection.wait([end, process.sentinel])
        if end not in ready:
            self._died(rank)
        try:
            return end.recv()
        except (EOFError, OSError):
            self._died(rank)

    def _died(self, rank: int) -> NoReturn:
        process = self._processes[rank - 1]
        process.join(1.0)
        self.close()
        code = process.exitcode
        why = f"exit code {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                why = signal.Signals(-code).name
        raise WorkerError(
            f"MultiprocessParallelUpdater: worker {rank} (process {process.pid}) has died", why
        )

    def close(self) -> None:
        """Ends the processes; may be called again."""
        self._at_exit()
        for process in self._processes:
            process.join(1.0)
            if process.is_alive():
                process.kill()
                process.join()


def _close(ends: list[Any]) -> None:
    for end in ends:
        end.close()


def _portable(error: Exception, rank: int) -> Exception:
    try:
        error.__traceback__ = None
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return WorkerError(f"MultiprocessParallelUpdater: worker {rank} failed", repr(error))
