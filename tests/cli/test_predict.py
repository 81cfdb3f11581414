"""renkei predict: image files in, digits and probabilities out."""

from __future__ import annotations

import json

import numpy as np
import pytest

from renkei.cli.main import FAILED, MISUSED, OK, main
from renkei.datasets import get_digits

Image = pytest.importorskip("PIL.Image")


def test_predict_reads_image_files(trained, tmp_path, capsys):
    test = get_digits()[1]
    right = 0
    for i in range(10):
        x, t = test[i]
        pixels = np.kron((255 - x[0] * 255), np.ones((5, 5))).astype(np.uint8)  # ink on paper
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        assert (
            main(["predict", str(trained / "model.npz"), str(tmp_path / f"{i}.png"), "--json"]) == 0
        )
        row = json.loads(capsys.readouterr().out)
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        right += row["class"] == str(t)
    assert right >= 8


def test_predict_prints_the_digit_with_its_probabilities(trained, tmp_path, capsys):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "x.png")
    assert main(["predict", str(trained / "model.npz"), str(tmp_path / "x.png")]) == OK
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{tmp_path / 'x.png'}: ") and second.count("%") == 10


@pytest.mark.parametrize("damage", ["gone", "truncated", "foreign"])
def test_predict_with_a_bad_model_file(trained, tmp_path, capsys, damage):
    path = tmp_path / "m.npz"
    if damage == "truncated":
        path.write_bytes((trained / "model.npz").read_bytes()[:500])
    if damage == "foreign":
        np.savez(path, a=np.ones(3))
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "x.png")
    assert main(["predict", str(path), str(tmp_path / "x.png")]) in (FAILED, MISUSED)
    assert "m.npz" in capsys.readouterr().err
