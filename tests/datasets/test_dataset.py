"""DatasetMixin: every way to ask for examples."""

from __future__ import annotations

import numpy as np
import pytest

from renkei.core.errors import DtypeError, RangeError
from renkei.datasets import DatasetMixin


class Numbers(DatasetMixin):
    def __len__(self):
        return 6

    def get_example(self, i):
        assert 0 <= i < 6
        return i * 10


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (2, 20),
        (-1, 50),
        (np.int64(3), 30),
        (slice(1, 3), [10, 20]),
        (slice(None, None, -2), [50, 30, 10]),
        (slice(4, 99), [40, 50]),
        ([0, -1], [0, 50]),
        (np.array([1, 1]), [10, 10]),
        (np.array([True, False, False, False, False, True]), [0, 50]),
        ([], []),
    ],
)
def test_indexing(index, expected):
    assert Numbers()[index] == expected


@pytest.mark.parametrize("index", [6, -7, [0, 6]])
def test_out_of_range_names_the_range(index):
    with pytest.raises(RangeError, match=r"\[-6, 6\)"):
        Numbers()[index]


@pytest.mark.parametrize("index", ["a", 1.5, None])
def test_no_index(index):
    with pytest.raises(DtypeError, match="expected an integer"):
        Numbers()[index]


def test_iteration_ends():
    assert list(Numbers()) == [0, 10, 20, 30, 40, 50]


def test_missing_methods_are_named():
    with pytest.raises(NotImplementedError, match="__len__"):
        len(DatasetMixin())
