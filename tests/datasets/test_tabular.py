"""Tabular data sets: slices, joins, transformations; only what is wanted is read."""

from __future__ import annotations

import numpy as np
import pytest

from renkei.core.errors import DataError, DtypeError, RangeError
from renkei.datasets import SubDataset
from renkei.datasets.tabular import DelegateDataset, TabularDataset, from_data
from renkei.iterators import MultiprocessIterator, SerialIterator

N = 10


class Table(TabularDataset):
    """Three columns: i, 10 + i, 20 + i; notes what it is asked for."""

    def __init__(self, mode=tuple):
        self._mode, self.asked = mode, []

    def __len__(self):
        return N

    keys = ("a", "b", "c")
    mode = property(lambda self: self._mode)

    def get_examples(self, indices, key_indices):
        self.asked.append((indices, key_indices))
        rows = range(N) if indices is None else indices
        rows = range(N)[rows] if isinstance(rows, slice) else rows
        return tuple([10 * k + i for i in rows] for k in (key_indices or (0, 1, 2)))


def test_examples_in_each_mode():
    assert Table()[3] == (3, 13, 23)
    assert Table(dict)[3] == {"a": 3, "b": 13, "c": 23}
    assert Table().asdict()[3] == Table(dict)[3] and Table(dict).astuple()[3] == (3, 13, 23)
    assert Table()[-1] == (9, 19, 29) and Table()[1:3] == [(1, 11, 21), (2, 12, 22)]
    assert list(Table())[9] == (9, 19, 29)
    assert Table().fetch()[2] == list(range(20, 30))
    assert Table(dict).fetch()["b"] == list(range(10, 20))


ROWS = [
    slice(None),
    slice(2, 8, 3),
    slice(8, None, -2),
    slice(None, None, -1),
    slice(3, 3),
    slice(-3, None),
    [3, 1, -1],
    np.array([0, 9]),
    [True, False] * 5,
    [],
]


@pytest.mark.parametrize("outer", ROWS, ids=str)
@pytest.mark.parametrize("inner", [slice(1, None, 2), slice(None, None, -1), [7, 2, 2, 5]], ids=str)
def test_slices_of_slices(outer, inner):
    table = Table()
    first = table.slice[inner]
    rows = np.arange(N)[inner]
    if isinstance(outer, list) and outer and isinstance(outer[0], bool):
        outer = outer[: len(rows)]
    elif not isinstance(outer, slice):
        outer = [i for i in outer if -len(rows) <= i < len(rows)]
    expected = rows[
        np.array(outer, int) if isinstance(outer, list) and not outer else outer
    ].tolist()
    part = first.slice[outer, ("c", "a")]
    assert len(part) == len(expected) and part.keys == ("c", "a")
    assert part.fetch() == ([20 + i for i in expected], expected)
    assert part[:] == [(20 + i, i) for i in expected]
    rest = part.slice[::-1, "a"]
    assert rest.mode is None and rest.fetch() == expected[::-1]


def test_only_wanted_columns_are_read():
    table = Table()
    table.slice[2:4, ("b",)].slice[[1], -1].fetch()
    assert table.asked == [([3], (1,))]
    table.asked.clear()
    joined = table.slice[:, ("a",)].join(table.slice[:, ("c",)])
    joined.slice[4:6, "c"].fetch()
    assert table.asked == [(slice(4, 6, 1), (2,))]


def test_mistakes_in_slices():
    for rows, columns in (([10], None), ([True], None), (slice(None), "d"), (slice(None), (3,))):
        with pytest.raises(RangeError):
            Table().slice[(rows, columns) if columns is not None else rows]


def test_concat():
    both = Table().concat(Table(dict).astuple(), Table())
    assert len(both) == 30 and both[12] == (2, 12, 22) and both.fetch()[0] == [*range(10)] * 3
    columns = both.get_examples([29, 0, 11, 10], (1, 0))
    assert columns == ([19, 10, 11, 10], [9, 0, 1, 0])
    assert both.get_examples(slice(25, 8, -8), None)[0] == [5, 7, 9]
    assert both.get_examples([], (0,)) == ([],)
    with pytest.raises(DataError, match="columns"):
        Table().concat(Table().slice[:, ("a",)])


def test_join():
    more = from_data({"d": np.arange(N) * 100})
    joined = Table().join(more)
    assert joined.keys == ("a", "b", "c", "d") and joined[2] == (2, 12, 22, 200)
    assert [list(c) for c in joined.get_examples([1, 2], (3, 0, 3))] == [
        [100, 200],
        [1, 2],
        [100, 200],
    ]
    with pytest.raises(DataError, match="no name twice"):
        Table().join(Table())
    with pytest.raises(DataError, match="one length"):
        Table().join(from_data({"d": [1]}))


@pytest.mark.parametrize("mode", [tuple, dict])
def test_transformations(mode):
    table = Table(mode)
    made = table.transform(("s", "p"), lambda a, b, c: (a + b, a * c))
    assert made.keys == ("s", "p") and made.mode is tuple and made[3] == (16, 69)
    assert made.get_examples([3, 4], (1,)) == ([69, 96],)
    named = table.transform(("s", "p"), lambda a, b, c: {"p": 1, "s": a})
    assert named[3] == {"s": 3, "p": 1}
    single = table.transform("s", lambda a, b, c: a + 1)
    assert single.mode is None and single[3] == 4
    batch = table.transform_batch(("s",), lambda a, b, c: (np.array(a) + np.array(b),))
    assert batch.get_examples([1, 2], None)[0].tolist() == [12, 14] and batch[1] == (12,)
    changing = table.transform("s", lambda a, b, c: a if a else (a,))
    with pytest.raises(DataError, match="must not change its return type"):
        changing.fetch()


def test_conversion():
    x, a = Table().convert(([np.zeros(2), np.ones(2)], [1, 2]))
    assert x.shape == (2, 2) and a.tolist() == [1, 2]
    assert Table().convert({"a": [1]})["a"].tolist() == [1]
    other = Table().with_converter(lambda data: ("own", data))
    assert other.slice[:2].convert([1]) == ("own", [1])
    assert DelegateDataset(other).join(from_data({"z": [0] * N})).convert(1) == ("own", 1)


def test_columns_from_data():
    array = np.arange(6).reshape(3, 2)
    d = from_data({"x": array, ("s", "t"): lambda i: {"t": -i, "s": i * i}, "l": [7, 8, 9]})
    assert d.keys == ("x", "s", "t", "l")
    assert d[2]["x"].tolist() == [4, 5] and d[2]["t"] == -2 and d[2]["s"] == 4
    assert d.slice[[2, 0], ("x", "l")].fetch()["x"].tolist() == [[4, 5], [0, 1]]
    assert from_data(lambda i: i * 3, size=4)[3] == 9
    assert from_data(("n", lambda i: i), size=4).slice[1::2].fetch() == [1, 3]
    renamed = from_data({"q": Table().slice[:, "b"]})
    assert renamed[2] == {"q": 12}
    for bad in ({"a": [1], "b": [1, 2]}, {"a": len}, ()):
        with pytest.raises(DataError):
            from_data(bad)
    for bad in (3, {("a", "b"): [1]}):
        with pytest.raises(DtypeError):
            from_data(bad)


def test_works_with_iterators_and_other_data_sets():
    d = Table().transform(("s",), lambda a, b, c: {"s": a + c})
    with MultiprocessIterator(d, 5, shuffle=False, n_processes=2) as iterator:
        assert next(iterator) == SerialIterator(d, 5, shuffle=False).next()
    assert SubDataset(Table(), 2, 4)[:] == [(2, 12, 22), (3, 13, 23)]
