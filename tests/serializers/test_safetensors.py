"""What is special about safetensors: its dtypes, and strings in its metadata."""

from __future__ import annotations

import json

import numpy as np
import pytest

from renkei.core.errors import LoadError, SaveError
from renkei.serializers import read_safetensors_state, save_safetensors

library = pytest.importorskip("safetensors.numpy")


def test_others_read_it(tmp_path):
    path = tmp_path / "x"
    value = np.arange(6, dtype=np.float32).reshape(2, 3).T
    save_safetensors(path, {"l1/W": value, "t": 3, "note": "text"})
    found = library.load_file(path)
    assert set(found) == {"l1/W", "t"}
    np.testing.assert_array_equal(found["l1/W"], value)
    assert found["t"].shape == ()


def test_we_read_others(tmp_path):
    library.save_file({"a": np.ones(3, np.int8)}, tmp_path / "x", metadata={"format": "pt"})
    assert read_safetensors_state(tmp_path / "x")["a"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "value", [np.zeros(2, np.complex64), np.array(["a", "b"]), np.zeros(1, "S3")]
)
def test_what_it_cannot_hold(tmp_path, value):
    with pytest.raises(SaveError, match="safetensors cannot hold 'key'"):
        save_safetensors(tmp_path / "x", {"key": value})
    assert not list(tmp_path.iterdir())


def raw(header, data=b""):
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize(
    "content",
    [
        raw({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, bytes(2)),
        raw({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}, bytes(4)),
        raw({"__metadata__": {"renkei": "{"}}),
        raw({"__metadata__": {"renkei": "[]"}}),
        (2**60).to_bytes(8, "little") + b"{}",
    ],
)
def test_damage(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(LoadError, match="damaged"):
        read_safetensors_state(tmp_path / "x")
