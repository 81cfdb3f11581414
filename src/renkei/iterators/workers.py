"""Worker processes that read examples into memory which they share with their parent.

No lock is shared, so that a worker may die anywhere without stopping the others. Tasks are records
of fixed size in one pipe, from which each worker takes the next when it is free; a pipe's reads and
writes of that size are atomic. Results lie in an anonymous file that all have mapped; only a short
notice comes back, through a pipe of each worker's own.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import multiprocessing
import multiprocessing.reduction
import os
import pickle
import random
import selectors
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
import weakref
from collections import deque
from collections.abc import Callable
from multiprocessing import connection
from typing import Any

import numpy as np

import renkei.core.random as stream
from renkei.core.errors import UsageError, WorkerError

__all__ = ["Job", "Slot", "Workers", "seed_all"]

_TASK = struct.Struct("<qqqqqiiQ")  # ticket, indices at, data at, room, first sample, from, to, key
_NOTICE = struct.Struct("<qiiqq")  # ticket, from, status, table at, length of the table
_SHARED, _SENT, _FAILED = range(3)
_NOBODY = 2**62
_ALIGNMENT = 64
_GRACE = 0.2  # seconds that a worker has to end by itself
_LIVENESS = 2.0  # seconds between two looks of a worker whether its parent lives


def _round_up(size: int, step: int = _ALIGNMENT) -> int:
    return -(-size // step) * step


# -- the shared memory -----------------------------------------------------------------------------


def _anonymous_file() -> int:
    """A file without a name, in memory if possible: nothing is left behind, whoever dies."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("renkei-iterator")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # a system that does not tell
        return sys.maxsize


class _Mapping:
    """A process's view of the shared file, mapped anew when the file has grown."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._map()

    def _map(self) -> None:
        self._memory = mmap.mmap(self.fd, os.fstat(self.fd).st_size)
        self.bytes = np.frombuffer(self._memory, np.uint8)

    def part(self, start: int, size: int) -> Any:
        """uint8 array of some bytes of the file."""
        if start + size > len(self.bytes):
            self._map()
        return self.bytes[start : start + size]


class Slot:
    """Where one batch lies in the shared file: the positions of its examples, then their bytes."""

    def __init__(self, start: int, batch_size: int, room: int) -> None:
        self.start, self.batch_size, self.room = start, batch_size, room
        self.data = start + _round_up(8 * batch_size)


class _Arena:
    """The shared file, its control block and the slots that are free.

    The control block holds the oldest ticket that is still wanted, then for each worker the
    position of the example that it is reading, or -1.
    """

    def __init__(self, n_workers: int) -> None:
        self.fd = _anonymous_file()
        self._size = 0
        self.grow(_round_up(8 * (1 + n_workers), mmap.PAGESIZE))
        self._mapping = _Mapping(self.fd)
        self.control = self._mapping.part(0, 8 * (1 + n_workers)).view(np.int64)
        self.control[:] = -1
        self.free: list[Slot] = []

    def grow(self, size: int) -> int:
        """Adds memory at the end; returns where it starts. Reserved now: later would be fatal."""
        start = self._size
        try:
            if size > _physical_memory():  # the system would try, and kill somebody for it
                raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self.fd, start, size)
            else:
                os.ftruncate(self.fd, start + size)
        except OSError as error:
            raise WorkerError(
                "MultiprocessIterator", f"no memory for {size:,} bytes", hint=str(error)
            ) from error
        self._size += size
        return start

    def slot(self, batch_size: int, room: int) -> Slot:
        """A free slot with the room for each example, or a new one."""
        for i, slot in enumerate(self.free):
            if slot.room >= room:
                return self.free.pop(i)
        size = _round_up(8 * batch_size) + batch_size * _round_up(room)
        return Slot(self.grow(_round_up(size, mmap.PAGESIZE)), batch_size, _round_up(room))

    def lend(self, slot: Slot) -> Any:
        """The slot's bytes as an array; ``slot`` is free again when all views of it are gone."""
        size = slot.batch_size * slot.room
        loan = _Loan(self._mapping.part(slot.data, size))
        weakref.finalize(loan, self.free.append, slot).atexit = False
        return np.asarray(loan)

    def part(self, start: int, size: int) -> Any:
        """uint8 array of some bytes of the file."""
        return self._mapping.part(start, size)


class _Loan:
    """The base of all arrays that lie in a slot: it lives as long as any of them."""

    def __init__(self, memory: Any) -> None:
        self._memory = memory
        self.__array_interface__ = memory.__array_interface__


# -- in the worker ---------------------------------------------------------------------------------


