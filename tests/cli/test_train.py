"""renkei train: what a run leaves behind, repeats and resumes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from renkei.cli.main import MISUSED, OK, main

Image = pytest.importorskip("PIL.Image")


def test_the_demo_leaves_what_it_promises(trained):
    names = {p.name for p in trained.iterdir()}
    assert {"model.npz", "accuracy.png", "loss.png", "confusion.png", "log"} <= names
    figures = json.loads((trained / "figures.json").read_text())
    assert figures["test_accuracy"] > 0.85 and figures["parameters"] <= 40_000
    with Image.open(trained / "accuracy.png") as picture:
        assert picture.size[0] > 300


def test_a_seed_makes_a_run_repeatable(tmp_path, small_npz):
    config = small_npz()
    weights = []
    for name in ("a", "b"):
        assert main(["train", config, "--out", str(tmp_path / name), "--no-plots"]) == OK
        with np.load(tmp_path / name / "model.npz") as file:
            weights.append({k: file[k] for k in file.files})
    assert weights[0].keys() == weights[1].keys()
    assert all(np.array_equal(weights[0][k], weights[1][k]) for k in weights[0])


def test_resume_equals_uninterrupted(tmp_path, small_npz):
    config = small_npz(schedule={"kind": "exponential", "rate": 0.5})
    whole, part = str(tmp_path / "whole"), str(tmp_path / "part")
    assert main(["train", config, "--out", whole, "--no-plots"]) == OK
    assert main(["train", config, "--out", part, "--epochs", "1", "--no-plots"]) == OK
    snapshot = part + "/snapshot.npz"
    assert main(["train", config, "--out", part, "--resume", snapshot, "--no-plots"]) == OK
    with np.load(whole + "/model.npz") as a, np.load(part + "/model.npz") as b:
        for key in a.files:
            np.testing.assert_array_equal(a[key], b[key], key)


def test_image_folder_and_csv(tmp_path, small_npz):
    rng = np.random.default_rng(0)
    for name, low in (("dark", 0), ("light", 200)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(low, low + 50, (9, 9)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{i}.png")
    toml = (
        '[model]\nname = "convnet"\nstages = [[4]]\n[data]\nkind = "images"\nsize = 8\nmode = "L"\n'
        f'train = "{tmp_path}/images"\ntest_ratio = 0.3\n[train]\nepochs = 3\nbatch_size = 7\n'
    )
    (tmp_path / "c.toml").write_text(toml)
    out = tmp_path / "out"
    assert main(["train", str(tmp_path / "c.toml"), "--out", str(out), "--no-plots"]) == OK
    path = str(tmp_path / "images" / "light" / "0.png")
    assert main(["predict", str(out / "model.npz"), path]) == OK
    (tmp_path / "d.csv").write_text(
        "a,label\n" + "".join(f"{i % 2 + i / 1000},{'no' if i % 2 else 'yes'}\n" for i in range(40))
    )
    config = small_npz(data={"kind": "csv", "train": str(tmp_path / "d.csv"), "label": "label"})
    assert main(["train", config, "--out", str(tmp_path / "csv"), "--no-plots"]) == OK
    assert main(["predict", str(tmp_path / "csv" / "model.npz"), path]) == MISUSED


@pytest.mark.slow
def test_mean_accuracy_of_three_seeds(tmp_path):
    accuracies = []
    for seed in range(3):
        out = tmp_path / str(seed)
        assert main(["train", "digits", "--seed", str(seed), "--out", str(out), "--no-plots"]) == OK
        accuracies.append(json.loads((out / "figures.json").read_text())["test_accuracy"])
    assert np.mean(accuracies) >= 0.985, accuracies
