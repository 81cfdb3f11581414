"""Recipes: a bad configuration names the key and starts nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest

from renkei.cli.main import MISUSED, main
from renkei.cli.recipe import ModelSpec, load_recipe
from renkei.core.errors import ConfigError, LoadError


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
def test_a_bad_configuration_names_the_key(tmp_path, capsys, parts, message, small_npz):
    config = small_npz(**parts)
    assert main(["train", config, "--out", str(tmp_path / "out")]) == MISUSED
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


CSV = {"kind": "csv", "train": "d.csv"}
NPZ = {"kind": "npz", "train": "d.npz"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [f"{i},{i % 3},{'xy'[i % 2]}" for i in range(20)]
    (tmp_path / "d.csv").write_text("a,b,label\n" + "\n".join(lines))
    (tmp_path / "two.csv").write_text("a,b,label\n1,2,x\n3,4,y\n")
    np.savez(tmp_path / "d.npz", x=np.ones((20, 3), np.float32), t=np.arange(20) % 2)
    np.savez(tmp_path / "more.npz", x=np.ones((20, 3), np.float32), t=np.arange(20) % 5)
    return tmp_path


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"model": {"name": "convnet"}}, ["model.name", "'convnet'", "(2,)", "4 axes"]),
        ({"model": {"name": "mlp", "hidden": [-1]}}, ["model:", "-1", "0 or more"]),
        ({"model": {"name": "mlp", "hiden": [3]}}, ["model:", "hiden"]),
        ({"model": {"name": "os:system", "command": "exit"}}, ["model.name", "a Link class"]),
        ({"model": {"name": "renkei.links:Linear", "in_size": 2}}, ["model", "Linear"]),
        ({"data": {**CSV, "train": "two.csv"}}, ["data.train", "2 examples"]),
        ({"data": {**NPZ, "test": "more.npz"}}, ["data.test", "[2, 3, 4]", "0 to 1"]),
        ({"optimizer": {"name": "Optimizer"}}, ["optimizer.name", "'Adam'"]),
        ({"optimizer": {"name": "SGD", "lr": "fast"}}, ["optimizer.name", "'fast'", "a number"]),
        (
            {"optimizer": {"name": "AdaDelta"}, "schedule": {"kind": "cosine"}},
            ["schedule.kind", "AdaDelta", "no learning rate"],
        ),
        ({"train": {"device": "gpu"}}, ["train.device", "'gpu'", "@cupy:N"]),
        ({"train": {"epochs": "3"}}, ["train.epochs", "'3'", "an integer"]),
    ],
)
def test_refused_under_the_key_path(folder, capsys, part, words):
    config = {"model": {"name": "mlp"}, "data": CSV, **part}
    (folder / "c.json").write_text(json.dumps(config))
    assert main(["train", "c.json", "--no-plots"]) == MISUSED
    message = capsys.readouterr().err
    assert not [word for word in words if word not in message], message
    assert not (folder / "result").exists()


@pytest.mark.parametrize("name", ["AMSGrad", "AdaBound", "RMSprop", "MomentumSGD"])
def test_schedules_find_the_learning_rate(folder, name):
    config = {
        "model": {"name": "mlp", "hidden": [4]},
        "data": CSV,
        "optimizer": {"name": name},
        "schedule": {"kind": "cosine"},
        "train": {"epochs": 1},
    }
    (folder / "c.json").write_text(json.dumps(config))
    assert main(["train", "c.json", "--no-plots"]) == 0


def test_a_stranger_s_weights_call_nothing_but_networks():
    with pytest.raises(ConfigError, match="Link class"):
        ModelSpec("subprocess:Popen", {"args": "exit"}).build(2)


@pytest.mark.parametrize("text", ["", "[]", '{"model": 3}', '{"model": {"name": "mlp"}}'])
def test_damaged_recipe(text):
    with pytest.raises(LoadError, match="which network"):
        load_recipe({"_renkei/recipe": text}, "model.npz")
