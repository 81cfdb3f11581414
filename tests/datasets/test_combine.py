"""Data sets made of others."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import DataError, RangeError
from renkei.datasets import (
    ConcatenatedDataset,
    DictDataset,
    SubDataset,
    TransformDataset,
    TupleDataset,
    get_cross_validation_datasets,
    get_cross_validation_datasets_random,
    split_dataset,
    split_dataset_n,
    split_dataset_n_random,
    split_dataset_random,
)


def test_tuples_and_dictionaries():
    x, t = np.arange(6).reshape(3, 2), [7, 8, 9]
    tuples, dicts = TupleDataset(x, t), DictDataset(x=x, t=t)
    assert len(tuples) == len(dicts) == 3
    assert tuples[-1][1] == 9 and dicts[1]["t"] == 8
    np.testing.assert_array_equal(tuples[0][0], [0, 1])
    assert [e[1] for e in tuples[[2, 0]]] == [9, 7]
    assert [e["t"] for e in dicts[1:]] == [8, 9]


@pytest.mark.parametrize(
    "make", [lambda: TupleDataset([1], [1, 2]), lambda: DictDataset(a=[], b=[1])]
)
def test_lengths_must_agree(make):
    with pytest.raises(DataError, match="one length"):
        make()


def test_nothing_to_combine():
    with pytest.raises(DataError, match="at least one"):
        TupleDataset()


def test_sub_dataset_in_an_order():
    part = SubDataset("abcd", 1, 3, order=[3, 2, 1, 0])
    assert part[:] == ["c", "b"] and part[-1] == "b"


@pytest.mark.parametrize(("start", "finish"), [(-1, 2), (2, 1), (0, 5)])
def test_sub_dataset_bounds(start, finish):
    with pytest.raises(RangeError, match="start <= finish <= 4"):
        SubDataset("abcd", start, finish)


def test_sub_dataset_order_length():
    with pytest.raises(DataError, match="4"):
        SubDataset("abcd", 0, 2, order=[0, 1])


def test_concatenated():
    joined = ConcatenatedDataset([1], [], [2, 3])
    assert joined[:] == [1, 2, 3] and joined[-1] == 3
    assert len(ConcatenatedDataset()) == 0


def test_transform_is_applied_when_read():
    calls = []
    data = TransformDataset([1, 2], lambda x: calls.append(x) or -x)
    assert calls == []
    assert data[1] == -2
    assert calls == [2]


def test_split():
    first, second = split_dataset(list("abcde"), 2)
    assert (first[:], second[:]) == (["a", "b"], ["c", "d", "e"])
    assert [p[:] for p in split_dataset_n(range(7), 3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(RangeError):
        split_dataset("ab", 2)
    with pytest.raises(RangeError):
        split_dataset_n("ab", 0)


def test_random_splits_are_disjoint_and_repeatable():
    a, b = split_dataset_random(range(10), 4, seed=3)
    assert sorted(a[:] + b[:]) == list(range(10)) and a[:] != [0, 1, 2, 3]
    assert split_dataset_random(range(10), 4, seed=3)[0][:] == a[:]
    parts = split_dataset_n_random(range(10), 2, seed=0)
    assert sorted(parts[0][:] + parts[1][:]) == list(range(10))
    rk.seed(5)
    first = split_dataset_random(range(50), 4)[0][:]
    rk.seed(5)
    assert split_dataset_random(range(50), 4)[0][:] == first


@pytest.mark.parametrize(("n", "folds"), [(10, 3), (6, 6), (5, 1)])
def test_cross_validation(n, folds):
    pairs = get_cross_validation_datasets_random(range(n), folds, seed=1)
    assert len(pairs) == folds
    tested = [i for _, test in pairs for i in test[:]]
    assert sorted(tested) == list(range(n)) and (tested != sorted(tested) or n == 1)
    for train, test in pairs:
        assert sorted(train[:] + test[:]) == list(range(n))
        assert n // folds <= len(test) <= n // folds + 1
    again = get_cross_validation_datasets_random(range(n), folds, seed=1)
    assert [t[:] for _, t in again] == [t[:] for _, t in pairs]


def test_cross_validation_in_an_order():
    (a, b), (c, d) = get_cross_validation_datasets("abcde", 2, order=[4, 3, 2, 1, 0])
    assert (a[:], b[:], c[:], d[:]) == (list("cba"), list("ed"), list("ed"), list("cba"))
    for folds in (0, 6):
        with pytest.raises(RangeError, match="n_folds"):
            get_cross_validation_datasets("abcde", folds)
