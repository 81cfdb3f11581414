"""renkei train, predict and doctor, as a person would call them."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from renkei.cli.main import FAILED, MISUSED, OK, main
from renkei.datasets import get_digits

Image = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The demo, cut down to two epochs."""
    out = tmp_path_factory.mktemp("digits")
    assert main(["train", "digits", "--epochs", "2", "--out", str(out)]) == OK
    return out


def test_the_demo_leaves_what_it_promises(trained):
    names = {p.name for p in trained.iterdir()}
    assert {"model.npz", "accuracy.png", "loss.png", "confusion.png", "log"} <= names
    figures = json.loads((trained / "figures.json").read_text())
    assert figures["test_accuracy"] > 0.85 and figures["parameters"] <= 40_000
    with Image.open(trained / "accuracy.png") as picture:
        assert picture.size[0] > 300


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


def test_a_seed_makes_a_run_repeatable(tmp_path):
    config = small_npz(tmp_path)
    weights = []
    for name in ("a", "b"):
        assert main(["train", config, "--out", str(tmp_path / name), "--no-plots"]) == OK
        with np.load(tmp_path / name / "model.npz") as file:
            weights.append({k: file[k] for k in file.files})
    assert weights[0].keys() == weights[1].keys()
    assert all(np.array_equal(weights[0][k], weights[1][k]) for k in weights[0])


def test_resume_equals_uninterrupted(tmp_path):
    config = small_npz(tmp_path, schedule={"kind": "exponential", "rate": 0.5})
    whole, part = str(tmp_path / "whole"), str(tmp_path / "part")
    assert main(["train", config, "--out", whole, "--no-plots"]) == OK
    assert main(["train", config, "--out", part, "--epochs", "1", "--no-plots"]) == OK
    snapshot = part + "/snapshot.npz"
    assert main(["train", config, "--out", part, "--resume", snapshot, "--no-plots"]) == OK
    with np.load(whole + "/model.npz") as a, np.load(part + "/model.npz") as b:
        for key in a.files:
            np.testing.assert_array_equal(a[key], b[key], key)


def small_npz(tmp_path, **parts):
    rng = np.random.default_rng(0)
    t = rng.integers(0, 2, 60)
    np.savez(tmp_path / "d.npz", x=rng.normal(size=(60, 4)) + 2 * t[:, None], t=t)
    config = {
        "model": {"name": "mlp", "hidden": [8]},
        "data": {"kind": "npz", "train": str(tmp_path / "d.npz")},
        "optimizer": {"name": "SGD", "lr": 0.1, "weight_decay": 1e-4, "gradient_clipping": 5.0},
        "train": {"epochs": 3, "batch_size": 8},
        **parts,
    }
    (tmp_path / "c.json").write_text(json.dumps(config))
    return str(tmp_path / "c.json")


def test_image_folder_and_csv(tmp_path):
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
    config = small_npz(
        tmp_path, data={"kind": "csv", "train": str(tmp_path / "d.csv"), "label": "label"}
    )
    assert main(["train", config, "--out", str(tmp_path / "csv"), "--no-plots"]) == OK
    assert main(["predict", str(tmp_path / "csv" / "model.npz"), path]) == MISUSED


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"model": {}}, "model.name: got no value"),
        ({"model": {"name": "mpl"}}, "model.name: got 'mpl'; expected one of ['convnet', 'mlp']"),
        ({"model": {"name": "no.such:Thing"}}, "model.name: got 'no.such:Thing'"),
        ({"model": {"name": "mlp", "width": 3}}, "'width'"),
        ({"data": {"kind": "npz", "train": "gone.npz"}}, "gone.npz"),
        ({"data": {"kind": "pgn"}}, "data.kind: got 'pgn'"),
        ({"data": {"kind": "digits", "test_ratio": 2}}, "data.test_ratio: got 2"),
        ({"data": {"kind": "digits", "ratio": 0.2}}, "data.ratio: got an unknown key"),
        ({"optimizer": {"name": "Adma"}}, "optimizer.name: got 'Adma'"),
        ({"optimizer": {"name": "SGD", "learning_rate": 1}}, "learning_rate"),
        ({"schedule": {"kind": "linear"}}, "schedule.kind: got 'linear'"),
        ({"train": {"epochs": 0}}, "train.epochs: got 0"),
        ({"train": {"epoch": 3}}, "Did you mean 'epochs'?"),
        ({"trian": {}}, "trian: got an unknown key"),
    ],
)
def test_a_bad_configuration_names_the_key(tmp_path, capsys, parts, message):
    config = small_npz(tmp_path, **parts)
    assert main(["train", config, "--out", str(tmp_path / "out")]) == MISUSED
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


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


def test_doctor(capsys):
    assert main(["doctor"]) == OK
    out = capsys.readouterr().out
    for word in ("renkei", "Python", "NumPy", "native module", "GPU", "package h5py"):
        assert word in out


def test_no_command_shows_help(capsys):
    assert main([]) == MISUSED
    assert "train" in capsys.readouterr().out


def test_usage_errors_exit_with_2():
    done = subprocess.run(
        [sys.executable, "-m", "renkei.cli.main", "train"], capture_output=True, text=True
    )
    assert done.returncode == 2 and "config" in done.stderr


@pytest.mark.slow
def test_mean_accuracy_of_three_seeds(tmp_path):
    accuracies = []
    for seed in range(3):
        out = tmp_path / str(seed)
        assert main(["train", "digits", "--seed", str(seed), "--out", str(out), "--no-plots"]) == OK
        accuracies.append(json.loads((out / "figures.json").read_text())["test_accuracy"])
    assert np.mean(accuracies) >= 0.985, accuracies
