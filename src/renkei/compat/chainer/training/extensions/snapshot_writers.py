"""How snapshots are written: at once, by a thread or process, or by one that takes them in turn."""

from __future__ import annotations

import multiprocessing
import os
import queue
import tempfile
import threading
from collections.abc import Callable
from typing import Any

from renkei.compat.chainer.serializers.npz import save_npz

__all__ = [
    "ProcessQueueWriter",
    "ProcessWriter",
    "QueueWriter",
    "SimpleWriter",
    "StandardWriter",
    "ThreadQueueWriter",
    "ThreadWriter",
    "Writer",
]


class Writer:
    """The base of writers. The target they are given is a dictionary that nobody changes."""

    def __init__(self) -> None:
        self._post_save_hooks: list[Callable[[], None]] = []

    def __call__(self, filename: str, outdir: str, target: Any) -> None:
        raise NotImplementedError(f"{type(self).__name__}.__call__")

    def finalize(self) -> None:
        """Waits until everything is written."""

    def save(self, filename: str, outdir: str, target: Any, savefun: Any, **kwds: Any) -> None:
        """Writes a file beside its place and renames it."""
        with tempfile.TemporaryDirectory(prefix="tmp" + filename, dir=outdir) as room:
            partial = os.path.join(room, filename)
            savefun(partial, target, **kwds)
            os.replace(partial, os.path.join(outdir, filename))
        self._post_save()

    def _add_cleanup_hook(self, hook_fun: Callable[[], None]) -> None:
        """Calls a function after each file."""
        self._post_save_hooks.append(hook_fun)

    def _post_save(self) -> None:
        for hook in self._post_save_hooks:
            hook()


class SimpleWriter(Writer):
    r"""Writes at once.

    Args:
        savefun: takes a path and an object, and writes.
        kwds: further arguments for it.
    """

    def __init__(self, savefun: Callable[..., Any] = save_npz, **kwds: Any) -> None:
        super().__init__()
        self._savefun, self._kwds = savefun, kwds

    def __call__(self, filename: str, outdir: str, target: Any) -> None:
        self.save(filename, outdir, target, self._savefun, **self._kwds)


class StandardWriter(Writer):
    """The base of writers that start a worker for each file, after the one before has ended."""

    _worker: Any = None
    _started = _finalized = False

    def __init__(self, savefun: Callable[..., Any] = save_npz, **kwds: Any) -> None:
        super().__init__()
        self._savefun, self._kwds = savefun, kwds
        self._started = self._finalized = False

    def __call__(self, filename: str, outdir: str, target: Any) -> None:
        self._join()
        self._filename = filename
        self._worker = self.create_worker(filename, outdir, target, **self._kwds)
        self._worker.start()
        self._started = True

    def create_worker(self, filename: str, outdir: str, target: Any, **kwds: Any) -> Any:
        """Makes what writes: it has ``start`` and ``join``."""
        raise NotImplementedError(f"{type(self).__name__}.create_worker")

    def _join(self) -> None:
        if self._started and self._worker is not None:
            self._worker.join()
            self._started = False

    def finalize(self) -> None:
        if not self._finalized:
            self._join()
            self._finalized = True


class ThreadWriter(StandardWriter):
    """Writes in a thread."""

    def create_worker(self, filename: str, outdir: str, target: Any, **kwds: Any) -> Any:
        args = (filename, outdir, target, self._savefun)
        return threading.Thread(target=self.save, args=args, kwargs=kwds)


class ProcessWriter(StandardWriter):
    """Writes in a process."""

    def create_worker(self, filename: str, outdir: str, target: Any, **kwds: Any) -> Any:
        args = (filename, outdir, target, self._savefun)
        return multiprocessing.get_context("fork").Process(target=self.save, args=args, kwargs=kwds)


class QueueWriter(Writer):
    r"""The base of writers whose one worker takes files from a queue.

    Args:
        savefun: takes a path and an object, and writes.
        task: takes file name, directory and target in the place of ``save``.
    """

    _queue: Any = None
    _consumer: Any = None
    _started = _finalized = False

    def __init__(self, savefun: Callable[..., Any] = save_npz, task: Any = None) -> None:
        super().__init__()
        self._task = self.create_task(savefun) if task is None else task
        self._queue = self.create_queue()
        self._consumer = self.create_consumer(self._queue)
        self._consumer.start()
        self._started, self._finalized = True, False

    def __call__(self, filename: str, outdir: str, target: Any) -> None:
        self._queue.put((self._task, filename, outdir, target))

    def create_task(self, savefun: Callable[..., Any]) -> Any:
        """What the worker does with an entry of the queue."""
        return SimpleWriter(savefun)

    def create_queue(self) -> Any:
        """Makes the queue."""
        raise NotImplementedError(f"{type(self).__name__}.create_queue")

    def create_consumer(self, q: Any) -> Any:
        """Makes the worker."""
        raise NotImplementedError(f"{type(self).__name__}.create_consumer")

    def consume(self, q: Any) -> None:
        """What the worker runs."""
        while True:
            entry = q.get()
            if entry is None:
                q.task_done()
                return
            task, *args = entry
            try:
                task(*args)
                self._post_save()
            finally:
                q.task_done()

    def finalize(self) -> None:
        if self._started and not self._finalized:
            self._queue.put(None)
            self._queue.join()
            self._consumer.join()
            self._started, self._finalized = False, True


class ThreadQueueWriter(QueueWriter):
    """A thread takes the files from a queue."""

    def create_queue(self) -> Any:
        return queue.Queue()

    def create_consumer(self, q: Any) -> Any:
        return threading.Thread(target=self.consume, args=(q,), daemon=True)


class ProcessQueueWriter(QueueWriter):
    """A process takes the files from a queue."""

    def create_queue(self) -> Any:
        return multiprocessing.get_context("fork").JoinableQueue()

    def create_consumer(self, q: Any) -> Any:
        return multiprocessing.get_context("fork").Process(target=self.consume, args=(q,))
