"""The Python in the documentation runs, page by page, in the order of reading."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
    if "_build" not in path.parts and "generated" not in path.parts
)


def blocks(text: str) -> list[tuple[int, str]]:
    """(line, code) of the ```python blocks; a block marked ```python no-run is only shown."""
    return [
        (text.count("\n", 0, match.start()) + 1, match["code"])
        for match in FENCE.finditer(text)
        if match["info"].strip() == "python"
    ]


def run_block(code: str, names: dict[str, Any], where: str) -> None:
    if ">>>" not in code:
        exec(compile(code, where, "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(code, names, where, where, 0)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    failed = runner.run(test, out=report.append, clear_globs=False).failed
    names.update(test.globs)
    assert not failed, "".join(report)


@pytest.mark.parametrize("page", [str(p.relative_to(ROOT)) for p in PAGES])
def test_page(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import renkei

    monkeypatch.chdir(tmp_path)  # pages may save files
    names: dict[str, Any] = {"__name__": "__page__", "np": np, "rk": renkei}
    for line, code in blocks((ROOT / page).read_text(encoding="utf-8")):
        run_block(code, names, f"{page}:{line}")


def test_a_wrong_result_is_noticed() -> None:
    page = "text\n\n```python\na = 1\n```\n\n```python\n>>> a + 1\n3\n```\n"
    names: dict[str, Any] = {}
    (_, first), (line, second) = blocks(page)
    run_block(first, names, "here")
    assert (names["a"], line) == (1, 7)
    with pytest.raises(AssertionError, match=r"Expected:\s+3\s+Got:\s+2"):
        run_block(second, names, "here")
