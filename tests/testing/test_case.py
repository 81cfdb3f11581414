"""Rows of case tables: what they draw, and how a file of them is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import renkei as rk
from renkei.testing import Case, load_cases


def test_inputs_are_the_same_in_every_run_and_differ_by_label() -> None:
    first, again = (Case(abs, [(2, 3)]).draw("float32") for _ in range(2))
    other = Case(abs, [(2, 3)], label="x").draw("float32")
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_draw_takes_shapes_arrays_callables_and_none() -> None:
    inputs = [(2, 3), np.ones(2), np.arange(2), lambda rng: rng.normal(size=4), None]
    drawn = Case(abs, inputs, low=2, high=3).draw("float16", empty=True)
    kinds = [None if a is None else (a.shape, a.dtype.name) for a in drawn]
    expected = [((0, 3), "float16"), ((2,), "float16"), ((2,), "int64"), ((4,), "float16"), None]
    assert kinds == expected
    assert 2 <= Case(abs, [(5,)], low=2, high=3).draw("float64")[0].min() < 3


def test_load_cases(tmp_path: Any) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("from renkei.testing import Case\nCASES = [Case(abs, [(2,)], label='two')]\n")
    bad.write_text("CASES = [1]\n")
    [(name, row)] = load_cases(good)
    assert (name, row.function) == ("good-abs-two", abs)
    with pytest.raises(rk.RenkeiError, match="a list CASES"):
        load_cases(bad)
