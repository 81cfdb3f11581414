"""Recipes: a bad configuration names the key and starts nothing."""

from __future__ import annotations

import pytest

from renkei.cli.main import MISUSED, main


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
