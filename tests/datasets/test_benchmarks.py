"""Downloads and the loaders of public data sets, on small files in the same format.

A server on this machine stands for the public ones; no test leaves it.
"""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import os
import struct
import subprocess
import sys
import tarfile
import threading

import numpy as np
import pytest

from renkei.core.errors import ConfigError, DataError
from renkei.datasets import benchmarks, download
from renkei.datasets.download import Source, cached_download, fetch


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``server.files``; understands ranges; may cut an answer off."""

    def do_GET(self):
        server = self.server
        server.log.append((self.path, self.headers.get("Range")))
        content = server.files.get(self.path.lstrip("/"))
        if content is None:
            self.send_error(404)
            return
        start = 0
        if self.headers.get("Range") and server.ranges:
            start = int(self.headers["Range"][6:].rstrip("-"))
            if start >= len(content):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        sent = content[start : start + server.cut] if server.cut else content[start:]
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name in ("RENKEI_DATASET_MIRROR", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RENKEI_DATASET_ROOT", str(tmp_path / "root"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.log, server.cut, server.ranges = {}, [], None, True
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def md5(content):
    return hashlib.md5(content).hexdigest()


def offer(server, monkeypatch, data, name, content):
    server.files[name] = content
    monkeypatch.setitem(benchmarks.SOURCES, (data, name), Source(name, md5(content), [server.url]))


# -- downloading -----------------------------------------------------------------------------------

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


# -- the loaders -----------------------------------------------------------------------------------


def idx(array):
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}i", *array.shape)
    return gzip.compress(header + array.tobytes())


def offer_mnist(server, monkeypatch, data):
    rng = np.random.default_rng(1)
    arrays = []
    for n, names in ((6, benchmarks._IDX[:2]), (3, benchmarks._IDX[2:])):
        images, labels = rng.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n, dtype=np.uint8)
        for name, array in zip(names, (images, labels)):
            offer(server, monkeypatch, data, name, idx(array))
        arrays.append((images, labels))
    return arrays


@pytest.mark.parametrize(
    ("data", "get"),
    [
        ("mnist", benchmarks.get_mnist),
        ("fashion-mnist", benchmarks.get_fashion_mnist),
        ("kuzushiji_mnist", benchmarks.get_kuzushiji_mnist),
    ],
)
def test_mnist(server, monkeypatch, tmp_path, data, get):
    (x, t), (x_test, _) = offer_mnist(server, monkeypatch, data)
    train, test = get()
    assert len(train) == 6 and len(test) == 3
    np.testing.assert_allclose(train[2][0], x[2].reshape(-1) / 255, rtol=1e-6)
    assert train[2][0].dtype == np.float32 and train[2][1] == t[2] and train[2][1].dtype == np.int32
    requests = len(server.log)
    image, label = get(ndim=3, rgb_format=True, scale=255, dtype=np.float64, label_dtype=np.int8)[
        1
    ][1]
    assert len(server.log) == requests  # from the cache
    np.testing.assert_array_equal(image, [x_test[1]] * 3)
    assert image.dtype == np.float64 and label.dtype == np.int8
    assert get(withlabel=False, ndim=2)[0].shape == (6, 28, 28)
    with np.load(tmp_path / f"root/pfnet/chainer/{data}/train.npz") as file:  # Chainer's layout
        assert (
            file["x"].shape == (6, 784) and file["x"].dtype == np.uint8 and file["y"].shape == (6,)
        )


def test_mnist_wrong_arguments(server):
    with pytest.raises(ConfigError, match=r"ndim.*1, 2 or 3"):
        benchmarks.get_mnist(ndim=4)
    with pytest.raises(ConfigError, match="ndim=3"):
        benchmarks.get_mnist(rgb_format=True)
    assert benchmarks.get_fashion_mnist_labels()[9] == "Ankle boot"
    assert benchmarks.get_kuzushiji_mnist_labels()[0] == ("o", "お")


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"\0\0\x08\x01\0\0\0\x09ab"), gzip.compress(b"")]
)
def test_mnist_damaged(server, monkeypatch, content):
    offer_mnist(server, monkeypatch, "mnist")
    offer(server, monkeypatch, "mnist", benchmarks._IDX[1], content)
    with pytest.raises(DataError, match="train-labels"):
        benchmarks.get_mnist()


def test_a_damaged_cache_is_named(server, tmp_path):
    folder = tmp_path / "root/pfnet/chainer/mnist"
    folder.mkdir(parents=True)
    (folder / "train.npz").write_bytes(b"PK broken")
    with pytest.raises(DataError, match=r"mnist/train.npz cannot be read"):
        benchmarks.get_mnist()


def cifar_archive(folder, files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("classes", [10, 100])
def test_cifar(server, monkeypatch, classes):
    rng, labels = np.random.default_rng(2), classes // 100 + 1
    names = ["train.bin", "test.bin"]
    if classes == 10:
        names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    raw = {n: rng.integers(0, 10, (2, labels + 3072), np.uint8) for n in names}
    folder = "cifar-10-batches-bin" if classes == 10 else "cifar-100-binary"
    content = cifar_archive(folder, {n: a.tobytes() for n, a in raw.items()})
    offer(server, monkeypatch, "cifar", f"cifar-{classes}-binary.tar.gz", content)
    get = benchmarks.get_cifar10 if classes == 10 else benchmarks.get_cifar100
    for _ in range(2):  # made, then from the cache
        train, test = get(scale=255)
        assert len(train) == 2 * len(names) - 2 and len(test) == 2
        image, label = train[-1]
        expected = raw[names[-2]][1]
        np.testing.assert_array_equal(image, expected[labels:].reshape(3, 32, 32))
        assert label == expected[labels - 1] and label.dtype == np.int32
        assert image.dtype == np.float32
    assert get(ndim=1, withlabel=False)[1].shape == (2, 3072)
    with pytest.raises(ConfigError, match="ndim"):
        get(ndim=2)


@pytest.mark.parametrize("files", [{"train.bin": b"12"}, {}], ids=["short", "missing"])
def test_cifar_damaged(server, monkeypatch, files):
    content = cifar_archive("cifar-100-binary", files)
    offer(server, monkeypatch, "cifar", "cifar-100-binary.tar.gz", content)
    with pytest.raises(DataError, match=r"train\.bin"):
        benchmarks.get_cifar100()


def test_svhn(server, monkeypatch, tmp_path):
    matlab = pytest.importorskip("scipy.io")
    rng, raw = np.random.default_rng(3), {}
    for name, n in (("train", 4), ("test", 2), ("extra", 3)):
        raw[name] = rng.integers(0, 256, (32, 32, 3, n), np.uint8)
        file = io.BytesIO()
        matlab.savemat(file, {"X": raw[name], "y": np.array([[10], [1], [2], [3]][:n], np.uint8)})
        offer(server, monkeypatch, "svhn", f"{name}_32x32.mat", file.getvalue())
    train, test = benchmarks.get_svhn(scale=255)
    assert len(train) == 4 and len(test) == 2
    np.testing.assert_array_equal(train[1][0], raw["train"][..., 1].transpose(2, 0, 1))
    assert [int(t) for _, t in train[:]] == [0, 1, 2, 3]
    assert len(benchmarks.get_svhn(add_extra=True)[2]) == 3
    offer(server, monkeypatch, "svhn", "train_32x32.mat", b"broken")
    monkeypatch.setattr(download, "_root", str(tmp_path / "other"))
    with pytest.raises(DataError, match=r"train_32x32\.mat"):
        benchmarks.get_svhn()


def test_penn_treebank(server, monkeypatch, tmp_path):
    texts = {"train": " a b <unk>\n b c \n", "valid": " c a\n", "test": " <unk>\n"}
    for name, text in texts.items():
        offer(server, monkeypatch, "ptb", f"ptb.{name}.txt", text.encode())
    for _ in range(2):
        train, valid, test = benchmarks.get_ptb_words()
        assert train.tolist() == [0, 1, 2, 3, 1, 4, 3] and train.dtype == np.int32
        assert valid.tolist() == [4, 0, 3] and test.tolist() == [2, 3]
    assert benchmarks.get_ptb_words_vocabulary() == {"a": 0, "b": 1, "<unk>": 2, "<eos>": 3, "c": 4}
    assert (tmp_path / "root/pfnet/chainer/ptb/vocab.txt").read_text() == "a\nb\n<unk>\n<eos>\nc\n"
