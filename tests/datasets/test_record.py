"""RecordDataset: every form comes back, damage is found, pickles are never loaded."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

from renkei.core.errors import DataError, DtypeError, UsageError
from renkei.datasets import (
    RecordDataset,
    RecordDatasetWriter,
    open_record_dataset,
    open_record_dataset_writer,
)
from renkei.iterators import MultiprocessIterator

EXAMPLES = [
    (np.arange(6, dtype=np.float32).reshape(2, 3), 3),
    {"x": [np.int8(-1), 1.5, None, True], "é": "日本", "b": b"\0\xff", "c": np.array(2 + 1j)},
    np.zeros((0, 4), np.uint16),
    [(), [], {}, np.arange(10)[::3], float("inf"), -(10**30)],
    "text",
]


def same(a, b):
    assert type(a) is type(b)
    if isinstance(a, (tuple, list)):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            same(x, y)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, (np.ndarray, np.generic)):
        assert a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
    else:
        assert a == b


@pytest.fixture
def path(tmp_path):
    with open_record_dataset_writer(tmp_path / "r") as writer:
        for example in EXAMPLES:
            writer.write(example)
        writer.flush()
    return tmp_path / "r"


def test_every_form_comes_back(path):
    with open_record_dataset(path) as d:
        assert len(d) == len(EXAMPLES)
        for i in (4, 0, 3, 1, 2):
            same(d[i], EXAMPLES[i])
        assert d[0][0].flags.writeable
    same(d[1], EXAMPLES[1])  # opens again
    same(pickle.loads(pickle.dumps(d))[0], EXAMPLES[0])
    d.close()


def test_several_processes_read(tmp_path):
    with open_record_dataset_writer(tmp_path / "r") as writer:
        for i in range(40):
            writer.write(np.full(50, i))
    d = open_record_dataset(tmp_path / "r")
    with MultiprocessIterator(d, 20, shuffle=False, n_processes=3) as iterator:
        batches = [x for _ in range(2) for x in next(iterator)]
        assert [int(x.mean()) for x in batches] == list(range(40))
        assert d[39][0] == 39


@pytest.mark.parametrize("value", [object(), np.array([None]), {1: 2}, {"a": {3}}, np.array(["a"])])
def test_what_cannot_be_written(value):
    with pytest.raises(DtypeError, match=r"RecordDatasetWriter\.write"):
        RecordDatasetWriter(io.BytesIO()).write((1, value))


def test_a_pickle_is_refused():
    with pytest.raises(DataError, match="A pickle is never loaded"):
        RecordDataset(io.BytesIO(pickle.dumps([1, 2, 3])))
    with pytest.raises(DataError, match="begins with b'no'"):
        RecordDataset(io.BytesIO(b"no"))


def test_damage_is_found(path, tmp_path):
    content = path.read_bytes()
    for cut in (len(content) - 1, len(content) - 40):
        with pytest.raises(DataError, match="cut off"):
            RecordDataset(io.BytesIO(content[:cut]))
    broken = RecordDataset(io.BytesIO(content.replace(b'{"t"', b'{"q"', 1)))
    with pytest.raises(DataError, match="record 0: got unknown form 'q'"):
        broken[0]
    code = RecordDataset(io.BytesIO(content.replace(b'"<f4"', b'"|O8"', 1).replace(b"<f4", b"|O8")))
    with pytest.raises(DataError, match="record 0: got dtype object"):
        code[0]
    with pytest.raises(DataError, match="No such file"):
        RecordDataset(tmp_path / "no")


def test_an_open_file_cannot_be_sent():
    file = io.BytesIO()
    RecordDatasetWriter(file).write(1)
    with pytest.raises(UsageError, match="Open it by its path"):
        pickle.dumps(RecordDataset(file))
