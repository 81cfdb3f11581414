"""Tabular data sets: examples with named columns, of which only those are read that are wanted."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from renkei.core.device import get_array_types
from renkei.core.errors import DataError, DtypeError, RangeError, describe
from renkei.datasets.convert import concat_examples
from renkei.datasets.dataset import DatasetMixin, indices_of

__all__ = ["DelegateDataset", "TabularDataset", "from_data"]

Indices = Any  # None: all; a slice; or a list of positions
KeyIndices = tuple[int, ...] | None  # None: all columns


class TabularDataset(DatasetMixin):
    r"""A data set with named columns; define ``__len__``, ``keys``, ``mode`` and ``get_examples``.

    ``mode`` is the form of an example: ``tuple``, ``dict``, or None for the value of one column.

    >>> from renkei.datasets.tabular import from_data
    >>> d = from_data({"a": [1, 2, 3], "b": [4, 5, 6]})
    >>> d[1]
    {'a': 2, 'b': 5}
    >>> d.slice[::2, ("b",)].fetch(), d.slice[:2, "a"][0]
    ({'b': [4, 6]}, 1)
    >>> d.transform(("s",), lambda a, b: {"s": a + b}).asdict()[2]
    {'s': 9}
    """

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the columns."""
        raise NotImplementedError(f"{type(self).__name__}.keys")

    @property
    def mode(self) -> type[tuple[Any, ...]] | type[dict[str, Any]] | None:
        """The form of an example: ``tuple``, ``dict`` or None."""
        raise NotImplementedError(f"{type(self).__name__}.mode")

    def get_examples(self, indices: Indices, key_indices: KeyIndices) -> tuple[Any, ...]:
        """A list or an array for each wanted column.

        Args:
            indices: the positions of the examples, a list or a slice; None: all.
            key_indices: the positions of the columns; None: all.
        """
        raise NotImplementedError(f"{type(self).__name__}.get_examples")

    @property
    def slice(self) -> _Slicer:
        """A part: ``d.slice[rows]`` or ``d.slice[rows, columns]``, which is read when asked for.

        Rows are a slice, positions or booleans; columns a name or position (examples are then its
        values), or a tuple of them.
        """
        return _Slicer(self)

    def fetch(self) -> Any:
        """All examples as columns: a tuple or a dictionary of them, or the one there is."""
        return _formed(self.mode, self.keys, self.get_examples(None, None))

    def convert(self, data: Any) -> Any:
        """Arrays from the columns of a batch."""
        if isinstance(data, tuple):
            return tuple(_as_array(column) for column in data)
        if isinstance(data, Mapping):
            return {key: _as_array(column) for key, column in data.items()}
        return _as_array(data)

    def astuple(self) -> TabularDataset:
        """The same with tuples as examples."""
        return _InMode(self, tuple)

    def asdict(self) -> TabularDataset:
        """The same with dictionaries as examples."""
        return _InMode(self, dict)

    def concat(self, *datasets: TabularDataset) -> TabularDataset:
        """This data set with others of the same columns behind it."""
        return _Concatenated((self, *datasets))

    def join(self, *datasets: TabularDataset) -> TabularDataset:
        """This data set with the columns of others of the same length beside its own."""
        return _Joined((self, *datasets))

    def transform(self, keys: Any, transform: Callable[..., Any]) -> TabularDataset:
        """New columns from each example.

        Args:
            keys: the names of the new columns, or the one name.
            transform: gets an example's values (by name if the mode is ``dict``), returns a tuple,
                a dictionary or one value.
        """
        return _Transformed(self, keys, transform, batched=False)

    def transform_batch(self, keys: Any, transform_batch: Callable[..., Any]) -> TabularDataset:
        """New columns from columns of several examples at once; otherwise as ``transform``."""
        return _Transformed(self, keys, transform_batch, batched=True)

    def with_converter(self, converter: Callable[[Any], Any]) -> TabularDataset:
        """The same with another ``convert``."""
        return _WithConverter(self, converter)

    def get_example(self, i: int) -> Any:
        columns = self.get_examples([i], None)
        return _formed(self.mode, self.keys, tuple(column[0] for column in columns))

    def __iter__(self) -> Iterator[Any]:
        return (self.get_example(i) for i in range(len(self)))


