"""ExponentialShift: the value after each call, bounds, resuming."""

from __future__ import annotations

import types

import pytest

from renkei.core.errors import RangeError
from renkei.training.extensions import ExponentialShift


def values(shift, optimizer, n=4):
    progress = types.SimpleNamespace(optimizers={"main": optimizer})
    shift.initialize(progress)
    seen = [optimizer.lr]
    for _ in range(n - 1):
        shift(progress)
        seen.append(optimizer.lr)
    return seen


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"rate": 0.5}, [8, 4, 2, 1]),
        ({"rate": 0.5, "init": 2}, [2, 1, 0.5, 0.25]),
        ({"rate": 0.5, "target": 3}, [8, 4, 3, 3]),
        ({"rate": 2, "target": 20}, [8, 16, 20, 20]),
    ],
)
def test_values(options, expected):
    assert values(ExponentialShift("lr", **options), types.SimpleNamespace(lr=8.0)) == expected


def test_resumes():
    first = ExponentialShift("lr", 0.5)
    values(first, types.SimpleNamespace(lr=8.0), 3)
    second, optimizer = ExponentialShift("lr", 0.5), types.SimpleNamespace(lr=99.0)
    second.load_state(first.state())
    assert values(second, optimizer, 2) == [2, 1]


def test_an_optimizer_of_its_own():
    optimizer = types.SimpleNamespace(lr=1.0)
    shift = ExponentialShift("lr", 0.1, optimizer=optimizer)
    shift.initialize(None)
    shift(None)
    assert optimizer.lr == pytest.approx(0.1)


def test_rate():
    with pytest.raises(RangeError, match="rate"):
        ExponentialShift("lr", -1)
