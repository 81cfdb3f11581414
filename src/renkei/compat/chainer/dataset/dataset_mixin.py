"""DatasetMixin: indexing by numbers, slices and lists."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.datasets.dataset import DatasetMixin as OurDatasetMixin

__all__ = ["DatasetMixin"]


class DatasetMixin(OurDatasetMixin):
    r"""A data set that defines ``get_example(i)`` and ``__len__``.

    >>> from renkei.compat.chainer.dataset import DatasetMixin
    >>> class Squares(DatasetMixin):
    ...     def __len__(self):
    ...         return 5
    ...     def get_example(self, i):
    ...         return i * i
    >>> Squares()[3], Squares()[1:4], Squares()[[0, 2]]
    (9, [1, 4, 9], [0, 4])
    """

    def __getitem__(self, index: Any) -> Any:
        # A single index passes as it is: programs give meaning to other ones than integers.
        if isinstance(index, slice):
            return [self.get_example(i) for i in range(*index.indices(len(self)))]
        if isinstance(index, (list, np.ndarray)):
            return [self.get_example(i) for i in index]
        return self.get_example(index)
