"""Chainer's data sets: wrappers, splits, files, and the collections that are downloaded."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from renkei.compat.chainer import _tree
from renkei.compat.chainer.dataset.dataset_mixin import DatasetMixin
from renkei.datasets import combine as ours
from renkei.datasets.combine import ConcatenatedDataset, DictDataset, TupleDataset

# What is ours as it is: files of images and texts, and the collections that are downloaded.
_OURS = """
    ImageDataset LabeledImageDataset LabeledZippedImageDataset MultiZippedImageDataset TextDataset
    ZippedImageDataset get_cifar10 get_cifar100 get_fashion_mnist
    get_fashion_mnist_labels get_kuzushiji_mnist get_kuzushiji_mnist_labels get_mnist get_ptb_words
    get_ptb_words_vocabulary get_svhn
""".split()

__all__ = [
    *_OURS,
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


_PICKLED = (
    "PickleDataset PickleDatasetWriter open_pickle_dataset open_pickle_dataset_writer".split()
)


def __getattr__(name: str) -> Any:
    if name in _PICKLED:
        return getattr(importlib.import_module(f"{__name__}._pickle"), name)
    if name in _OURS:
        value = globals()[name] = getattr(importlib.import_module("renkei.datasets"), name)
        return value
    if _tree.exists(f"datasets.{name}"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class SubDataset(DatasetMixin, ours.SubDataset):
    r"""The examples from ``start`` up to ``finish`` of a data set, in an order.

    Args:
        dataset: the data set.
        start: the first position.
        finish: the position behind the last one.
        order: positions in ``dataset``; None: its own order.
    """

    def __init__(self, dataset: Any, start: int, finish: int, order: Any = None) -> None:
        if start < 0 or finish > len(dataset):
            raise ValueError("subset overruns the base dataset.")
        if order is not None and len(order) != len(dataset):
            raise ValueError(
                "order option must have the same length as the base dataset: "
                f"len(order) = {len(order)} while len(dataset) = {len(dataset)}"
            )
        self._dataset, self._start, self._finish, self._order = dataset, start, finish, order

    def get_example(self, i: int) -> Any:
        if i >= 0:
            if i >= len(self):
                raise IndexError("dataset index out of range")
            position = self._start + i
        else:
            if i < -len(self):
                raise IndexError("dataset index out of range")
            position = self._finish + i
        return self._dataset[position if self._order is None else self._order[position]]


class TransformDataset(DatasetMixin):
    r"""A data set whose examples pass through a function as they are read.

    Args:
        dataset: the data set.
        arg_axes: what of an example the function takes, where there are two arguments after the
            data set: a name or position or a tuple of them; None: the example.
        transform: the function.
    """

    def __init__(self, dataset: Any, arg_axes: Any = None, transform: Any = None) -> None:
        if transform is None:
            arg_axes, transform = None, arg_axes
        self._dataset, self._axes, self._transform = dataset, arg_axes, transform

    def __len__(self) -> int:
        return len(self._dataset)

    def get_example(self, i: int) -> Any:
        example = self._dataset[i]
        if self._axes is None:
            return self._transform(example)
        axes = self._axes if isinstance(self._axes, (tuple, list)) else (self._axes,)
        return self._transform(*(example[axis] for axis in axes))


def _permutation(n: int, seed: int | None) -> Any:
    return (np.random if seed is None else np.random.RandomState(seed)).permutation(n)


def split_dataset(dataset: Any, split_at: int, order: Any = None) -> tuple[SubDataset, SubDataset]:
    """Splits a data set in two at a position."""
    n = len(dataset)
    if not isinstance(split_at, (int, np.integer)):
        raise TypeError(f"split_at must be int, got {type(split_at)} instead")
    if split_at < 0:
        raise ValueError("split_at must be non-negative")
    if split_at > n:
        raise ValueError("split_at exceeds the dataset size")
    return SubDataset(dataset, 0, split_at, order), SubDataset(dataset, split_at, n, order)


def split_dataset_random(
    dataset: Any, first_size: int, seed: int | None = None
) -> tuple[SubDataset, SubDataset]:
    """Splits a data set in two at random: ``first_size`` examples, and the rest."""
    return split_dataset(dataset, first_size, _permutation(len(dataset), seed))


def split_dataset_n(dataset: Any, n: int, order: Any = None) -> list[SubDataset]:
    """Splits a data set into ``n`` parts of equal size; what is left over is not used."""
    size = len(dataset) // n
    return [SubDataset(dataset, size * i, size * (i + 1), order) for i in range(n)]


def split_dataset_n_random(dataset: Any, n: int, seed: int | None = None) -> list[SubDataset]:
    """Splits a data set at random into ``n`` parts of equal size."""
    return split_dataset_n(dataset, n, _permutation(len(dataset), seed))


def get_cross_validation_datasets(
    dataset: Any, n_folds: int | None = None, order: Any = None, **kwargs: Any
) -> list[tuple[SubDataset, SubDataset]]:
    r"""Pairs of training and test data for cross validation.

    Args:
        dataset: the data set.
        n_folds: how many parts; each is the test data once. It was called ``n_fold`` once.
        order: positions in ``dataset``; None: its own order.
    """
    n_folds = kwargs.pop("n_fold", None) if n_folds is None else n_folds
    if n_folds is None or kwargs:
        raise ValueError("Please specify n_folds.")
    whole = len(dataset)
    order = np.arange(whole) if order is None else np.asarray(order)
    size, rest = divmod(whole, n_folds)
    pairs = []
    for i in range(n_folds):
        start = i * size + min(i, rest)
        stop = start + size + (i < rest)
        turned = np.concatenate([order[:start], order[stop:], order[start:stop]])
        cut = whole - (stop - start)
        pairs.append((SubDataset(dataset, 0, cut, turned), SubDataset(dataset, cut, whole, turned)))
    return pairs


def get_cross_validation_datasets_random(
    dataset: Any, n_folds: int, seed: int | None = None, **kwargs: Any
) -> list[tuple[SubDataset, SubDataset]]:
    """Pairs of training and test data for cross validation, in random order."""
    order = _permutation(len(dataset), seed)
    return get_cross_validation_datasets(dataset, n_folds, order, **kwargs)
