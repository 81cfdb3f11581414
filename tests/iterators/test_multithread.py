"""MultithreadIterator: reads ahead with threads and lets them go."""

from __future__ import annotations

import threading

import pytest

from renkei.core.errors import RangeError
from renkei.iterators import MultithreadIterator


def _threads():
    return [t for t in threading.enumerate() if t.name.startswith("renkei-iterator")]


def test_reads_one_batch_ahead_but_not_over_the_border():
    reads, lock = [], threading.Lock()

    class Data:
        def __len__(self):
            return 6

        def __getitem__(self, i):
            with lock:
                reads.append(i)
            return i

    with MultithreadIterator(Data(), 2, shuffle=False, n_threads=2) as it:
        assert next(it) == [0, 1]
        ahead, _ = it._ahead
        assert [f.result() for f in ahead] == [2, 3]
        assert next(it) == [2, 3]
        assert it._ahead is None  # the next batch completes the epoch
        assert next(it) == [4, 5]
    assert sorted(set(reads)) == [0, 1, 2, 3, 4, 5]


def test_finalize_ends_the_threads_and_may_be_called_again():
    it = MultithreadIterator(range(8), 2, n_threads=2)
    next(it)
    assert _threads()
    it.finalize()
    it.finalize()
    assert not _threads()


def test_number_of_threads():
    with pytest.raises(RangeError, match="n_threads"):
        MultithreadIterator([1], 1, n_threads=0)
