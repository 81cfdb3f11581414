"""MultiprocessIterator: shared memory, random numbers, workers that fail, stall or die."""

from __future__ import annotations

import copy
import faulthandler
import functools
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import ConfigError, RangeError, UsageError, WorkerError
from renkei.core.random import generator
from renkei.datasets import DatasetMixin
from renkei.iterators import MultiprocessIterator, SerialIterator, workers


class Data(DatasetMixin):
    """Examples made by a function of the position."""

    def __init__(self, n, function):
        self._n, self._function = n, function

    def __len__(self):
        return self._n

    def get_example(self, i):
        return self._function(i)


@pytest.fixture
def make():
    made = []

    def build(*args, **options):
        made.append(MultiprocessIterator(*args, **({"n_processes": 2} | options)))
        return made[-1]

    yield build
    for iterator in made:
        iterator.finalize()


def processes():
    return [p for p in multiprocessing.active_children() if p.name.startswith("renkei-iterator")]


# -- what comes through ----------------------------------------------------------------------------


def mixed(i):
    return {
        "image": np.full((2, i + 1), i, np.float32),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3) + i),
        "slice": np.arange(10)[::2] + i,
        "empty": np.zeros((0, 3), np.int8),
        "label": np.int32(i),
        "text": "é" * i,
        "bytes": b"\0" * i,
        "pair": (i, None, [np.float64(i)]),
    }


@pytest.mark.parametrize("shared_mem", [None, 0, 100, 10_000])
def test_any_example_comes_through_unchanged(make, shared_mem):
    it = make(Data(20, mixed), 7, shuffle=False, shared_mem=shared_mem)
    for expected in [range(7), range(7, 14)]:
        for got, i in zip(it.next(), expected, strict=True):
            want = mixed(i)
            assert got.keys() == want.keys()
            for key in ("image", "columns", "slice", "empty"):
                np.testing.assert_array_equal(got[key], want[key])
                assert got[key].dtype == want[key].dtype and got[key].flags.writeable
            assert got["columns"].flags.f_contiguous
            assert all(got[key] == want[key] for key in ("label", "text", "bytes", "pair"))


def test_arrays_are_used_where_the_worker_put_them(make):
    it = make(Data(8, lambda i: np.full(5, i)), 2, shuffle=False)
    first = next(it)
    assert type(_root(first[0])).__name__ == "_Loan"
    copies = [x.copy() for x in first]
    kept = [first, *(next(it) for _ in range(9))]  # no slot is used again while it is looked at
    np.testing.assert_array_equal(first, copies)
    values = [int(x[0]) for batch in kept for x in batch]
    assert values == [i % 8 for i in range(20)]
    assert not hasattr(_root(kept[-1][0]), "_memory")  # copied, since so many are kept


def _root(array):
    while True:
        base = array.obj if isinstance(array, memoryview) else getattr(array, "base", None)
        if base is None:
            return array
        array = base


def test_memory_is_used_again(make):
    it = make(Data(8, lambda i: np.zeros(100)), 4, shuffle=False, n_prefetch=2)
    for _ in range(4):
        next(it)
    size = it._runtime._arena._size
    for _ in range(30):
        next(it)
    assert it._runtime._arena._size == size


def test_room_grows_with_the_examples(make):
    it = make(Data(6, lambda i: np.full(5000, i)), 2, shuffle=False, shared_mem=16)
    next(it), next(it), next(it)
    assert it._runtime.room > 40_000
    job = it._ahead[0][0]
    assert [int(x[0]) for x in next(it)] == [0, 1] and job.tables and not job.sent


def test_arrays_outlive_the_iterator(make):
    it = make(Data(4, lambda i: np.full(1000, i)), 2, shuffle=False)
    batch = next(it)
    it.finalize()
    assert [int(x.sum()) for x in batch] == [0, 1000]


# -- random numbers --------------------------------------------------------------------------------


def draws(i):
    offset = generator().take(4)
    return i, random.random(), np.random.rand(), generator().host.random(), offset


def test_random_numbers_depend_on_seed_and_place_alone(make):
    runs = []
    for options in ({"n_processes": 1}, {"n_processes": 3, "n_prefetch": 4}):
        rk.seed(5)
        it = make(Data(7, draws), 3, **options)
        runs.append([it.next() for _ in range(8)])
    assert runs[0] == runs[1]
    flat = [example for batch in runs[0] for example in batch]
    assert len({example[1:] for example in flat}) == len(flat)
    rk.seed(6)
    assert make(Data(7, draws), 3, shuffle=False).next()[0][1] not in {e[1] for e in flat}


