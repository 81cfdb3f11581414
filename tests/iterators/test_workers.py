"""Workers: the shared file grows and is used again; what nobody wants is not read."""

from __future__ import annotations

import gc
import os
import random

import numpy as np
import pytest

from renkei.core.errors import WorkerError
from renkei.core.random import generator
from renkei.iterators.workers import Workers, _Arena, seed_all


@pytest.fixture
def workers(tmp_path):
    class Data:
        def __getitem__(self, i):
            with open(tmp_path / "log", "a") as file:
                file.write(f"{i}\n")
            return np.full(4, i)

    workers = Workers(Data(), 2, "fork", 1024)
    workers.log = tmp_path / "log"
    yield workers
    workers.close()


def collect(workers, job):
    return [int(x[0]) for x in workers.collect(job, pytest.fail, 30)]


def test_jobs_are_collected_in_any_number_at_once(workers):
    jobs = [workers.submit([k, k + 1, k + 2], 0, 0, 3) for k in range(0, 600, 3)]
    assert [i for job in jobs for i in collect(workers, job)] == list(range(600))


def test_what_nobody_wants_is_not_read(workers):
    first = workers.submit([0], 0, 0, 1)
    assert collect(workers, first) == [0]
    for _ in range(200):
        workers.submit(list(range(1000, 1050)), 0, 0, 50)
    workers.forget()
    assert collect(workers, workers.submit([1], 0, 0, 1)) == [1]
    assert len(workers.log.read_text().split()) < 2000  # of 10,000
    for _ in range(100):
        if not workers._jobs:
            break
        workers._handle(0.1)
    assert not workers._jobs


def test_closed_twice_and_forgotten(workers):
    workers.close()
    workers.close()
    workers.forget()
    assert workers.closed


def test_arena_grows_and_lends():
    arena = _Arena(3)
    slot = arena.slot(4, 100)
    assert slot.room == 128 and slot.data - slot.start == 64
    lent = arena.lend(slot)
    assert lent.size == 4 * 128 and arena.free == []
    part = lent[10:20].view(np.int8)
    del lent
    gc.collect()
    assert arena.free == []  # a view of it is still there
    del part
    gc.collect()
    assert arena.free == [slot]
    assert arena.slot(4, 128) is slot
    other = arena.slot(4, 5000)
    assert other.start >= slot.data + 4 * 128
    arena.part(other.data, 20000)[-1] = 7
    os.close(arena.fd)


def test_no_memory_is_an_error(monkeypatch):
    arena = _Arena(1)

    def refuse(*args):
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(os, "posix_fallocate", refuse)  # really trying might end other programs
    for size in (4096, 2**60):
        with pytest.raises(WorkerError, match=rf"no memory for {size:,} bytes.*Cannot allocate"):
            arena.grow(size)
    os.close(arena.fd)


def test_seeds_differ_by_key_and_by_place():
    before, state, legacy = generator().state(), random.getstate(), np.random.get_state()
    try:
        seen = set()
        for key in (0, 1, 2**64 - 1):
            for sample in range(20):
                seed_all(key, sample)
                drawn = generator().host.random(), random.random(), np.random.rand()
                seed_all(key, sample)
                assert drawn == (generator().host.random(), random.random(), np.random.rand())
                seen |= {(k, v) for k, v in enumerate(drawn)}
        assert len(seen) == 180
    finally:
        generator().load_state(before)
        random.setstate(state)
        np.random.set_state(legacy)
