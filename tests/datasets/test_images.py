"""Images in files and archives: values, labels, lists in text files, damage, processes."""

from __future__ import annotations

import io
import pickle
import zipfile

import numpy as np
import pytest
from PIL import Image

from renkei.core.errors import DataError
from renkei.datasets import (
    ImageDataset,
    LabeledImageDataset,
    LabeledZippedImageDataset,
    MultiZippedImageDataset,
    ZippedImageDataset,
)
from renkei.iterators import MultiprocessIterator

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (4, 5, 3), np.uint8)
GREY = RNG.integers(0, 256, (4, 5), np.uint8)


@pytest.fixture
def folder(tmp_path):
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    Image.fromarray(GREY).save(tmp_path / "b c.png")
    (tmp_path / "bad.png").write_bytes((tmp_path / "a.png").read_bytes()[:50])
    for name, members in (("one.zip", ["a.png", "b c.png"]), ("two.zip", ["b c.png", "bad.png"])):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.mkdir("folder")
            for member in members:
                archive.write(tmp_path / member, "folder/" + member)
    return tmp_path


def test_images_keep_their_values(folder):
    d = ImageDataset(["a.png", "b c.png"], root=str(folder))
    np.testing.assert_array_equal(d[0], COLOUR.transpose(2, 0, 1))
    np.testing.assert_array_equal(d[1], GREY[None])
    assert len(d) == 2 and d[0].dtype == np.float32
    (folder / "list").write_text("a.png\n\nb c.png\n")
    d = ImageDataset(folder / "list", root=str(folder), dtype=np.float64)
    assert len(d) == 2 and d[1].dtype == np.float64


def test_labelled_images(folder):
    (folder / "pairs").write_text("a.png 3\nb c.png\t 1\n\n")
    for source in (str(folder / "pairs"), [("a.png", 3), ("b c.png", 1)]):
        d = LabeledImageDataset(source, root=str(folder), label_dtype=np.int64)
        image, label = d[1]
        np.testing.assert_array_equal(image, GREY[None])
        assert len(d) == 2 and label == 1 and label.dtype == np.int64


@pytest.mark.parametrize("line", ["a.png", "a.png x", "1"])
def test_lines_that_are_no_pairs(folder, line):
    (folder / "pairs").write_text("a.png 3\n" + line)
    with pytest.raises(DataError, match="line 2: got"):
        LabeledImageDataset(folder / "pairs")


def test_missing_and_damaged_images(folder):
    d = ImageDataset(["no.png", "bad.png"], root=str(folder))
    with pytest.raises(DataError, match=r"no\.png: got no such file"):
        d[0]
    with pytest.raises(DataError, match=r"bad\.png cannot be read"):
        d[1]


def test_archives(folder):
    one = ZippedImageDataset(folder / "one.zip")
    assert len(one) == 2
    np.testing.assert_array_equal(one[0], COLOUR.transpose(2, 0, 1))
    np.testing.assert_array_equal(one["folder/b c.png"], GREY[None])
    one.close()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(one))[1], GREY[None])
    with pytest.raises(DataError, match=r"one\.zip: no: got no such file in the archive"):
        one["no"]
    both = MultiZippedImageDataset([folder / "one.zip", folder / "two.zip"])
    assert len(both) == 4
    np.testing.assert_array_equal(both[-2], GREY[None])
    with pytest.raises(DataError, match=r"two\.zip: folder/bad\.png cannot be read"):
        both[3]
    labelled = LabeledZippedImageDataset(folder / "one.zip", [("folder/b c.png", 7)])
    assert len(labelled) == 1 and labelled[0][1] == 7


def test_archives_that_are_none(folder):
    with pytest.raises(DataError, match=r"a\.png.*a zip archive"):
        ZippedImageDataset(folder / "a.png")
    with pytest.raises(DataError, match="No such file"):
        ZippedImageDataset(folder / "no.zip")


def test_an_archive_that_several_processes_read(tmp_path):
    arrays = [RNG.integers(0, 256, (30, 30, 3), np.uint8) for _ in range(24)]
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        for i, array in enumerate(arrays):
            file = io.BytesIO()
            Image.fromarray(array).save(file, "PNG")
            archive.writestr(f"{i:02}.png", file.getvalue())
    d = ZippedImageDataset(tmp_path / "z.zip")
    with MultiprocessIterator(d, 12, shuffle=False, n_processes=3) as iterator:
        for start in (0, 12):
            for i, image in enumerate(next(iterator), start):
                np.testing.assert_array_equal(image, arrays[i].transpose(2, 0, 1))
                np.testing.assert_array_equal(d[i], image)