def test_a_resumed_run_repeats_them(make):
    rk.seed(5)
    it = make(Data(7, draws), 3, n_prefetch=3)
    for _ in range(4):
        next(it)
    place, stream = it.state(), generator().state()
    rest = [it.next() for _ in range(6)]
    rk.seed(99)
    other = make(Data(7, draws), 3, n_prefetch=3)
    other.next()
    other.load_state(place)
    generator().load_state(stream)
    assert [other.next() for _ in range(6)] == rest


def test_a_new_seed_counts_from_the_next_batch(make):
    rk.seed(5)
    it = make(Data(50, draws), 2, shuffle=False, n_prefetch=3)
    next(it)
    rk.seed(8)
    second = next(it)
    rk.seed(8)
    other = make(Data(50, draws), 2, shuffle=False)
    other.load_state({**it.state(), "current_position": 2})
    assert other.next() == second


def test_the_stream_of_this_process_is_left_alone(make):
    rk.seed(3)
    serial = SerialIterator(range(6), 4)
    expected = [serial.next() for _ in range(6)], generator().host.random()
    rk.seed(3)
    it = make(Data(6, lambda i: (generator().host.random(), i)[1]), 4, n_prefetch=3)
    assert ([it.next() for _ in range(6)], generator().host.random()) == expected


# -- life and death --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_other_ways_to_start(make, method):
    it = make([np.full(3, i) for i in range(4)], 2, shuffle=False, start_method=method)
    assert [int(x[0]) for _ in range(3) for x in next(it)] == [0, 1, 2, 3, 0, 1]


def test_data_that_cannot_be_sent_to_a_spawned_worker(make):
    with pytest.raises(UsageError, match=r"start its workers by 'spawn'.*can be pickled"):
        next(make(Data(4, lambda i: i), 2, start_method="spawn"))
    assert not processes()


def fails(i):
    if i in (2, 5):
        raise KeyError(f"example {i}")
    return i


def test_an_exception_of_the_data_set_is_raised_here(make):
    it = make(Data(6, fails), 6, shuffle=False)
    with pytest.raises(KeyError, match="example 2") as caught:  # the first in order, always
        next(it)
    assert "worker" in caught.value.__notes__[0] and "in fails" in caught.value.__notes__[0]
    with pytest.raises(KeyError, match="example 2"):
        next(it)
    assert it.epoch == 0 and it.current_position == 0


class Stubborn(Exception):
    def __init__(self, a, b):
        super().__init__(a)
        self.lock = threading.Lock()


def test_an_exception_that_cannot_be_sent(make):
    def get(i):
        raise Stubborn(1, 2)

    with pytest.raises(WorkerError, match=r"worker \d, example 0.*Stubborn"):
        next(make(Data(1, get), 1))


def test_an_example_that_cannot_be_sent(make):
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError), match="pickle"):
        next(make(Data(1, lambda i: threading.Lock()), 1))


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"),
        (
            lambda: (faulthandler.disable(), os.kill(os.getpid(), signal.SIGSEGV)),
            "SIGSEGV",
        ),
        (lambda: os._exit(7), "exit code 7"),
    ],
    ids=["killed", "crashed", "left"],
)
def test_a_dead_worker_is_named(make, end, words):
    it = make(Data(8, lambda i: end() if i == 3 else i), 2, shuffle=False)
    start = time.monotonic()
    message = rf"worker \d \(process \d+\) has died: got {words} while it read example 3"
    with pytest.raises(WorkerError, match=message):  # at the latest when its batch is asked for
        [next(it) for _ in range(2)]
    assert time.monotonic() - start < 5 and not processes()
    assert it.current_position in (0, 2)


def test_after_a_death_new_workers_go_on(make, tmp_path):
    def get(i):
        if i == 3 and not (tmp_path / "once").exists():
            (tmp_path / "once").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return i

    it = make(Data(8, get), 4, shuffle=False)
    with pytest.raises(WorkerError):
        next(it)
    assert it.next() == [0, 1, 2, 3] and it.next() == [4, 5, 6, 7]


def test_workers_killed_between_batches(make):
    it = make(Data(9, lambda i: i), 1, shuffle=False)
    next(it)
    for process in processes():
        process.kill()
        process.join()
    with pytest.raises(WorkerError, match="SIGKILL"):
        [next(it) for _ in range(3)]


