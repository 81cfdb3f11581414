"""concat_examples: batches of every form."""

from __future__ import annotations

import numpy as np
import pytest

from renkei.core.errors import DataError
from renkei.datasets import concat_examples, to_device


def test_arrays_numbers_tuples_dicts():
    np.testing.assert_array_equal(concat_examples([1, 2, 3]), [1, 2, 3])
    x, t = concat_examples([(np.ones(2, np.float32), 1), (np.zeros(2, np.float32), 0)])
    assert x.dtype == np.float32 and x.shape == (2, 2) and t.tolist() == [1, 0]
    batch = concat_examples([{"x": np.ones(2), "t": 1}, {"x": np.zeros(2), "t": 0}])
    assert set(batch) == {"x", "t"} and batch["x"].shape == (2, 2)


def test_padding_of_each_item():
    a = [(np.array([1.0]), np.array([[1]])), (np.array([2.0, 3.0]), np.array([[2, 3]]))]
    x, y = concat_examples(a, padding=(0, -1))
    np.testing.assert_array_equal(x, [[1, 0], [2, 3]])
    np.testing.assert_array_equal(y, [[[1, -1]], [[2, 3]]])
    d = concat_examples([{"a": np.array([1])}, {"a": np.array([2, 3])}], padding={"a": 9})
    np.testing.assert_array_equal(d["a"], [[1, 9], [2, 3]])


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ([], "batch is empty"),
        ([np.ones(2), np.ones(3)], "padding=0"),
        ([(1, 2), (1,)], "example 1"),
        ([{"a": 1}, (1,)], "example 1"),
        (["a", None], "no arrays"),
        ([np.ones(2), np.ones((2, 2))], "one shape"),
    ],
)
def test_what_does_not_fit_is_named(batch, message):
    with pytest.raises(DataError, match=message):
        concat_examples(batch)


def test_to_device():
    x = np.ones(2)
    assert to_device(None, x) is x and to_device("@numpy", x) is x and to_device(-1, x) is x


def test_an_empty_list_does_not_make_numbers_float():
    batch = concat_examples([np.array([1, 2]), np.array([3]), np.array([])], padding=100)
    assert batch.dtype.kind == "i"
    np.testing.assert_array_equal(batch, [[1, 2], [3, 100], [100, 100]])
