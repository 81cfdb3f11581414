"""DatasetMixin: indexing by numbers, slices and lists for a data set that can give one example."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from renkei.core.errors import DtypeError, RangeError, describe

__all__ = ["DatasetMixin", "indices_of"]


def indices_of(index: Any, length: int) -> int | list[int]:
    """A checked non-negative index, or a list of them, from what a data set is asked for."""
    if isinstance(index, slice):
        return list(range(*index.indices(length)))
    if isinstance(index, (list, tuple, np.ndarray)) and np.ndim(index) == 1:
        array = np.asarray(index)
        if array.dtype == np.bool_:
            array = np.flatnonzero(array)
        return [_checked(i, length) for i in array.tolist()]
    return _checked(index, length)


def _checked(index: Any, length: int) -> int:
    try:
        i = operator.index(index)
    except TypeError:
        raise DtypeError(
            "dataset[index]", describe(index), "an integer, a slice or a list of integers"
        ) from None
    if not -length <= i < length:
        raise RangeError("dataset[index]", str(i), f"an index in [{-length}, {length})")
    return i % length if length else i


class DatasetMixin:
    r"""A data set that defines ``get_example(i)`` and ``__len__``.

    >>> from renkei.datasets import DatasetMixin
    >>> class Squares(DatasetMixin):
    ...     def __len__(self):
    ...         return 5
    ...     def get_example(self, i):
    ...         return i * i
    >>> Squares()[3], Squares()[1:4], Squares()[[0, -1]]
    (9, [1, 4, 9], [0, 16])
    """

    def __getitem__(self, index: Any) -> Any:
        where = indices_of(index, len(self))
        if isinstance(where, list):
            return [self.get_example(i) for i in where]
        return self.get_example(where)

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}.__len__")

    def get_example(self, i: int) -> Any:
        """The example at a position in [0, len)."""
        raise NotImplementedError(f"{type(self).__name__}.get_example")
