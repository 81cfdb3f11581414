"""What all iterators share: order, epochs, resuming; run on every kind of iterator."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import DataError, LoadError, RangeError
from renkei.iterators import Iterator, MultiprocessIterator, MultithreadIterator, SerialIterator

KINDS = [
    SerialIterator,
    lambda *args, **options: MultithreadIterator(*args, n_threads=3, **options),
    lambda *args, **options: MultiprocessIterator(*args, n_processes=2, n_prefetch=2, **options),
]


@pytest.fixture(params=KINDS, ids=["serial", "multithread", "multiprocess"])
def make(request):
    made = []

    def build(*args, **options):
        made.append(request.param(*args, **options))
        return made[-1]

    yield build
    for iterator in made:
        iterator.finalize()


def test_batches_straddle_epochs(make):
    it = make([0, 1, 2], 2, shuffle=False)
    seen = [(it.next(), it.epoch, it.is_new_epoch, round(it.epoch_detail, 3)) for _ in range(3)]
    assert seen == [
        ([0, 1], 0, False, 0.667),
        ([2, 0], 1, True, 1.333),
        ([1, 2], 2, True, 2.0),
    ]


def test_details_before_and_after(make):
    it = make(range(4), 2, shuffle=False)
    assert it.previous_epoch_detail is None and it.epoch_detail == 0
    next(it)
    assert (it.previous_epoch_detail, it.epoch_detail) == (0.0, 0.5)


def test_batch_larger_than_the_data_set(make):
    it = make([0, 1], 5, shuffle=False)
    assert next(it) == [0, 1, 0, 1, 0] and it.epoch == 2 and it.current_position == 1


def test_without_repeat_the_last_batch_is_short(make):
    it = make(range(5), 2, repeat=False, shuffle=False)
    assert list(it) == [[0, 1], [2, 3], [4]]
    assert it.epoch == 1 and it.is_new_epoch
    with pytest.raises(StopIteration):
        next(it)
    it.reset()
    assert next(it) == [0, 1]


def test_every_epoch_is_a_new_permutation(make):
    rk.seed(1)
    it = make(range(20), 5)
    epochs = [[i for _ in range(4) for i in it.next()] for _ in range(3)]
    assert all(sorted(e) == list(range(20)) for e in epochs)
    assert len({tuple(e) for e in epochs}) == 3


def test_same_seed_same_batches_whatever_the_kind():
    runs = []
    for kind in KINDS:
        rk.seed(7)
        with kind(range(11), 4) as it:
            runs.append([it.next() for _ in range(9)])
    assert runs[0] == runs[1] == runs[2]


def test_order_sampler(make):
    it = make(range(3), 3, order_sampler=lambda order, position: order[::-1])
    assert next(it) == [2, 1, 0] and next(it) == [0, 1, 2]
    with pytest.raises(DataError, match="one of them"):
        make(range(3), 3, shuffle=True, order_sampler=lambda order, position: order)
    bad = make(range(3), 2, order_sampler=lambda order, position: order)
    bad.order_sampler = lambda order, position: order[:-1]
    with pytest.raises(DataError, match="3, as before"):
        [next(bad) for _ in range(2)]


def test_resumes_in_the_middle_of_an_epoch(make):
    rk.seed(3)
    it = make(range(10), 3)
    for _ in range(2):
        next(it)
    state, random = it.state(), rk.core.random.generator().state()
    rest = [it.next() for _ in range(7)]
    other = make(range(10), 3)
    other.load_state(state)
    rk.core.random.generator().load_state(random)
    assert [other.next() for _ in range(7)] == rest
    assert other.epoch == it.epoch and other.epoch_detail == it.epoch_detail


def test_state_that_does_not_fit(make):
    it = make(range(4), 2)
    before = it.state()
    with pytest.raises(LoadError, match="order of 3"):
        it.load_state({**before, "order": np.arange(3)})
    with pytest.raises(LoadError, match="epoch"):
        it.load_state({"current_position": 0})
    np.testing.assert_array_equal(it.state()["order"], before["order"])


def test_chainers_older_key(make):
    it = make(range(3), 1)
    state = it.state()
    state["_order"] = state.pop("order")[::-1]
    it.load_state(state)
    assert it.state()["order"].tolist() == state["_order"].tolist()


def test_bad_arguments(make):
    with pytest.raises(RangeError, match="batch_size"):
        make([1], 0)
    with pytest.raises(DataError, match="empty data set"):
        make([], 1)


def test_a_failed_read_can_be_tried_again(make, tmp_path):
    class Flaky:
        def __len__(self):
            return 2

        def __getitem__(self, i):
            if not (tmp_path / "there").exists():
                raise OSError("gone")
            return i

    it = make(Flaky(), 2, shuffle=False)
    with pytest.raises(OSError, match="gone"):
        next(it)
    (tmp_path / "there").touch()
    assert it.epoch == 0 and next(it) == [0, 1]


def test_base_class_names_what_is_missing():
    with pytest.raises(NotImplementedError, match="__next__"):
        Iterator().next()
