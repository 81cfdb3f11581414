"""Triggers: when they fire, and that they resume."""

from __future__ import annotations

import types

import pytest

from renkei.core.errors import ConfigError
from renkei.training import (
    BestValueTrigger,
    EarlyStoppingTrigger,
    IntervalTrigger,
    ManualScheduleTrigger,
    MaxValueTrigger,
    MinValueTrigger,
    OnceTrigger,
    TimeTrigger,
    get_trigger,
)


def moments(n, values=()):
    """Progress after each of n iterations, with 4 iterations in an epoch."""
    values = list(values) + [None] * n
    for i in range(1, n + 1):
        seen = {} if values[i - 1] is None else {"x": values[i - 1]}
        yield types.SimpleNamespace(
            iteration=i, epoch_detail=i / 4, epoch=i // 4, elapsed_time=i * 1.0, observation=seen
        )


def fired(trigger, n, values=()):
    return [p.iteration for p in moments(n, values) if trigger(p)]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (IntervalTrigger(3, "iteration"), [3, 6, 9, 12]),
        (IntervalTrigger(1, "epoch"), [4, 8, 12]),
        (IntervalTrigger(1.3, "epoch"), [6, 11]),
        (ManualScheduleTrigger([2, 7], "iteration"), [2, 7]),
        (ManualScheduleTrigger(1.5, "epoch"), [6]),
        (OnceTrigger(), [1]),
        (TimeTrigger(5), [5, 10]),
        (get_trigger(None), []),
        (get_trigger((2, "epoch")), [8]),
    ],
    ids=lambda value: (
        str(value) if isinstance(value, list) else getattr(value, "__name__", type(value).__name__)
    ),
)
def test_when_it_fires(trigger, expected):
    assert fired(trigger, 12) == expected


def test_best_values():
    values = [5, 3, 4, 2, 2, 9]
    every = (1, "iteration")
    assert fired(MinValueTrigger("x", every), 6, values) == [1, 2, 4]
    assert fired(MaxValueTrigger("x", every), 6, values) == [1, 6]
    assert fired(BestValueTrigger("x", lambda best, new: new % 2, every), 6, values) == [1, 2, 6]


def test_best_value_is_of_the_mean_since_the_last_check():
    trigger = MaxValueTrigger("x", (2, "iteration"))
    assert fired(trigger, 6, [0, 4, 9, -9, 1, 4]) == [2, 6]
    assert fired(MaxValueTrigger("other", (1, "iteration")), 3, [1, 2, 3]) == []


def test_early_stopping():
    trigger = EarlyStoppingTrigger((1, "iteration"), "x", patience=2, max_trigger=(50, "iteration"))
    assert fired(trigger, 7, [5, 4, 4, 3, 3, 3, 3])[0] == 6
    larger = EarlyStoppingTrigger((1, "iteration"), "x", patience=1, mode="max")
    assert fired(larger, 3, [1, 2, 2]) == [3]
    bounded = EarlyStoppingTrigger((1, "iteration"), "x", max_trigger=(2, "iteration"))
    assert fired(bounded, 3, [3, 2, 1]) == [2]
    assert bounded.get_training_length() == (2, "iteration")


STATEFUL = [
    lambda: IntervalTrigger(1.3, "epoch"),
    lambda: ManualScheduleTrigger([2, 7], "iteration"),
    lambda: OnceTrigger(),
    lambda: TimeTrigger(3),
    lambda: MinValueTrigger("x", (2, "iteration")),
    lambda: EarlyStoppingTrigger((1, "iteration"), "x", patience=2),
]


@pytest.mark.parametrize("make", STATEFUL)
@pytest.mark.parametrize("cut", [1, 5, 6])
def test_resumes(make, cut):
    values = [9, 8, 8, 5, 6, 6, 2, 7, 7, 7, 1, 1]
    whole, first, second = make(), make(), make()
    expected = fired(whole, 12, values)
    steps = list(moments(12, values))
    seen = [p.iteration for p in steps[:cut] if first(p)]
    second.load_state(first.state())
    seen += [p.iteration for p in steps[cut:] if second(p)]
    assert seen == expected


def test_once_again_on_resume():
    trigger = OnceTrigger(call_on_resume=True)
    assert fired(trigger, 2) == [1]
    trigger.load_state(trigger.state())
    assert fired(trigger, 2) == [1]


def test_schedule_is_finished_after_its_last_point():
    trigger = ManualScheduleTrigger([2, 3], "iteration")
    states = [(trigger(p), trigger.finished)[1] for p in moments(4)]
    assert states == [False, False, True, True]


@pytest.mark.parametrize(
    "make",
    [
        lambda: IntervalTrigger(1, "step"),
        lambda: IntervalTrigger(0, "epoch"),
        lambda: ManualScheduleTrigger(1, "day"),
        lambda: get_trigger("daily"),
        lambda: get_trigger((1, "epoch", 2)),
        lambda: EarlyStoppingTrigger(mode="best"),
    ],
)
def test_mistakes(make):
    with pytest.raises(ConfigError, match="expected"):
        make()


def test_repr():
    assert repr(get_trigger((3, "iteration"))) == "IntervalTrigger(3, 'iteration')"
