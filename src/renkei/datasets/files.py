"""Data sets in files: folders of images, CSV tables, NPZ archives."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from renkei.core.errors import DataError, require
from renkei.datasets.combine import TupleDataset
from renkei.datasets.dataset import DatasetMixin

__all__ = ["ImageFolder", "prepare_image", "read_arrays", "read_csv", "read_npz"]

_IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")


class ImageFolder(DatasetMixin):
    r"""Images in sub-folders, one folder a class; read when asked for.

    Args:
        root: the folder.
        prepare: how an image becomes an array; see ``prepare_image``.
        classes: the names of the classes in order; None: the names of the sub-folders, sorted.

    An example is a pair of the image, float32 (channels, height, width), and its label, int32.

    Raises:
        DataError: there is no folder, class or image.
    """

    def __init__(
        self,
        root: str | Path,
        prepare: Mapping[str, Any],
        classes: list[str] | None = None,
    ) -> None:
        self.root, self._prepare = Path(root), dict(prepare)
        if not self.root.is_dir():
            raise DataError(
                f"Image folder {root}", "no such folder", "a folder with a folder a class"
            )
        found = sorted(p.name for p in self.root.iterdir() if p.is_dir())
        self.classes = found if classes is None else classes
        extra = sorted(set(found) - set(self.classes))
        if extra:
            raise DataError(f"Image folder {root}", f"classes {extra}", f"only {self.classes}")
        self._items = [
            (path, label)
            for label, name in enumerate(self.classes)
            for path in sorted((self.root / name).glob("*"))
            if path.suffix.lower() in _IMAGE_ENDINGS
        ]
        if not self._items:
            raise DataError(
                f"Image folder {root}", "no images", "sub-folders, one a class, with image files"
            )

    def __len__(self) -> int:
        return len(self._items)

    @property
    def labels(self) -> Any:
        """The labels of all examples."""
        return np.array([label for _, label in self._items], np.int32)

    def get_example(self, i: int) -> Any:
        path, label = self._items[i]
        return prepare_image(path, **self._prepare), np.int32(label)


def prepare_image(
    source: str | Path,
    size: tuple[int, int],
    mode: str = "RGB",
    ink: bool = False,
) -> Any:
    r"""Reads an image file as an array, the same way for training and for prediction.

    Args:
        source: the image file.
        size: height and width in pixels that the image is scaled to.
        mode: ``"L"`` for one grey channel, ``"RGB"`` for three.
        ink: the image is writing: make it bright on dark, whatever the paper, and crop to it.

    Returns:
        float32 array of shape (channels, height, width) with values in [0, 1].

    Raises:
        DataError: the file is missing, or is no image, or is damaged.
    """
    pillow = require("PIL.Image", extra="image")
    try:
        with pillow.open(source) as file:
            image = file.convert(mode)
            image.load()
    except FileNotFoundError as error:
        raise DataError(f"Image {source}", "no such file", "an image file") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"Image {source} cannot be read", str(error), "an image file") from error
    height, width = size
    if ink:
        image = _bright_ink(image, pillow)
    if image.size != (width, height):
        image = image.resize((width, height), pillow.Resampling.BOX)
    array = np.asarray(image, np.float32) / np.float32(255)
    return np.ascontiguousarray(array[None] if array.ndim == 2 else array.transpose(2, 0, 1))


def _bright_ink(image: Any, pillow: Any) -> Any:
    """Writing as bright on dark, cropped to the ink and padded to a square."""
    array = np.asarray(image.convert("L"), np.float32)
    border = np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])
    if np.median(border) > 127:
        array = 255 - array
    rows, columns = np.nonzero(array > 0.25 * max(float(array.max()), 1.0))
    if len(rows) and min(array.shape) > 16:  # small ones are framed already
        array = array[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        side = max(array.shape)
        square = np.zeros((side, side), np.float32)
        top, left = (side - array.shape[0]) // 2, (side - array.shape[1]) // 2
        square[top : top + array.shape[0], left : left + array.shape[1]] = array
        array = square
    return pillow.fromarray(array.astype(np.uint8))


def read_csv(path: str | Path, label: str) -> tuple[TupleDataset, list[str]]:
    r"""Reads a table with a header line: one column is the label, all others are numbers.

    Args:
        path: the CSV file.
        label: the name of the label's column.

    Returns:
        The data set, pairs of float32 (features,) and an int32 label, and the names of the classes.

    Raises:
        DataError: the file is missing or a cell is no number; the message names line and column.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:  # spreadsheets write a mark
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if row]  # blank lines are no rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"CSV file {path}", reason, "a readable text file") from error
    if len(rows) < 2:
        raise DataError(f"CSV file {path}", f"{len(rows)} lines", "a header and at least one row")
    header = [name.strip() for name in rows[0][1]]
    if label not in header or len(header) < 2:
        expected = f"a column {label!r} and at least one other"
        raise DataError(f"CSV file {path}", f"columns {header}", expected)
    at = header.index(label)
    x = [_numbers(path, line, row, header, at) for line, row in rows[1:]]
    names = [row[at].strip() for _, row in rows[1:]]
    if "" in names:
        line = rows[1:][names.index("")][0]
        raise DataError(f"CSV file {path}, line {line}", "no label", f"one in column {label!r}")
    classes = sorted(set(names), key=lambda n: (not n.lstrip("-").isdigit(), len(n), n))
    t = np.array([classes.index(name) for name in names], np.int32)
    return TupleDataset(np.array(x, np.float32), t), classes


def _numbers(path: Any, line: int, row: list[str], header: list[str], skip: int) -> list[float]:
    if len(row) != len(header):
        raise DataError(f"CSV file {path}, line {line}", f"{len(row)} cells", f"{len(header)}")
    values = []
    for i, cell in enumerate(row):
        if i == skip:
            continue
        try:
            values.append(float(cell))
        except ValueError:
            raise DataError(
                f"CSV file {path}, line {line}, column {header[i]!r}", repr(cell), "a number"
            ) from None
    return values


def read_npz(path: str | Path, x: str = "x", t: str = "t") -> TupleDataset:
    r"""Reads two arrays of an NPZ archive as a data set.

    Args:
        path: the archive.
        x: the key of the inputs, whose first axis is the example; made float32.
        t: the key of the integer labels.

    Returns:
        The data set of pairs.

    Raises:
        DataError: the file is damaged, a key is missing, or the lengths differ.
    """
    inputs, labels = read_arrays(path, (x, t))
    if inputs.dtype.kind not in "biuf" or inputs.ndim < 1:
        got, expected = f"{inputs.dtype} {inputs.shape}", "numbers (n, ...)"
        raise DataError(f"NPZ file {path}, key {x!r}", got, expected)
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        got, expected = f"{labels.dtype} {labels.shape}", "integers (n,)"
        raise DataError(f"NPZ file {path}, key {t!r}", got, expected)
    if len(inputs) != len(labels) or not len(labels):
        got = f"{len(inputs)} inputs and {len(labels)} labels"
        raise DataError(f"NPZ file {path}", got, "one length, at least 1")
    return TupleDataset(inputs.astype(np.float32), labels.astype(np.int32))


def read_arrays(path: Any, keys: tuple[str, ...]) -> list[Any]:
    """Arrays of an NPZ archive by key; the file is of a stranger, so that anything may go wrong."""
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file):
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                missing = [key for key in keys if key not in archive]
                if missing:
                    raise DataError(f"NPZ file {path}", f"keys {list(archive)}", f"keys {missing}")
                return [np.asarray(archive[key]) for key in keys]
    except DataError:
        raise
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"NPZ file {path} cannot be read", reason, "arrays") from error
