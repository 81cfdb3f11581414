"""Configurations: a mistake is named by its key path and what was expected."""

from __future__ import annotations

import json

import pytest

from renkei.cli.config import Table, read_config
from renkei.core.errors import ConfigError


def test_json_and_toml_are_the_same(tmp_path):
    (tmp_path / "a.json").write_text('{"train": {"epochs": 3}}')
    (tmp_path / "a.toml").write_text("[train]\nepochs = 3\n")
    for name in ("a.json", "a.toml"):
        assert read_config(str(tmp_path / name)).table("train").get("epochs", int) == 3


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "", r"the ending '\.yaml'; expected \.json or \.toml"),
        ("a.json", "{", "not well formed"),
        ("a.json", "[1]", "an object with keys"),
        ("a.toml", "a = ", "not well formed"),
    ],
)
def test_bad_files(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_config(str(tmp_path / name))


def test_missing_file(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.json"):
        read_config(str(tmp_path / "none.json"))


def test_values():
    table = Table({"n": 3, "x": 1, "s": "a", "flag": True}, "part")
    assert table.get("n", int) == 3
    assert table.get("x", float) == 1  # an integer will do
    assert table.get("missing", str, "default") == "default"
    assert table.get("s", str, choices=("a", "b")) == "a"
    assert table.get("flag", bool) is True
    table.finish()


@pytest.mark.parametrize(
    ("values", "ask", "message"),
    [
        ({}, lambda t: t.get("n", int), r"^part\.n: got no value; expected an integer"),
        ({"n": "3"}, lambda t: t.get("n", int), r"^part\.n: got str '3'; expected an integer"),
        ({"n": True}, lambda t: t.get("n", int), r"^part\.n: got bool True"),
        ({"n": 0}, lambda t: t.get("n", int, low=1), r"^part\.n: got 0; expected a number from 1"),
        ({"s": "adm"}, lambda t: t.get("s", str, choices=["adam", "sgd"]), "Did you mean 'adam'"),
        ({"p": 3}, lambda t: t.table("p"), r"^part\.p: got int 3; expected a table"),
        ({}, lambda t: t.table("p", required=True), r"^part\.p: got no value"),
    ],
)
def test_mistakes_name_the_key_path(values, ask, message):
    with pytest.raises(ConfigError, match=message):
        ask(Table(values, "part"))


def test_unknown_keys_are_refused_with_a_near_one():
    table = Table({"epoch": 3}, "train")
    table.get("epochs", int, 1)
    with pytest.raises(
        ConfigError, match=r"train\.epoch: got an unknown key.*Did you mean 'epochs'"
    ):
        table.finish()


def test_nested_paths():
    inner = Table(json.loads('{"a": {"b": {"c": 1}}}'), "").table("a").table("b")
    with pytest.raises(ConfigError, match=r"^a\.b\.c: "):
        inner.get("c", str)