class _Worker:
    """What a worker process knows."""

    def __init__(self, number: int, dataset: Any, tasks: Any, results: Any, memory: int) -> None:
        self.number, self.dataset, self.tasks, self.results = number, dataset, tasks, results
        self.mapping = _Mapping(memory)
        self.control = self.mapping.part(0, 8 * (number + 2)).view(np.int64)

    def run(self) -> None:
        """Takes tasks until the pipe is closed or the parent is gone."""
        while True:
            if not self.tasks.poll(_LIVENESS):
                parent = multiprocessing.parent_process()
                if parent is None or not parent.is_alive():
                    return
                continue
            try:
                record = os.read(self.tasks.fileno(), _TASK.size)
            except BlockingIOError:  # another one was faster
                continue
            if len(record) != _TASK.size:
                return
            self._answer(record)

    def _answer(self, record: bytes) -> None:
        ticket, at, data, room, first, start, stop, key = _TASK.unpack(record)
        if ticket < self.control[0]:  # nobody wants it any more
            self._send(ticket, start, _SHARED)
            return
        indices = self.mapping.part(at, 8 * stop).view(np.int64)[start:stop].tolist()
        try:
            examples = [self._read(i, key, first + start + n) for n, i in enumerate(indices)]
            buffers: list[pickle.PickleBuffer] = []
            pickled = pickle.dumps(examples, 5, buffer_callback=buffers.append)
            parts = [b.raw() for b in buffers] + [memoryview(pickled)]
        except Exception as error:
            where = f"worker {self.number}, example {int(self.control[1 + self.number])}"
            self._send(ticket, start, _FAILED, _pickled_error(error, where))
            return
        finally:
            self.control[1 + self.number] = -1
        self._deliver(ticket, start, parts, data + start * room, (stop - start) * room)

    def _read(self, index: int, key: int, sample: int) -> Any:
        self.control[1 + self.number] = index
        seed_all(key, sample)
        return self.dataset[index]

    def _deliver(self, ticket: int, start: int, parts: list[Any], at: int, room: int) -> None:
        """Puts bytes into shared memory behind one another; sends them if they do not fit."""
        table = np.zeros((len(parts), 2), np.int64)
        end = 0
        for row, part in zip(table, parts):
            row[:] = end, part.nbytes
            end += _round_up(part.nbytes)
        if end + table.nbytes > room:
            self._send(ticket, start, _SENT, pickle.dumps([bytes(p) for p in parts], 5))
            return
        memory = self.mapping.part(at, end + table.nbytes)
        for (offset, size), part in zip(table.tolist(), parts):
            memory[offset : offset + size] = np.frombuffer(part, np.uint8) if size else ()
        memory[end:] = table.reshape(-1).view(np.uint8)
        self._send(ticket, start, _SHARED, table=(at + end, len(parts)))

    def _send(
        self,
        ticket: int,
        start: int,
        status: int,
        payload: bytes = b"",
        table: tuple[int, int] = (0, 0),
    ) -> None:
        self.results.send_bytes(_NOTICE.pack(ticket, start, status, *table) + payload)


def seed_all(key: int, sample: int) -> None:
    """Random numbers of an example depend on it alone, not on who reads it or what was read."""
    mixed = (key + sample * 0x9E3779B97F4A7C15) % 2**64  # SplitMix64
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB % 2**64
    mixed ^= mixed >> 31
    stream.generator().seed(mixed)
    random.seed(mixed)
    if "numpy.random" in sys.modules:
        np.random.seed(mixed % 2**32)  # noqa: NPY002 - data sets of others draw from it


def _pickled_error(error: Exception, where: str) -> bytes:
    text = f"In {where}:\n" + "".join(traceback.format_exception(error)).rstrip()
    try:
        error.__traceback__ = None
        sent = pickle.dumps((error, text))
        pickle.loads(sent)  # an exception with a constructor of its own may not survive the way
        return sent
    except Exception:
        return pickle.dumps((WorkerError(f"Reading failed in {where}", repr(error)), text))


class _Handed:
    """A file descriptor that is valid in the other process as well, however that is started."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __reduce__(self) -> Any:
        return _handed, (multiprocessing.reduction.DupFd(self.fd),)


def _handed(duplicate: Any) -> _Handed:
    return _Handed(duplicate.detach())


def _work(number: int, dataset: Any, ends: tuple[Any, Any], memory: _Handed) -> None:
    """The main function of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C lets the present iteration end
    for others in _alive:  # a fork's copies of the ends would keep the pipes open
        others.close_pipes()
    native = sys.modules.get("renkei._native")
    if native is not None:
        native.set_num_threads(1)  # one process a core is enough
    stream._default = None  # a thread that does not exist here may have held its lock
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the parent has gone
        _Worker(number, dataset, *ends, memory.fd).run()