def _formed(mode: Any, keys: Sequence[str], values: tuple[Any, ...]) -> Any:
    if mode is tuple:
        return values
    return dict(zip(keys, values)) if mode is dict else values[0]


def _as_array(column: Any) -> Any:
    return column if isinstance(column, get_array_types()) else concat_examples(list(column))


def _chosen(column: Any, indices: Indices) -> Any:
    """Some values of a list, an array, or anything with ``[i]``."""
    if indices is None:
        return column
    if isinstance(indices, slice) or isinstance(column, get_array_types()):
        return column[indices]
    return [column[i] for i in indices]


class DelegateDataset(TabularDataset):
    r"""Does everything as another tabular data set does; the base of those that change something.

    Args:
        dataset: the other one.
    """

    def __init__(self, dataset: TabularDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def keys(self) -> tuple[str, ...]:
        return self.dataset.keys

    @property
    def mode(self) -> Any:
        return self.dataset.mode

    def get_examples(self, indices: Indices, key_indices: KeyIndices) -> tuple[Any, ...]:
        return self.dataset.get_examples(indices, key_indices)

    def convert(self, data: Any) -> Any:
        return self.dataset.convert(data)


class _InMode(DelegateDataset):
    def __init__(self, dataset: TabularDataset, mode: Any) -> None:
        super().__init__(dataset)
        self._mode = mode

    mode = property(lambda self: self._mode)


class _WithConverter(DelegateDataset):
    def __init__(self, dataset: TabularDataset, converter: Callable[[Any], Any]) -> None:
        super().__init__(dataset)
        self._converter = converter

    def convert(self, data: Any) -> Any:
        return self._converter(data)


class _Slicer:
    """What ``dataset.slice`` is: only good for ``[...]``."""

    def __init__(self, dataset: TabularDataset) -> None:
        self._dataset = dataset

    def __getitem__(self, where: Any) -> TabularDataset:
        rows, columns = where if isinstance(where, tuple) else (where, None)
        return _Sliced(self._dataset, rows, columns)


class _Sliced(DelegateDataset):
    """Some rows, as a range or a list of positions, and some columns."""

    def __init__(self, dataset: TabularDataset, rows: Any, columns: Any) -> None:
        super().__init__(dataset)
        n = len(dataset)
        self._rows: range | list[int]
        if isinstance(rows, slice):
            self._rows = range(n)[rows]
        else:
            mask = np.asarray(rows)
            if mask.dtype == np.bool_ and len(mask) != n:
                raise RangeError("dataset.slice[booleans]", f"{len(mask)} of them", f"{n}")
            self._rows = indices_of(list(rows) if not len(mask) else mask, n)  # type: ignore[assignment]
        self._columns, self._mode = None, dataset.mode
        if columns is not None:
            many = isinstance(columns, tuple)
            self._mode = (dataset.mode or tuple) if many else None
            names = columns if many else (columns,)
            self._columns = tuple(_position(name, dataset.keys) for name in names)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def keys(self) -> tuple[str, ...]:
        own = self.dataset.keys
        return own if self._columns is None else tuple(own[i] for i in self._columns)

    mode = property(lambda self: self._mode)

    def get_examples(self, indices: Indices, key_indices: KeyIndices) -> tuple[Any, ...]:
        rows: Any = self._rows
        if isinstance(indices, slice):
            rows = rows[indices]
        elif indices is not None:
            rows = [rows[i] for i in indices]
        columns = self._columns
        if columns is not None and key_indices is not None:
            columns = tuple(columns[i] for i in key_indices)
        return self.dataset.get_examples(
            _as_slice(rows) if isinstance(rows, range) else rows,
            key_indices if columns is None else columns,
        )


def _as_slice(rows: range) -> Any:
    """The slice with the positions of a range; an end before the first one is None."""
    if not rows:
        return slice(0, 0, 1)
    return slice(rows.start, rows.stop if rows.stop >= 0 else None, rows.step)


def _position(column: Any, keys: tuple[str, ...]) -> int:
    if isinstance(column, str):
        if column not in keys:
            raise RangeError("dataset.slice[rows, column]", repr(column), f"one of {keys}")
        return keys.index(column)
    i = operator.index(column)
    if not -len(keys) <= i < len(keys):
        raise RangeError("dataset.slice[rows, column]", str(i), f"a position among {keys}")
    return i % len(keys)


class _Concatenated(DelegateDataset):
    def __init__(self, datasets: tuple[TabularDataset, ...]) -> None:
        super().__init__(datasets[0])
        for d in datasets:
            if d.keys != datasets[0].keys:
                raise DataError("concat(*datasets)", f"columns {d.keys}", f"{datasets[0].keys}")
        self._datasets = datasets
        self._ends = np.cumsum([len(d) for d in datasets])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def get_examples(self, indices: Indices, key_indices: KeyIndices) -> tuple[Any, ...]:
        n = len(self.keys) if key_indices is None else len(key_indices)
        if indices is None:
            parts = [d.get_examples(None, key_indices) for d in self._datasets]
            return tuple([v for part in parts for v in part[k]] for k in range(n))
        rows = range(len(self))[indices] if isinstance(indices, slice) else indices
        of = np.searchsorted(self._ends, np.asarray(rows, int), side="right").tolist()
        values: list[list[Any]] = [[None] * len(rows) for _ in range(n)]
        for k in sorted(set(of)):
            start = int(self._ends[k]) - len(self._datasets[k])
            places = [p for p, j in enumerate(of) if j == k]
            wanted = [rows[p] - start for p in places]
            for column, found in zip(values, self._datasets[k].get_examples(wanted, key_indices)):
                for p, value in zip(places, found):
                    column[p] = value
        return tuple(values)


class _Joined(DelegateDataset):
    def __init__(self, datasets: tuple[TabularDataset, ...]) -> None:
        super().__init__(datasets[0])
        lengths = [len(d) for d in datasets]
        if len(set(lengths)) > 1:
            raise DataError("join(*datasets)", f"lengths {lengths}", "one length")
        self._datasets = datasets
        self._keys = tuple(key for d in datasets for key in d.keys)
        if len(set(self._keys)) < len(self._keys):
            raise DataError("join(*datasets)", f"columns {self._keys}", "no name twice")
        self._mode = next((d.mode for d in datasets if d.mode), tuple)

    keys = property(lambda self: self._keys)
    mode = property(lambda self: self._mode)

    def get_examples(self, indices: Indices, key_indices: KeyIndices) -> tuple[Any, ...]:
        wanted = range(len(self._keys)) if key_indices is None else key_indices
        found: dict[int, Any] = {}
        start = 0
        for d in self._datasets:
            own = sorted({k for k in wanted if start <= k < start + len(d.keys)})
            if own:
                columns = d.get_examples(indices, tuple(k - start for k in own))
                found |= dict(zip(own, columns))
            start += len(d.keys)
        return tuple(found[k] for k in wanted)


class _Transformed(DelegateDataset):
    """New columns; their form is known when the first example has been made."""

    def __init__(
        self, dataset: TabularDataset, keys: Any, function: Callable[..., Any], batched: bool
    ) -> None:
        super().__init__(dataset)
        self._keys = tuple(keys) if isinstance(keys, (tuple, list)) else (keys,)
        self._function, self._batched = function, batched
        self._known: list[Any] = []

    keys = property(lambda self: self._keys)

    @property
    def mode(self) -> Any:
        if not self._known:
            self.get_examples([0], None)
        return self._known[0]

    def get_examples(self, indices: Indices, key_indices: KeyIndices) -> tuple[Any, ...]:
        wanted = range(len(self._keys)) if key_indices is None else key_indices
        given = self.dataset.get_examples(indices, None)
        if self._batched:
            return self._apply(given, wanted)
        rows = [self._apply(row, wanted) for row in zip(*given)]
        return tuple([row[k] for row in rows] for k in range(len(wanted)))

    def _apply(self, values: Any, wanted: Sequence[int]) -> tuple[Any, ...]:
        if self.dataset.mode is dict:
            result = self._function(**dict(zip(self.dataset.keys, values)))
        else:
            result = self._function(*values)
        mode = next((t for t in (tuple, dict) if isinstance(result, t)), None)
        if self._known and self._known[0] is not mode:
            was, now = (getattr(m, "__name__", "one value") for m in (self._known[0], mode))
            raise DataError("transform must not change its return type", now, was)
        self._known = [mode]
        if mode is None:
            result = (result,)
        return tuple(result[self._keys[k] if mode is dict else k] for k in wanted)


class _Columns(TabularDataset):
    """Columns in memory, or computed by functions of a position."""

    def __init__(self, keys: tuple[str, ...], columns: Sequence[Any], mode: Any, size: Any) -> None:
        self._keys, self._columns, self._mode = keys, list(columns), mode
        lengths = {len(c) for c in columns if not callable(c)}
        lengths |= set() if size is None else {size}
        if len(lengths) != 1:
            got = "functions alone" if not lengths else f"lengths {sorted(lengths)}"
            raise DataError("from_data(data, size=...)", got, "one length")
        self._size = lengths.pop()

    keys = property(lambda self: self._keys)
    mode = property(lambda self: self._mode)

    def __len__(self) -> int:
        return self._size

    def get_examples(self, indices: Indices, key_indices: KeyIndices) -> tuple[Any, ...]:
        wanted = range(len(self._columns)) if key_indices is None else key_indices
        return tuple(self._column(self._columns[k], indices) for k in wanted)

    def _column(self, column: Any, indices: Indices) -> Any:
        if not callable(column):
            return _chosen(column, indices)
        if indices is None or isinstance(indices, slice):
            indices = range(self._size)[slice(None) if indices is None else indices]
        return [column(i) for i in indices]


def from_data(data: Any, *, size: int | None = None) -> TabularDataset:
    r"""A tabular data set from columns.

    A column is a list, an array, a tabular data set, or a function of a position; with a name, a
    pair of the name and the column. A function's column may have several names: their tuple, and
    the function returns a tuple or a dictionary.

    Args:
        data: a column; or a tuple of columns (examples are tuples); or a dictionary of them.
        size: the length, needed if there are functions alone.

    Raises:
        DataError: the lengths differ, or there is none.
        DtypeError: what should be a column is none.

    >>> from renkei.datasets.tabular import from_data
    >>> from_data((("a", [1, 2, 3]), ("b", lambda i: i * i)))[2]
    (3, 4)
    >>> from_data([1, 2, 3])[2]
    3
    """
    if isinstance(data, Mapping):
        columns, mode = list(data.items()), dict
    elif isinstance(data, tuple) and not _is_named(data):
        columns, mode = [d if _is_named(d) else (None, d) for d in data], tuple
    else:
        columns, mode = [data if _is_named(data) else (None, data)], None
    if not columns:
        raise DataError("from_data(data)", "no columns", "at least one")
    lengths = [len(c) for _, c in columns if hasattr(c, "__len__")]
    size = lengths[0] if size is None and lengths else size
    parts = [_part(name, column, size) for name, column in columns]
    if mode is None:
        return parts[0]
    return _InMode(_Joined(tuple(parts)), mode)


def _is_named(data: Any) -> bool:
    if not isinstance(data, tuple) or len(data) != 2:
        return False
    names = data[0] if isinstance(data[0], tuple) else (data[0],)
    return bool(names) and all(isinstance(name, str) for name in names)


def _part(name: Any, column: Any, size: int | None) -> TabularDataset:
    """One column as a data set; one with several names is computed in one go."""
    if isinstance(column, TabularDataset):
        return column if name is None else column.transform(name, _itself)
    if not callable(column) and not hasattr(column, "__getitem__"):
        expected = "a list, an array or a function"
        raise DtypeError("from_data(data)", describe(column), expected)
    if isinstance(name, tuple):
        if not callable(column):
            raise DtypeError("from_data(data)", f"{describe(column)} as {name}", "a function")
        return _Columns(("i",), [lambda i: i], None, size).transform(name, column)
    key = name if name is not None else f"_{id(column)}"
    return _Columns((key,), [column], None, size)


def _itself(*values: Any, **named: Any) -> Any:
    return values or tuple(named.values())
