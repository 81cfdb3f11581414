"""Data sets made of other data sets: tuples, parts, concatenations, transformations."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from renkei.core.errors import DataError, DtypeError, RangeError, describe
from renkei.core.random import generator
from renkei.datasets.dataset import DatasetMixin, indices_of

__all__ = [
    "ConcatenatedDataset",
    "DictDataset",
    "SubDataset",
    "TransformDataset",
    "TupleDataset",
    "get_cross_validation_datasets",
    "get_cross_validation_datasets_random",
    "split_dataset",
    "split_dataset_n",
    "split_dataset_n_random",
    "split_dataset_random",
]


def _same_length(call: str, datasets: Any) -> int:
    named = list(datasets)
    for name, d in named:
        if not hasattr(d, "__len__") or getattr(d, "shape", None) == ():
            raise DtypeError(call, f"{describe(d)} as {name!r}", "lists, arrays or data sets")
    lengths = {name: len(d) for name, d in named}
    if not lengths:
        raise DataError(call, "no data sets", "at least one")
    if len(set(lengths.values())) > 1:
        raise DataError(call, f"lengths {lengths}", "data sets of one length")
    return next(iter(lengths.values()))


class TupleDataset:
    r"""Several data sets of one length; an example is the tuple of theirs.

    Raises:
        DataError: the lengths differ.

    >>> from renkei.datasets import TupleDataset
    >>> d = TupleDataset([1, 2, 3], ["a", "b", "c"])
    >>> d[1], d[1:]
    ((2, 'b'), [(2, 'b'), (3, 'c')])
    """

    def __init__(self, *datasets: Any) -> None:
        self._length = _same_length("TupleDataset(*datasets)", enumerate(datasets))
        self._datasets = datasets

    def __getitem__(self, index: Any) -> Any:
        where = indices_of(index, self._length)
        if isinstance(where, list):
            return [tuple(d[i] for d in self._datasets) for i in where]
        return tuple(d[where] for d in self._datasets)

    def __len__(self) -> int:
        return self._length


class DictDataset:
    r"""Several data sets of one length by name; an example is a dictionary.

    >>> from renkei.datasets import DictDataset
    >>> DictDataset(x=[1, 2], t=[0, 1])[1]
    {'x': 2, 't': 1}
    """

    def __init__(self, **datasets: Any) -> None:
        self._length = _same_length("DictDataset(**datasets)", datasets.items())
        self._datasets = datasets

    def __getitem__(self, index: Any) -> Any:
        where = indices_of(index, self._length)
        if isinstance(where, list):
            return [{k: d[i] for k, d in self._datasets.items()} for i in where]
        return {k: d[where] for k, d in self._datasets.items()}

    def __len__(self) -> int:
        return self._length


class SubDataset(DatasetMixin):
    r"""The examples from ``start`` up to ``finish`` of a data set, in an order.

    Args:
        dataset: the data set.
        start: the first position.
        finish: the position behind the last one.
        order: positions in ``dataset``, for a shuffled part; None: its own order.

    >>> from renkei.datasets import SubDataset
    >>> SubDataset([0, 10, 20, 30], 1, 3)[:]
    [10, 20]
    """

    def __init__(self, dataset: Any, start: int, finish: int, order: Any = None) -> None:
        if not 0 <= start <= finish <= len(dataset):
            raise RangeError(
                "SubDataset(dataset, start, finish)",
                f"start={start}, finish={finish}",
                f"0 <= start <= finish <= {len(dataset)}",
            )
        if order is not None and len(order) != len(dataset):
            raise DataError("SubDataset(order=...)", f"{len(order)} positions", f"{len(dataset)}")
        self._dataset, self._start, self._finish, self._order = dataset, start, finish, order

    def __len__(self) -> int:
        return self._finish - self._start

    def get_example(self, i: int) -> Any:
        position = self._start + i
        return self._dataset[position if self._order is None else int(self._order[position])]


class ConcatenatedDataset(DatasetMixin):
    r"""Data sets one behind the other.

    >>> from renkei.datasets import ConcatenatedDataset
    >>> ConcatenatedDataset([1, 2], [3])[2]
    3
    """

    def __init__(self, *datasets: Any) -> None:
        self._datasets = datasets
        self._ends = np.cumsum([len(d) for d in datasets]) if datasets else np.zeros(0, int)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def get_example(self, i: int) -> Any:
        k = int(np.searchsorted(self._ends, i, side="right"))
        return self._datasets[k][i - (int(self._ends[k - 1]) if k else 0)]


class TransformDataset(DatasetMixin):
    r"""A data set whose examples pass through a function as they are read.

    Args:
        dataset: the data set.
        transform: takes an example, returns what is to be used instead.

    >>> from renkei.datasets import TransformDataset
    >>> TransformDataset([1, 2, 3], lambda x: x * 10)[1]
    20
    """

    def __init__(self, dataset: Any, transform: Callable[[Any], Any]) -> None:
        self._dataset, self._transform = dataset, transform

    def __len__(self) -> int:
        return len(self._dataset)

    def get_example(self, i: int) -> Any:
        return self._transform(self._dataset[i])


def split_dataset(dataset: Any, split_at: int, order: Any = None) -> tuple[SubDataset, SubDataset]:
    r"""Splits a data set in two at a position.

    >>> from renkei.datasets import split_dataset
    >>> [len(part) for part in split_dataset(range(10), 7)]
    [7, 3]
    """
    n = len(dataset)
    if not 0 <= split_at < n:
        raise RangeError("split_dataset(split_at=...)", str(split_at), f"a position in [0, {n})")
    return SubDataset(dataset, 0, split_at, order), SubDataset(dataset, split_at, n, order)


def _permutation(n: int, seed: int | None) -> Any:
    host = generator().host if seed is None else np.random.default_rng(seed)
    return host.permutation(n)


def split_dataset_random(
    dataset: Any, first_size: int, seed: int | None = None
) -> tuple[SubDataset, SubDataset]:
    """Splits a data set in two at random: ``first_size`` examples, and the rest."""
    return split_dataset(dataset, first_size, _permutation(len(dataset), seed))


def split_dataset_n(dataset: Any, n: int, order: Any = None) -> list[SubDataset]:
    """Splits a data set into ``n`` parts of equal size; what is left over is not used."""
    if n < 1:
        raise RangeError("split_dataset_n(n=...)", str(n), "at least 1")
    size = len(dataset) // n
    return [SubDataset(dataset, size * i, size * (i + 1), order) for i in range(n)]


def split_dataset_n_random(dataset: Any, n: int, seed: int | None = None) -> list[SubDataset]:
    """Splits a data set at random into ``n`` parts of equal size."""
    return split_dataset_n(dataset, n, _permutation(len(dataset), seed))


def get_cross_validation_datasets(
    dataset: Any, n_folds: int, order: Any = None
) -> list[tuple[SubDataset, SubDataset]]:
    r"""Pairs of training and test data, such that each example is in one of the test parts.

    Args:
        dataset: the data set.
        n_folds: how many pairs; the sizes of the test parts differ by at most 1.
        order: positions in ``dataset``; None: its own order.

    Raises:
        RangeError: there are fewer examples than pairs, or no pairs.

    >>> from renkei.datasets import get_cross_validation_datasets
    >>> [(a[:], b[:]) for a, b in get_cross_validation_datasets("abcd", 2)]
    [(['c', 'd'], ['a', 'b']), (['a', 'b'], ['c', 'd'])]
    """
    n = len(dataset)
    if not 1 <= n_folds <= n:
        call = "get_cross_validation_datasets(n_folds=...)"
        raise RangeError(call, str(n_folds), f"a number in [1, {n}]")
    order = np.arange(n) if order is None else np.asarray(order)
    ends = [n * i // n_folds for i in range(n_folds + 1)]
    folds: list[tuple[SubDataset, SubDataset]] = []
    for low, high in itertools.pairwise(ends):
        moved = np.concatenate([order[:low], order[high:], order[low:high]])
        split = n - (high - low)
        folds.append((SubDataset(dataset, 0, split, moved), SubDataset(dataset, split, n, moved)))
    return folds


def get_cross_validation_datasets_random(
    dataset: Any, n_folds: int, seed: int | None = None
) -> list[tuple[SubDataset, SubDataset]]:
    """Pairs of training and test data, cut from a random order."""
    return get_cross_validation_datasets(dataset, n_folds, _permutation(len(dataset), seed))
