"""Downloads: once, onward after a break, from the mirror that has the file; honest offline."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from renkei.core.errors import DataError
from renkei.datasets import download
from renkei.datasets.download import Source, cached_download, fetch


def read(path):
    with open(path, "rb") as file:
        return file.read()


def md5(content):
    return hashlib.md5(content).hexdigest()


FILE = np.random.default_rng(0).bytes(300_000)


def test_downloads_once_to_chainers_place(server, tmp_path):
    server.files["a"] = FILE
    url = server.url + "/a"
    path = cached_download(url)
    assert path == str(tmp_path / "root" / "_dl_cache" / md5(url.encode()))
    assert read(path) == FILE
    assert cached_download(url) == path and len(server.log) == 1


def test_goes_on_where_it_was_cut_off(server):
    server.files["a"], server.cut = FILE, 100_000
    path = cached_download(server.url + "/a", md5(FILE))
    assert read(path) == FILE
    assert [r for _, r in server.log] == [None, "bytes=100000-", "bytes=200000-"]


def test_goes_on_in_another_session(server):
    server.files["a"], server.cut = FILE, 50_000
    with pytest.raises(DataError, match="after 200,000 bytes"):
        cached_download(server.url + "/a", md5(FILE))
    server.cut = None
    path = cached_download(server.url + "/a", md5(FILE))
    assert read(path) == FILE and server.log[-1][1] == "bytes=200000-"


def test_server_without_ranges(server):
    server.files["a"], server.cut, server.ranges = FILE, 50_000, False
    with pytest.raises(DataError, match="after 50,000 bytes"):
        cached_download(server.url + "/a")
    server.cut = None
    assert read(cached_download(server.url + "/a")) == FILE


def test_part_of_another_version_is_thrown_away(server):
    server.files["a"], server.cut = FILE, 50_000
    with pytest.raises(DataError):
        cached_download(server.url + "/a", md5(FILE))
    server.cut, server.files["a"] = None, FILE[::-1]
    path = cached_download(server.url + "/a", md5(FILE[::-1]))
    assert read(path) == FILE[::-1]


def test_wrong_sum_leaves_nothing(server, tmp_path):
    server.files["a"] = FILE
    with pytest.raises(DataError, match=f"MD5 sum {md5(FILE)}; expected 0123"):
        cached_download(server.url + "/a", "0123")
    assert not [p for p in os.listdir(tmp_path / "root/_dl_cache") if not p.endswith(".lock")]


def test_mirrors_are_tried_in_turn(server, monkeypatch):
    server.files["damaged/a"], server.files["good/a"] = FILE[:-1] + b"?", FILE
    mirrors = [f"{server.url}/{m}" for m in ("missing", "damaged", "good")]
    assert read(fetch(Source("a", md5(FILE), mirrors))) == FILE
    server.files["own/a"] = FILE
    monkeypatch.setenv("RENKEI_DATASET_MIRROR", server.url + "/own/")
    fetch(Source("a", md5(FILE), ["http://127.0.0.1:9"]))
    assert [path for path, _ in server.log] == ["/missing/a", "/damaged/a", "/good/a", "/own/a"]


def test_offline_says_what_failed_and_what_to_do(server):
    source = Source("a.gz", md5(FILE), ["http://127.0.0.1:9", server.url])
    with pytest.raises(DataError) as caught:
        fetch(source)
    text = str(caught.value)
    assert "http://127.0.0.1:9/a.gz: " in text and "refused" in text and "/a.gz: 404" in text
    place = text.split("copy the file to ")[1].split(",")[0]
    with open(place, "wb") as file:
        file.write(FILE)
    assert fetch(source) == place


def test_processes_download_once(server, tmp_path):
    server.files["a"] = FILE
    code = f"from renkei.datasets import cached_download as c; c({server.url + '/a'!r})"
    runs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [run.wait(60) for run in runs] == [0, 0] and len(server.log) == 1


def test_where_the_root_is(monkeypatch, tmp_path):
    monkeypatch.delenv("RENKEI_DATASET_ROOT", raising=False)
    monkeypatch.setenv("CHAINER_DATASET_ROOT", "/c")
    assert download.get_dataset_root() == "/c"
    monkeypatch.setenv("RENKEI_DATASET_ROOT", "/r")
    assert download.get_dataset_root() == "/r"
    monkeypatch.setattr(download, "_root", None)
    download.set_dataset_root(tmp_path)
    made = download.get_dataset_directory("pfnet/chainer/x")
    assert made == str(tmp_path / "pfnet/chainer/x") and os.path.isdir(made)
    assert not os.path.exists(download.get_dataset_directory("other", create_directory=False))


def test_a_creator_that_fails_leaves_nothing(tmp_path):
    path = str(tmp_path / "d" / "x.npz")

    def create(partial):
        np.savez(partial, x=np.zeros(2))
        raise DataError("no")

    with pytest.raises(DataError, match="no"):
        download.cache_or_load_file(path, create, len)
    assert [p for p in os.listdir(tmp_path / "d") if not p.endswith(".lock")] == []
    assert download.cache_or_load_file(path, lambda p: os.mkdir(p), len) is None
    assert download.cache_or_load_file(path, None, str.upper) == path.upper()
