"""All checks of all rows of tests/functions/cases, and that every public function has a row."""

from __future__ import annotations

from pathlib import Path
from types import CodeType
from typing import Any

import pytest

import renkei.functions as F
from renkei.testing import Case, check_function, load_cases

FOLDER = Path(__file__).parent / "cases"

# Functions without a row, and where they are tested instead.
WAIVED: dict[str, str] = {}


def _rows() -> list[Any]:
    """One parameter per row; a file that cannot be loaded is one that fails."""
    rows: list[Any] = []
    for path in sorted(FOLDER.glob("*.py")):
        try:
            rows += [pytest.param(case, id=name) for name, case in load_cases(path)]
        except Exception as error:
            rows.append(pytest.param(error, id=f"{path.stem}-not-loaded"))
    return rows


ROWS = _rows()


@pytest.mark.parametrize("case", ROWS)
def test_case(case: Any) -> None:
    if isinstance(case, Exception):
        raise case
    check_function(case)


def _names(function: Any) -> set[str]:
    """The public functions that a row is about: itself, or what a wrapper around it calls."""
    code = getattr(function, "__code__", None)
    own = {getattr(function, "__name__", "")}
    if own & set(F.__all__) or not isinstance(code, CodeType):
        return own
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    return own.union(code.co_names, *(c.co_names for c in inner))


def test_every_function_has_a_row() -> None:
    tested = {name for row in ROWS if isinstance(row.values[0], Case)
              for name in _names(row.values[0].function)}  # fmt: skip
    missing = sorted(set(F.__all__) - tested - set(WAIVED))
    assert not missing, f"functions without a row in tests/functions/cases: {missing}"


def test_waivers_are_needed() -> None:
    unknown = sorted(set(WAIVED) - set(F.__all__))
    assert not unknown, f"waivers for functions that do not exist: {unknown}"


def test_ids_are_unique() -> None:
    ids = [row.id for row in ROWS]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    assert not twice, f"rows that need a label: {twice}"
