"""TextDataset: lines by position, several files, filters, encodings, processes."""

from __future__ import annotations

import pickle

import pytest

from renkei.core.errors import DataError
from renkei.datasets import TextDataset
from renkei.iterators import MultiprocessIterator


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a").write_bytes("eins\nzwei\n\ndrüben".encode())
    (tmp_path / "b").write_bytes("one\r\ntwo\r\nthree\r\nover\r\n".encode("utf-16"))
    return tmp_path / "a", tmp_path / "b"


def test_lines_of_one_file(files):
    d = TextDataset(files[0])
    assert d[:] == ["eins\n", "zwei\n", "\n", "drüben"] and d[-1] == "drüben" and d[0] == "eins\n"
    d.close()
    assert d[1] == "zwei\n"


def test_lines_of_two_files(files):
    d = TextDataset(files, encoding=[None, "utf-16"], filter_func=lambda a, b: a != "\n")
    assert len(d) == 3 and d[2] == ("drüben", "over\n") and d[0] == ("eins\n", "one\n")
    assert pickle.loads(pickle.dumps(d))[1] == ("zwei\n", "two\n")
    kept = TextDataset(files[1], encoding="utf-16", newline="")
    assert kept[1] == "two\r\n"


def test_several_processes_read(tmp_path):
    lines = [f"{i} {'x' * (i % 7)}\n" for i in range(60)]
    (tmp_path / "t").write_text("".join(lines))
    d = TextDataset(tmp_path / "t")
    with MultiprocessIterator(d, 20, shuffle=False, n_processes=3) as iterator:
        assert [line for _ in range(3) for line in next(iterator)] == lines
        assert d[7] == lines[7]


def test_a_forked_process_opens_the_files_for_itself(files, monkeypatch):
    d = TextDataset(files[0])
    before = d._opened()[0]
    assert d._opened()[0] is before
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert d[3] == "drüben" and d._opened()[0] is not before


def test_mistakes(files, tmp_path):
    (tmp_path / "c").write_text("only\n")
    with pytest.raises(DataError, match="ends before the others"):
        TextDataset([files[0], tmp_path / "c"])
    with pytest.raises(DataError, match=r"Text file .*b: got .*utf-8"):
        TextDataset(files[1])
    assert "�" in TextDataset(files[1], errors="replace")[0]
    with pytest.raises(DataError, match="No such file"):
        TextDataset(tmp_path / "no")
    with pytest.raises(DataError, match="at least one"):
        TextDataset([])
    with pytest.raises(DataError, match="2 options for 1 files"):
        TextDataset(files[0], encoding=["a", "b"])
