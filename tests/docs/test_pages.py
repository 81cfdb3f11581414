"""What pages of the documentation promise besides Python code."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renkei import functions
from renkei.cli.config import Table
from renkei.cli.recipe import Recipe

DOCS = Path(__file__).resolve().parents[2] / "docs"


def load_conf() -> Any:
    spec = importlib.util.spec_from_file_location("docs_conf", DOCS / "conf.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_index_has_every_function_once_and_says_what_it_does() -> None:
    rows = re.findall(r"^\* :py:func:`~[\w.]+\.(\w+)`: (.*)$", load_conf().function_index(), re.M)
    assert sorted(name for name, _ in rows) == sorted(functions.__all__)
    assert all(len(text) > 10 for _, text in rows)


def test_the_configuration_shown_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pytest.importorskip("PIL.Image")
    monkeypatch.chdir(tmp_path)
    for name in ("cats", "dogs"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(5):
            pixels = np.full((20, 20), 10 * i, np.uint8)
            image.fromarray(pixels).save(tmp_path / "photos" / name / f"{i}.png")
    page = (DOCS / "guide" / "command-line.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```toml\n(.*?)^```", page, re.M | re.S)
    recipe = Recipe.read(Table(tomllib.loads(shown), ""))
    assert recipe.data.classes == ["cats", "dogs"]
    assert recipe.model.build(2)(np.zeros((1, 1, 16, 16), np.float32)).shape == (1, 2)


@pytest.mark.parametrize("folder", ["explain", "guide", "tutorial"])
def test_index_pages_name_every_page_of_their_folder(folder: str) -> None:
    text = (DOCS / folder / "index.md").read_text(encoding="utf-8")
    (tree,) = re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.M | re.S)
    named = [line for line in tree.splitlines() if line and line[0] != ":"]
    there = {path.stem for path in (DOCS / folder).glob("*.md")} - {"index"}
    assert sorted(named) == sorted(there), f"docs/{folder}/index.md lists them in reading order"