# -- in the parent ---------------------------------------------------------------------------------


def _parts(job: Job, start: int, memory: Any) -> list[Any]:
    """What a worker has put into a slot, behind one another."""
    at, length = job.tables[start]
    at -= job.slot.data
    table = memory[at : at + 16 * length].view(np.int64).reshape(length, 2).tolist()
    view, base = memoryview(memory), start * job.slot.room
    return [view[base + offset : base + offset + size] for offset, size in table]


class Job:
    """A batch that is being read.

    Args:
        ticket: its number.
        slot: where it goes.
        indices: the positions of its examples in the data set.
    """

    def __init__(self, ticket: int, slot: Slot, indices: list[int]) -> None:
        self.ticket, self.slot, self.indices = ticket, slot, indices
        self.left = 0
        self.tables: dict[int, tuple[int, int]] = {}
        self.sent: dict[int, bytes] = {}
        self.errors: dict[int, bytes] = {}


class Workers:
    """Processes that read a data set; made by ``MultiprocessIterator``.

    Args:
        dataset: what they read.
        count: how many.
        start_method: of ``multiprocessing``.
        room: bytes that an example takes; grows by itself.
    """

    def __init__(self, dataset: Any, count: int, start_method: str, room: int) -> None:
        self._owner = os.getpid()
        self.count, self.room, self._grows = count, room, room > 0
        self._context: Any = multiprocessing.get_context(start_method)
        self._arena = _Arena(count)
        self._waiting: deque[bytes] = deque()
        self._jobs: dict[int, Job] = {}
        self._tickets = 0
        self._loans: weakref.WeakSet[Any] = weakref.WeakSet()
        self._processes: list[Any] = []
        self._results: list[Any] = []
        self._selector = selectors.DefaultSelector()
        reader, self._tasks = self._context.Pipe(duplex=False)
        _alive.add(self)
        for end in (reader, self._tasks):
            os.set_blocking(end.fileno(), False)
        try:
            for number in range(count):
                self._start(number, dataset, reader)
        except Exception as error:
            self.close()
            raise UsageError(
                f"MultiprocessIterator cannot start its workers by {start_method!r}",
                f"{type(error).__name__}: {error}",
                "a data set that can be pickled",
                "Or start_method='fork', or a MultithreadIterator.",
            ) from error
        finally:
            reader.close()

    def _start(self, number: int, dataset: Any, tasks: Any) -> None:
        receiver, sender = self._context.Pipe(duplex=False)
        self._results.append(receiver)
        process = self._context.Process(
            target=_work,
            args=(number, dataset, (tasks, sender), _Handed(self._arena.fd)),
            name=f"renkei-iterator-{number}",
            daemon=True,
        )
        with warnings.catch_warnings():
            # Python warns of threads at a fork; ours are parked, and a worker takes no lock.
            warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
            process.start()
        sender.close()
        self._processes.append(process)
        self._selector.register(receiver, selectors.EVENT_READ, number)
        self._selector.register(process.sentinel, selectors.EVENT_READ, number)

    def submit(self, indices: list[int], first: int, key: int, batch_size: int) -> Job:
        """Lets the workers read a batch; ``first`` counts its examples through all epochs."""
        slot = self._arena.slot(batch_size, self.room)
        job = Job(self._tickets, slot, indices)
        self._tickets += 1
        n = len(indices)
        self._arena.part(slot.start, 8 * n).view(np.int64)[:] = indices
        piece = max(1, n // (4 * self.count))  # small, so that a slow example delays few others
        for start in range(0, n, piece):
            stop = min(start + piece, n)
            args = (slot.start, slot.data, slot.room, first, start, stop, key)
            self._waiting.append(_TASK.pack(job.ticket, *args))
            job.left += 1
        self._jobs[job.ticket] = job
        self._feed()
        return job

    def _feed(self) -> None:
        """Writes as many tasks as the pipe takes now."""
        while self._waiting:
            try:
                os.write(self._tasks.fileno(), self._waiting[0])
            except BlockingIOError:
                return
            except BrokenPipeError:  # all workers are gone; ``collect`` says which and how
                return
            self._waiting.popleft()

    def collect(self, job: Job, stalled: Callable[[str], None], timeout: float | None) -> list[Any]:
        """The examples of a batch, once all of them are there.

        Args:
            job: what ``submit`` gave.
            stalled: called with a text when nothing has come for ``timeout`` seconds.
            timeout: seconds, or None.

        Raises:
            WorkerError: a worker has died.
        """
        self._handle(0)
        since = time.monotonic()
        while job.left:
            self._feed()
            if self._handle(0.5):
                since = time.monotonic()
            elif timeout is not None and time.monotonic() - since > timeout:
                stalled(self._status())
                since = time.monotonic()
        self._jobs.pop(job.ticket)
        if job.errors:
            self._arena.free.append(job.slot)
            error, text = pickle.loads(job.errors[min(job.errors)])
            error.add_note(text)
            raise error
        return self._unpack(job)

    def _handle(self, timeout: float) -> bool:
        """Takes in what the workers have sent; whether there was anything."""
        events = self._selector.select(timeout)
        for key, _ in events:
            if isinstance(key.fileobj, connection.Connection):
                self._receive(key.fileobj, key.data)
        for key, _ in events:
            if not isinstance(key.fileobj, connection.Connection):
                self._died(key.data)
        return bool(events)

    def _receive(self, end: Any, number: int) -> None:
        try:
            while end.poll():
                self._note(end.recv_bytes())
        except (EOFError, OSError):  # its last words were cut off
            self._died(number)

    def _note(self, message: bytes) -> None:
        ticket, start, status, at, length = _NOTICE.unpack_from(message)
        job, payload = self._jobs[ticket], message[_NOTICE.size :]
        job.left -= 1
        if status == _SHARED:
            job.tables[start] = (at, length)
        else:
            (job.sent if status == _SENT else job.errors)[start] = payload
        if not job.left and ticket < self._arena.control[0]:
            del self._jobs[ticket]
            self._arena.free.append(job.slot)

    def _died(self, number: int) -> None:
        process = self._processes[number]
        process.join(1.0)
        reading = int(self._arena.control[1 + number])
        self.close()
        doing = f"while it read example {reading}" if reading >= 0 else "between two examples"
        code = process.exitcode
        why = f"exit code {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                why = signal.Signals(-code).name
        raise WorkerError(
            f"MultiprocessIterator: worker {number} (process {process.pid}) has died",
            f"{why} {doing}",
            hint="SIGKILL is often a want of memory, SIGSEGV a fault in a library that the data "
            "set uses; SerialIterator reads in this process, where a debugger can see it.",
        )

    def _status(self) -> str:
        reading = self._arena.control[1:].tolist()
        who = [f"worker {n} reads example {i}" for n, i in enumerate(reading) if i >= 0]
        return "; ".join(who) or "no worker reads"

    def _unpack(self, job: Job) -> list[Any]:
        """The examples from the bytes: in place if few batches are out, else copied."""
        lent = self._arena.lend(job.slot)
        if sum(1 for _ in self._loans) < 2:
            self._loans.add(lent.base)
        else:  # somebody keeps batches; those that follow get memory of their own
            lent = lent.copy()
        examples: list[Any] = []
        for start in sorted([*job.tables, *job.sent]):
            if start in job.tables:
                parts = _parts(job, start, lent)
            else:
                parts = [bytearray(p) for p in pickle.loads(job.sent[start])]
            read = pickle.loads(parts[-1], buffers=parts[:-1])
            if start in job.sent and self._grows:  # make room, so that the next ones need no pipe
                size = sum(_round_up(len(p)) + 16 for p in parts)
                self.room = max(self.room, _round_up(-(-size // len(read)) * 5 // 4))
            examples += read
        return examples

    @property
    def closed(self) -> bool:
        """Whether the processes have been ended."""
        return self._tasks.closed

    def forget(self) -> None:
        """Nobody wants what was submitted so far."""
        if self.closed:
            return
        self._arena.control[0] = self._tickets
        for ticket, job in list(self._jobs.items()):
            if not job.left:
                del self._jobs[ticket]
                self._arena.free.append(job.slot)

    def close_pipes(self) -> None:
        """Closes this process's ends of the pipes."""
        for end in (self._tasks, *self._results):
            end.close()

    def close(self) -> None:
        """Ends the processes; may be called again, and by a forked child, which owns none."""
        if os.getpid() != self._owner or self._tasks.closed:
            return
        self._arena.control[0] = _NOBODY
        self._selector.close()
        self.close_pipes()  # a worker that finds them closed ends by itself
        for seconds, end_it in ((_GRACE, "terminate"), (1.0, "kill"), (1.0, "kill")):
            deadline = time.monotonic() + seconds
            for process in self._processes:
                process.join(max(0.0, deadline - time.monotonic()))
            for process in self._processes:
                if process.is_alive():
                    getattr(process, end_it)()
        os.close(self._arena.fd)


_alive: weakref.WeakSet[Workers] = weakref.WeakSet()
