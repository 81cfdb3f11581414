"""Shifts: the value after each call, bounds, resuming."""

from __future__ import annotations

import types

import pytest

from renkei.core.errors import RangeError
from renkei.training.extensions import (
    ExponentialShift,
    InverseShift,
    LinearShift,
    MultistepShift,
    PolynomialShift,
    StepShift,
    WarmupShift,
)


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


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        (InverseShift("lr", 0.5, 2), [8, 8 / 1.5**2, 2, 8 / 2.5**2, 8 / 9]),
        (InverseShift("lr", 0.5, 2, init=4, target=1.5), [4, 4 / 1.5**2, 1.5, 1.5, 1.5]),
        (InverseShift("lr", 0.5, -1, target=19), [8, 12, 16, 19, 19]),
        (LinearShift("lr", (2, 10), (1, 3)), [2, 2, 6, 10, 10]),
        (LinearShift("lr", (10, 2), (0, 4)), [10, 8, 6, 4, 2]),
        (PolynomialShift("lr", 2, 4), [8, 4.5, 2, 0.5, 0]),
        (PolynomialShift("lr", 1, 2, init=6, target=1), [6, 3, 1, 1, 1]),
        (StepShift("lr", 0.5, 2), [8, 8, 4, 4, 2]),
        (StepShift("lr", 2, 1, init=1, target=3), [1, 2, 3, 3, 3]),
        (MultistepShift("lr", 0.5, [1, 3], 4), [4, 2, 2, 1, 1]),
        (MultistepShift("lr", 0.5, [0, 2, 2]), [8, 4, 2, 1, 1]),
        (WarmupShift("lr", 0.5, 2, 2.5), [0.5, 1.5, 2.5, 2.5, 2.5]),
        (WarmupShift("lr", 0, 4), [0, 2, 4, 6, 8]),
    ],
    ids=lambda case: type(case).__name__,
)
def test_values_of_the_others(shift, expected):
    optimizer = types.SimpleNamespace(lr=8.0)
    assert values(shift, optimizer, 5) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        (LinearShift, ((0, 1), (3, 3))),
        (PolynomialShift, (2, 0)),
        (PolynomialShift, (-1, 4)),
        (StepShift, (0.1, 0)),
        (MultistepShift, (0.1, [3, 1])),
        (WarmupShift, (0, 0)),
    ],
)
def test_what_makes_no_sense(kind, args):
    with pytest.raises(RangeError, match=kind.__name__):
        kind("lr", *args)


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
