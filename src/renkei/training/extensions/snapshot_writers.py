"""Writers of snapshots: at once, or in a thread or process while training goes on."""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

from renkei.core.errors import RangeError, SaveError, WorkerError
from renkei.serializers.npz import save_npz

__all__ = [
    "ProcessQueueWriter",
    "ProcessWriter",
    "SimpleWriter",
    "ThreadQueueWriter",
    "ThreadWriter",
]

Save: TypeAlias = Callable[[str, Any], None]


class SimpleWriter:
    """Writes a snapshot at once; training waits. The base of the other writers.

    Args:
        savefun: takes a path and a state, and writes.
    """

    copies = False  # whether the state must not change after the call

    def __init__(self, savefun: Save = save_npz) -> None:
        self.savefun = savefun

    def __call__(self, path: str, state: Any) -> None:
        """Writes ``state``, or has it written.

        Raises:
            SaveError: this snapshot, or one before it, could not be written.
        """
        self.savefun(path, state)

    def finalize(self) -> None:
        """Waits until everything is written.

        Raises:
            SaveError: a snapshot could not be written.
        """


class ThreadQueueWriter(SimpleWriter):
    """Writes snapshots in a thread, one after the other.

    Args:
        savefun: takes a path and a state, and writes.
        maxsize: how many may wait; each holds a copy of the state. Then training waits.
    """

    copies = True

    def __init__(self, savefun: Save = save_npz, maxsize: int = 4) -> None:
        super().__init__(savefun)
        self._limit = _checked(type(self).__name__, maxsize)
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: deque[Future[None]] = deque()

    def __call__(self, path: str, state: Any) -> None:
        while self._waiting and (len(self._waiting) >= self._limit or self._waiting[0].done()):
            self._waiting.popleft().result()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "renkei-snapshot")
        self._waiting.append(self._pool.submit(self.savefun, path, state))

    def finalize(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)
        futures, self._waiting = self._waiting, deque()
        for future in futures:
            future.result()


class ThreadWriter(ThreadQueueWriter):
    """Writes a snapshot in a thread; the next one waits for it.

    Args:
        savefun: takes a path and a state, and writes.
    """

    def __init__(self, savefun: Save = save_npz) -> None:
        super().__init__(savefun, 1)


class _ProcessBase(SimpleWriter):
    """What the two writers with processes share."""

    copies = True

    def __init__(self, savefun: Save) -> None:
        super().__init__(savefun)
        methods = multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("fork" if "fork" in methods else None)
        self._process: Any = None
        self._answers: Any = None
        self._paths: deque[str] = deque()

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        self._answers, sender = self._context.Pipe(duplex=False)
        # At exit a queue that nobody will close must not keep the program from ending.
        daemon = target is _write_all
        args = (sender, self.savefun, *args)
        self._process = self._context.Process(target=target, args=args, daemon=daemon)
        with warnings.catch_warnings():  # the process takes no lock that a thread may hold
            warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
            self._process.start()
        sender.close()

    def _wait(self) -> None:
        """Waits until the oldest snapshot is written."""
        path = self._paths.popleft()
        try:
            answer = self._answers.recv_bytes()
        except (EOFError, OSError) as error:
            self._process.join()
            self._paths.clear()
            raise WorkerError(
                f"The process that wrote {path} has died",
                f"exit code {self._process.exitcode}",
                hint="What was there is untouched.",
            ) from error
        if answer:
            raise pickle.loads(answer)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.join()
            self._answers.close()


class ProcessWriter(_ProcessBase):
    """Writes a snapshot in a process of its own; the next one waits for it.

    Args:
        savefun: takes a path and a state, and writes.
    """

    def __init__(self, savefun: Save = save_npz) -> None:
        super().__init__(savefun)

    def __call__(self, path: str, state: Any) -> None:
        self.finalize()
        self._paths.append(path)
        self._start(_write_one, path, state)

    def finalize(self) -> None:
        try:
            if self._paths:
                self._wait()
        finally:
            self._end()


class ProcessQueueWriter(_ProcessBase):
    """Writes snapshots in one process, one after the other.

    Args:
        savefun: takes a path and a state, and writes.
        maxsize: how many may wait; each holds a copy of the state. Then training waits.
    """

    def __init__(self, savefun: Save = save_npz, maxsize: int = 4) -> None:
        super().__init__(savefun)
        self._limit = _checked("ProcessQueueWriter", maxsize)
        self._queue: Any = None

    def __call__(self, path: str, state: Any) -> None:
        while self._paths and (len(self._paths) >= self._limit or self._answers.poll()):
            self._wait()
        if self._process is None:
            self._queue = self._context.Queue()
            self._start(_write_all, self._queue)
        self._paths.append(path)
        self._queue.put((path, state))

    def finalize(self) -> None:
        errors: list[Exception] = []
        while self._paths:
            try:
                self._wait()
            except Exception as error:
                errors.append(error)
        if self._process is not None:
            if self._process.is_alive():
                self._queue.put(None)
            self._end()
            self._queue.close()
            self._queue.cancel_join_thread()
        if errors:
            raise errors[0]


def _checked(name: str, maxsize: int) -> int:
    if maxsize < 1:
        raise RangeError(f"{name}(maxsize=...)", str(maxsize), "at least 1")
    return maxsize


def _write_one(answers: Any, savefun: Save, path: str, state: Mapping[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody waits for the answer
        answers.send_bytes(_attempt(savefun, path, state))


def _write_all(answers: Any, savefun: Save, queue: Any) -> None:
    with contextlib.suppress(BrokenPipeError):
        while (task := queue.get()) is not None:
            answers.send_bytes(_attempt(savefun, *task))


def _attempt(savefun: Save, path: str, state: Any) -> bytes:
    """Nothing if the state was written, else the pickled error."""
    try:
        savefun(path, state)
        return b""
    except Exception as error:
        try:
            sent = pickle.dumps(error)
            pickle.loads(sent)
            return sent
        except Exception:  # an error that cannot travel
            return pickle.dumps(SaveError(f"Cannot write {path}", repr(error)))
