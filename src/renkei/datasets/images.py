"""Images in files and in zip archives, alone or with labels; read when asked for."""

from __future__ import annotations

import bisect
import io
import os
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from renkei.core.config import get_dtype
from renkei.core.errors import DataError, require
from renkei.datasets.dataset import DatasetMixin

__all__ = [
    "ImageDataset",
    "LabeledImageDataset",
    "LabeledZippedImageDataset",
    "MultiZippedImageDataset",
    "ZippedImageDataset",
]


def _decoded(file: Any, name: str, dtype: Any) -> Any:
    """An image file as an array (channels, height, width) with values as in the file."""
    pillow = require("PIL.Image", extra="image")
    try:
        with pillow.open(file) as image:
            array = np.asarray(image, dtype=dtype)
    except FileNotFoundError as error:
        raise DataError(f"Image {name}", "no such file", "an image file") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"Image {name} cannot be read", str(error), "an image file") from error
    return np.ascontiguousarray(array[None] if array.ndim == 2 else array.transpose(2, 0, 1))


def _pairs(source: Any) -> list[tuple[str, int]]:
    """Pairs of a path and a label, from a text file with one a line or from a list."""
    if not isinstance(source, (str, os.PathLike)):
        return [(os.fspath(path), int(label)) for path, label in source]
    pairs: list[tuple[str, int]] = []
    with open(source, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words = line.rsplit(None, 1)  # a path may have spaces in it
            if not words:
                continue
            try:
                path, label = words
                pairs.append((path.strip(), int(label)))
            except ValueError:
                call = f"{os.fspath(source)}, line {number}"
                raise DataError(call, repr(line.rstrip()), "a path and an integer") from None
    return pairs


class ImageDataset(DatasetMixin):
    r"""Image files by their paths.

    An example is an array (channels, height, width) with values as in the file, mostly 0 to 255.

    Args:
        paths: the paths; or a text file with one a line.
        root: the directory that they begin at.
        dtype: of the examples; None: the default dtype.

    Raises:
        DataError: a file is missing or damaged; when it is read.
    """

    def __init__(
        self, paths: str | os.PathLike[str] | Sequence[Any], root: str = ".", dtype: Any = None
    ) -> None:
        if isinstance(paths, (str, os.PathLike)):
            with open(paths, encoding="utf-8") as file:
                paths = [line.strip() for line in file if line.strip()]
        self._paths = [os.fspath(path) for path in paths]
        self._root, self._dtype = root, get_dtype(dtype)

    def __len__(self) -> int:
        return len(self._paths)

    def get_example(self, i: int) -> Any:
        path = os.path.join(self._root, self._paths[i])
        return _decoded(path, path, self._dtype)


class LabeledImageDataset(DatasetMixin):
    r"""Image files with labels; an example is a pair of an image and its label.

    Args:
        pairs: pairs of a path and an integer; or a text file with one a line.
        root: the directory that the paths begin at.
        dtype: of the images; None: the default dtype.
        label_dtype: of the labels.

    Raises:
        DataError: a line is no pair, or, when it is read, an image is missing or damaged.
    """

    def __init__(
        self, pairs: Any, root: str = ".", dtype: Any = None, label_dtype: Any = np.int32
    ) -> None:
        self._pairs, self._root = _pairs(pairs), root
        self._dtype, self._label_dtype = get_dtype(dtype), label_dtype

    def __len__(self) -> int:
        return len(self._pairs)

    def get_example(self, i: int) -> Any:
        path, label = self._pairs[i]
        full = os.path.join(self._root, path)
        return _decoded(full, full, self._dtype), np.array(label, self._label_dtype)


class ZippedImageDataset(DatasetMixin):
    r"""The images of a zip archive, by position or by their names in it.

    Every process opens the archive for itself, so that iterators with processes may read it.

    Args:
        zipfilename: the archive.
        dtype: of the examples; None: the default dtype.

    Raises:
        DataError: the archive or a file in it is missing or damaged.
    """

    def __init__(self, zipfilename: str | os.PathLike[str], dtype: Any = None) -> None:
        self._path, self._dtype = os.fspath(zipfilename), get_dtype(dtype)
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        self._names = [n for n in self._archive().namelist() if not n.endswith("/")]

    def _archive(self) -> zipfile.ZipFile:
        # A fork shares the position in the file with its parent.
        if self._opened is None or self._opened[0] != os.getpid():
            try:
                self._opened = os.getpid(), zipfile.ZipFile(self._path)
            except (OSError, zipfile.BadZipFile) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise DataError(f"Archive {self._path}", reason, "a zip archive") from error
        return self._opened[1]

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: Any) -> Any:
        return self.get_example(index) if isinstance(index, str) else super().__getitem__(index)

    def get_example(self, i: int | str) -> Any:
        name = i if isinstance(i, str) else self._names[i]
        where = f"{self._path}: {name}"
        try:
            content = self._archive().read(name)
        except KeyError as error:
            raise DataError(where, "no such file in the archive", "one of its files") from error
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise DataError(where, str(error), "a whole file") from error
        return _decoded(io.BytesIO(content), where, self._dtype)

    def close(self) -> None:
        """Closes the archive; the next example opens it again."""
        if self._opened is not None and self._opened[0] == os.getpid():
            self._opened[1].close()
        self._opened = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_opened": None}

    def __del__(self) -> None:
        if getattr(self, "_opened", None) is not None:
            self.close()


class MultiZippedImageDataset(DatasetMixin):
    r"""The images of several zip archives, one archive behind the other.

    Args:
        zipfilenames: the archives.
        dtype: of the examples; None: the default dtype.
    """

    def __init__(self, zipfilenames: Sequence[Any], dtype: Any = None) -> None:
        self._parts = [ZippedImageDataset(name, dtype) for name in zipfilenames]
        self._starts = np.cumsum([0, *map(len, self._parts)]).tolist()

    def __len__(self) -> int:
        return self._starts[-1]

    def get_example(self, i: int) -> Any:
        k = bisect.bisect_right(self._starts, i) - 1
        return self._parts[k].get_example(i - self._starts[k])


class LabeledZippedImageDataset(DatasetMixin):
    r"""Images of a zip archive with labels; an example is a pair of an image and its label.

    Args:
        zipfilename: the archive.
        labelfilename: pairs of a name in the archive and an integer; or a text file with one a
            line.
        dtype: of the images; None: the default dtype.
        label_dtype: of the labels.
    """

    def __init__(
        self, zipfilename: Any, labelfilename: Any, dtype: Any = None, label_dtype: Any = np.int32
    ) -> None:
        self._images = ZippedImageDataset(zipfilename, dtype)
        self._pairs, self._label_dtype = _pairs(labelfilename), label_dtype

    def __len__(self) -> int:
        return len(self._pairs)

    def get_example(self, i: int) -> Any:
        name, label = self._pairs[i]
        return self._images.get_example(name), np.array(label, self._label_dtype)