def test_a_stalled_data_set_is_warned_of(make, tmp_path):
    def get(i):
        while i == 1 and not (tmp_path / "go").exists():
            time.sleep(0.01)
        return i

    it = make(Data(2, get), 2, shuffle=False, dataset_timeout=0.1)
    timer = threading.Timer(0.8, (tmp_path / "go").touch)
    timer.start()
    with pytest.warns(it.TimeoutWarning, match=r"Stalled.*worker \d reads example 1"):
        assert next(it) == [0, 1]
    timer.join()


def test_reset_does_not_wait_for_what_was_read_ahead(make):
    def get(i):
        time.sleep(0.02 if i > 3 else 0)
        return i

    it = make(Data(400, get), 4, shuffle=False, n_prefetch=20)
    next(it)
    start = time.monotonic()
    it.reset()
    assert next(it) == [0, 1, 2, 3]
    assert time.monotonic() - start < 0.6  # reading ahead alone takes 0.8 s
    it.finalize()


def test_finalize_ends_the_workers_and_may_be_called_again(make):
    it = make(range(8), 2)
    next(it)
    assert len(processes()) == 2
    it.finalize()
    it.finalize()
    assert not processes()
    assert len(next(it)) == 2  # and it starts again


def test_workers_end_by_themselves(make, monkeypatch):
    monkeypatch.setattr(workers, "_GRACE", 20)
    first, second = make(range(8), 2), make(range(8), 2)
    next(first)
    started = processes()
    next(second)  # its workers are forked with the first one's pipes open
    first.finalize()
    assert [p.exitcode for p in started] == [0, 0]


def test_an_interrupt_is_for_this_process_alone(make):
    it = make(range(8), 2, shuffle=False)
    next(it)
    for process in processes():
        os.kill(process.pid, signal.SIGINT)
    assert [it.next() for _ in range(3)] == [[2, 3], [4, 5], [6, 7]]


def test_a_lock_that_is_held_at_the_fork(make):
    it = make(Data(2, lambda i: generator().take(4)[1]), 2, dataset_timeout=2)
    with generator()._lock:
        assert next(it) == [0, 0]


def test_workers_end_with_the_iterator():
    it = MultiprocessIterator(range(8), 2, n_processes=2)
    next(it)
    del it
    assert not processes()


def test_nothing_starts_before_the_first_batch(make):
    make(range(8), 2)
    assert not processes()


def test_workers_end_with_a_parent_that_is_killed():
    code = (
        "import os, signal, multiprocessing as m\n"
        "from renkei.iterators import MultiprocessIterator\n"
        "it = MultiprocessIterator(range(8), 2, n_processes=2); next(it)\n"
        "print(*[p.pid for p in m.active_children()], flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    pids = [int(pid) for pid in run.stdout.split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 5
    while any(map(_lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(_lives, pids))


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_forked_child_leaves_the_workers_alone(make):
    it = make(range(8), 2, shuffle=False)
    next(it)
    child = multiprocessing.get_context("fork").Process(target=it.finalize)
    child.start()
    child.join()
    assert it.next() == [2, 3] and len(processes()) == 2


def test_copies_have_workers_of_their_own(make):
    it = make(range(8), 2, shuffle=False)
    next(it)
    for other in (copy.copy(it), pickle.loads(pickle.dumps(it))):
        with other:
            assert other.next() == [2, 3]
    assert it.next() == [2, 3]


@pytest.mark.native
def test_starts_while_the_native_pool_has_threads(make):
    import renkei._native as native

    before = native.num_threads()
    native.set_num_threads(3)
    try:
        x = np.zeros((2000, 64), np.float32)
        data = Data(4, functools.partial(_native_loss, x))
        expected = _native_loss(x, 0)  # starts the pool's threads in this process
        assert next(make(data, 2, shuffle=False)) == [expected, expected]
    finally:
        native.set_num_threads(before)


def _native_loss(x, i):
    return float(rk.functions.softmax_cross_entropy(x, np.zeros(len(x), np.int32)))


@pytest.mark.parametrize("name", ["n_processes", "n_prefetch"])
def test_numbers_below_one(name):
    with pytest.raises(RangeError, match=name):
        MultiprocessIterator([1], 1, **{name: 0})


def test_unknown_start_method():
    with pytest.raises(ConfigError, match="start_method"):
        MultiprocessIterator([1], 1, start_method="thread")
