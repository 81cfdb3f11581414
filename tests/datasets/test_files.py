"""Data in files: what is read, and what is said about files that are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from renkei.core.errors import DataError
from renkei.datasets import ImageFolder, concat_examples, prepare_image, read_csv, read_npz

Image = pytest.importorskip("PIL.Image")


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array, np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    for name, value in (("cat", 0), ("dog", 255)):
        for i in range(3):
            save(tmp_path / "images" / name / f"{i}.png", np.full((6, 4, 3), value))
    (tmp_path / "images" / "cat" / "notes.txt").write_text("no image")
    return tmp_path / "images"


def test_image_folder(folder):
    data = ImageFolder(folder, {"size": (3, 2), "mode": "RGB"})
    assert data.classes == ["cat", "dog"] and len(data) == 6
    x, t = data[5]
    assert (x.shape, x.dtype, t.dtype, int(t)) == ((3, 3, 2), np.float32, np.int32, 1)
    assert x.min() == x.max() == 1.0
    assert data.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_image_folder_mistakes(folder, tmp_path):
    prepare = {"size": (2, 2)}
    with pytest.raises(DataError, match="no such folder"):
        ImageFolder(tmp_path / "none", prepare)
    (tmp_path / "empty" / "a").mkdir(parents=True)
    with pytest.raises(DataError, match="no images"):
        ImageFolder(tmp_path / "empty", prepare)
    with pytest.raises(DataError, match=r"\['dog'\]"):
        ImageFolder(folder, prepare, classes=["cat"])


def test_prepare_scales_to_the_mean_of_pixels(tmp_path):
    save(tmp_path / "x.png", [[0, 255, 0, 0], [255, 0, 0, 0]])
    x = prepare_image(tmp_path / "x.png", (1, 2), "L")
    np.testing.assert_allclose(x, [[[0.5, 0]]], atol=1 / 255)


def test_channels_come_first(tmp_path):
    save(tmp_path / "x.png", [[[255, 0, 51]]])
    np.testing.assert_allclose(prepare_image(tmp_path / "x.png", (1, 1)).ravel(), [1, 0, 0.2])


def test_ink_is_bright_and_fills_the_frame(tmp_path):
    paper = np.full((40, 60), 250)
    paper[10:30, 25:29] = 5  # a stroke, 20 high and 4 wide
    save(tmp_path / "dark_on_light.png", paper)
    save(tmp_path / "light_on_dark.png", 255 - paper)
    a, b = (
        prepare_image(tmp_path / f"{name}.png", (10, 10), "L", ink=True)
        for name in ("dark_on_light", "light_on_dark")
    )
    np.testing.assert_array_equal(a, b)
    assert a[0, :, 4:6].min() > 0.9 and a[0, :, :3].max() < 0.1


def test_small_writing_is_not_cropped(tmp_path):
    digit = np.zeros((8, 8))
    digit[2:5, 3] = 200
    save(tmp_path / "x.png", digit)
    x = prepare_image(tmp_path / "x.png", (8, 8), "L", ink=True)
    np.testing.assert_allclose(x[0], digit / 255, rtol=1e-6)


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n half"])
def test_damaged_images_are_named(tmp_path, content):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.png"):
        prepare_image(path, (2, 2))
    with pytest.raises(DataError, match="no such file"):
        prepare_image(tmp_path / "gone.png", (2, 2))


def test_truncated_image(tmp_path):
    save(tmp_path / "x.png", np.random.default_rng(0).integers(0, 255, (50, 50)))
    content = (tmp_path / "x.png").read_bytes()
    (tmp_path / "x.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"x\.png"):
        prepare_image(tmp_path / "x.png", (5, 5))


def test_csv(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("a, b ,kind\n1,2,x\n3,-4.5,y\n0,1e2,x\n")
    data, classes = read_csv(path, "kind")
    assert classes == ["x", "y"]
    x, t = data[1]
    assert x.tolist() == [3, -4.5] and t == 1 and x.dtype == np.float32


def test_csv_classes_are_in_numeric_order(tmp_path):
    path = tmp_path / "d.csv"
    path.write_text("a,label\n" + "".join(f"0,{i}\n" for i in (10, 9, 2)))
    assert read_csv(path, "label")[1] == ["2", "9", "10"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 lines"),
        ("a,label\n", "1 lines"),
        ("a,b\n1,2\n", "a column 'label'"),
        ("a,label\n1,x\nz,y\n", "line 3, column 'a'.*'z'"),
        ("a,label\n1\n", "line 2.*1 cells"),
    ],
)
def test_csv_mistakes(tmp_path, text, message):
    path = tmp_path / "d.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_csv(path, "label")


def test_csv_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match=r"gone\.csv"):
        read_csv(tmp_path / "gone.csv", "label")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="readable text"):
        read_csv(tmp_path / "binary.csv", "label")


def test_npz(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.arange(6).reshape(3, 2), t=np.array([0, 1, 0]))
    x, t = read_npz(tmp_path / "d.npz")[1]
    assert x.tolist() == [2, 3] and t == 1 and x.dtype == np.float32


def test_npz_mistakes(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.ones((3, 2)), t=np.ones(3), s=np.array([0, 1]))
    with pytest.raises(DataError, match=r"keys \['y'\]"):
        read_npz(tmp_path / "d.npz", t="y")
    with pytest.raises(DataError, match="integers"):
        read_npz(tmp_path / "d.npz")
    with pytest.raises(DataError, match="one length"):
        read_npz(tmp_path / "d.npz", t="s")
    (tmp_path / "bad.npz").write_bytes((tmp_path / "d.npz").read_bytes()[:100])
    with pytest.raises(DataError, match=r"bad\.npz"):
        read_npz(tmp_path / "bad.npz")
    np.savez(tmp_path / "objects.npz", x=np.array([{}], object), t=np.array([0]))
    with pytest.raises(DataError, match="cannot be read"):
        read_npz(tmp_path / "objects.npz")


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
    with pytest.raises(DataError, match=r"2 values.*one for each item"):
        concat_examples([(np.ones(1), 0, 1)], padding=(0, 0))
    with pytest.raises(DataError, match=r"'a'.*a number"):
        concat_examples([np.array([1]), np.array([1, 2])], padding="a")
