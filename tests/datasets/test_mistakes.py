"""Files and examples that are not quite what they should be."""

from __future__ import annotations

import numpy as np
import pytest

from renkei.core.errors import DataError
from renkei.datasets import concat_examples, read_csv, read_npz


def test_a_table_from_a_spreadsheet(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("label,a\nx,1\n\ny,2\n\n", encoding="utf-8-sig")
    data, classes = read_csv(path, "label")
    assert classes == ["x", "y"]
    assert [(x.tolist(), int(t)) for x, t in data[:]] == [([1.0], 0), ([2.0], 1)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,label\n1,x\n\n2,\n", "line 4.*no label"),
        ("a,label\n1,x\n\n2\n", "line 4.*1 cells"),
        ("label\nx\ny\n", "at least one other"),
        ("a,label\n\n", "1 lines"),
    ],
)
def test_tables_that_lack_something(tmp_path, text, words):
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        read_csv(tmp_path / "d.csv", "label")


@pytest.mark.parametrize(
    "content", [b"", b"text", b"PK\x03\x04 half a zip", b"\x93NUMPY\x01\x00 a single array"]
)
def test_what_is_no_archive(tmp_path, content):
    (tmp_path / "d.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"d\.npz cannot be read"):
        read_npz(tmp_path / "d.npz")


def test_a_truncated_archive(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.ones((9, 9)), t=np.arange(9))
    whole = (tmp_path / "d.npz").read_bytes()
    for size in range(0, len(whole), 97):
        (tmp_path / "short.npz").write_bytes(whole[:size])
        with pytest.raises(DataError, match="cannot be read"):
            read_npz(tmp_path / "short.npz")


def test_padding_keeps_the_fractions_of_later_examples():
    padded = concat_examples([np.array([1]), np.array([1.5, 2.5])], padding=0)
    assert padded.tolist() == [[1.0, 0.0], [1.5, 2.5]]


def test_padding_that_does_not_fit():
    with pytest.raises(DataError, match="2 values.*one for each item"):
        concat_examples([(np.ones(1), 0, 1)], padding=(0, 0))
    with pytest.raises(DataError, match="'a'.*a number"):
        concat_examples([np.array([1]), np.array([1, 2])], padding="a")
