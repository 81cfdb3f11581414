"""The loaders of public data sets, on small files in the same format from a local server."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile

import numpy as np
import pytest

from renkei.core.errors import ConfigError, DataError
from renkei.datasets import benchmarks, download
from renkei.datasets.download import Source


def md5(content):
    return hashlib.md5(content).hexdigest()


def offer(server, monkeypatch, data, name, content):
    server.files[name] = content
    monkeypatch.setitem(benchmarks.SOURCES, (data, name), Source(name, md5(content), [server.url]))


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
    "content",
    [b"no gzip", gzip.compress(b"\0\0\x08\x01\0\0\0\x09ab"), gzip.compress(b"")],
    ids=["no gzip", "too short", "empty"],
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
