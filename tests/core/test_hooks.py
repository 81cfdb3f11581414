"""Hooks see every function forward and backward; debug mode finds NaNs and writes."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest

import renkei as rk
from renkei.core.config import current
from renkei.core.errors import GraphError, NanError, UsageError
from renkei.core.hooks import MemoryHook, NanHook, PrintHook, TimerHook, TraceHook
from renkei.core.variable import Variable


def var(*values):
    return Variable(np.array(values, np.float64))


class Log(rk.FunctionHook):
    def __init__(self):
        self.calls = []

    def added(self, target):
        self.calls.append(("added", target))

    def deleted(self, target):
        self.calls.append(("deleted", target))

    def forward_preprocess(self, function, in_data):
        self.calls.append(("forward", function.op, *map(self.shown, in_data)))

    def forward_postprocess(self, function, in_data):
        self.calls.append(("forwarded", function.op, *map(self.shown, in_data)))

    def backward_preprocess(self, function, in_data, out_grad):
        shown = [self.shown(a) for a in in_data], [self.shown(g) for g in out_grad]
        self.calls.append(("backward", function.op, *shown))

    def backward_postprocess(self, function, in_data, out_grad):
        self.calls.append(("backwarded", function.op))

    @staticmethod
    def shown(array):
        return None if array is None else array.tolist()


def test_all_callbacks_in_order():
    x = var(2.0)
    with Log() as log:
        (x * 3 + x).backward()
    assert log.calls == [
        ("added", None),
        ("forward", "multiply", [2.0], 3),
        ("forwarded", "multiply", [2.0], 3),
        ("forward", "add", [6.0], [2.0]),
        ("forwarded", "add", [6.0], [2.0]),
        ("backward", "add", [None, None], [[1.0]]),
        ("backwarded", "add"),
        ("backward", "multiply", [None, 3], [[1.0]]),
        ("backwarded", "multiply"),
        ("deleted", None),
    ]


def test_hooks_see_the_same_numbers_as_without():
    x = var(2.0, 3.0)
    plain = x * x / 3 - abs(-x) ** 2
    with Log():
        watched = x * x / 3 - abs(-x) ** 2
    np.testing.assert_array_equal(plain.array, watched.array)


def test_hooks_see_double_backprop():
    x = var(2.0)
    with TraceHook() as trace:
        [g] = rk.grad([x * x], [x], enable_double_backprop=True)
        rk.grad([g], [x])
    directions = [direction for direction, _ in trace.trace]
    assert directions[:2] == ["forward", "backward"]
    assert ("forward", "Multiply") in trace.trace[2:], "the gradient's own functions"
    assert trace.trace[-1][0] == "backward"


def test_hooks_see_bare_arrays_through_functions_of_classes():
    class Twice(rk.Function):
        def forward(self, x):
            return x * 2

    with TraceHook() as trace:
        Twice()(np.ones(2))
    assert trace.trace == [("forward", "Twice")]


def test_two_of_one_name_are_refused():
    with Log(), pytest.raises(UsageError, match="hook Log already exists"), Log():
        pass
    first, second = Log(), Log()
    second.name = "second"
    with first, second:
        var(1.0) + 1
    assert first.calls == second.calls[:2] + first.calls[2:]
    assert not current().function_hooks


def test_hooks_leave_after_an_error():
    def fail():
        with Log():
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert current().function_hooks == ()
    assert not current().slow


def test_hooks_belong_to_the_thread():
    with TraceHook() as trace:
        thread = threading.Thread(target=lambda: var(1.0) + 1)
        thread.start()
        thread.join()
    assert trace.trace == []


def test_timer_hook():
    x = var(2.0)
    timer = TimerHook()
    with timer:
        (x * 3 + x * 2).backward()
    assert [name for name, _ in timer.call_history] == [
        "Multiply",
        "Multiply",
        "Add",
        "Add",
        "Multiply",
        "Multiply",
    ]
    summary = timer.summary()
    assert summary["Multiply"]["occurrence"] == 4
    assert timer.total_time() == pytest.approx(sum(row["elapsed_time"] for row in summary.values()))
    assert all(seconds > 0 for _, seconds in timer.call_history)


@pytest.mark.parametrize(
    ("unit", "shown"), [("auto", "1.50ms"), ("us", "1500.00us"), ("sec", "0.00")]
)
def test_timer_report(unit, shown, capsys):
    timer = TimerHook()
    timer.call_history = [("Short", 1e-6), ("Long", 0.001), ("Long", 0.0005)]
    timer.print_report(unit)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["FunctionName", "ElapsedTime", "Occurrence"]
    assert lines[1].split()[0] == "Long"
    assert lines[1].split()[2] == "2"
    assert shown in lines[1]
    file = io.StringIO()
    timer.print_report(file=file)
    assert "Short" in file.getvalue()


def test_print_hook():
    file = io.StringIO()
    x = Variable(np.array([1.0, 3.0], np.float32))
    with PrintHook(file=file):
        y = x * x
        y.grad = np.ones(2, np.float32)
        y.backward()
        (y + 1).unchain_backward()
    text = file.getvalue()
    assert text.count("function\tMultiply") == 2
    assert "output gradient" in text
    assert "mean=2.00000000, std=1.00000000" in text
    assert "function\tAdd" in text


def test_print_hook_says_what_was_not_kept():
    file = io.StringIO()
    x = var(1.0)
    with PrintHook(file=file):
        (x + x).backward()
    assert "(not kept)" in file.getvalue()


def test_nan_hook_names_the_function():
    zero = var(0.0)
    with np.errstate(divide="ignore"):
        with NanHook(), pytest.raises(NanError, match=r"forward computation of Divide.*1 of 1"):
            1 / zero
        y = 1 / zero
        with NanHook(), pytest.raises(NanError, match="backward computation of Divide"):
            y.backward()
        assert zero.grad is None


def test_hooks_pass_over_outputs_that_nobody_used():
    class Both(rk.Function):
        outputs = ("a", "b")

        def forward(self, x):
            return x * 2, x * 3

        def grad_x(self, ga, gb):
            return ga * 2 if gb is None else ga * 2 + gb * 3

    x = var(1.0)
    with NanHook(), Log() as log, rk.using_config("debug", True):
        Both()(x)[0].backward()
    assert x.grad[0] == 2
    assert ("backward", "both", [None], [[1.0], None]) in log.calls


def test_nan_hook_lets_integers_pass():
    with NanHook():
        Variable(np.array([1, 2])) + 1


def test_memory_hook():
    x = Variable(np.ones((10, 10), np.float32))
    with MemoryHook() as memory:
        y = x + x
        y * x
    assert memory.rows == [("Add", 400, 0), ("Multiply", 400, 800)]


def test_debug_mode_finds_nans_forward_with_the_place():
    x = var(-1.0)
    with rk.using_config("debug", True), np.errstate(invalid="ignore"):
        with pytest.raises(NanError, match="NaN is detected on forward") as raised:
            x**0.5
        assert "Stacktrace of the function is below" in str(raised.value)
        assert "test_hooks.py" in str(raised.value)
        assert (1 / (x + 2) * np.inf).array[0] == np.inf, "infinities are not NaNs"


def test_debug_mode_finds_nans_backward():
    class Bad(rk.Function):
        def forward(self, x):
            return x * 1.0

        def grad_x(self, gy):
            return gy * np.nan

    x = var(1.0)
    with rk.using_config("debug", True):
        y = Bad()(x)
        with pytest.raises(NanError, match="NaN is detected on backward computation of Bad"):
            y.backward()


def test_debug_mode_finds_writes_and_says_where():
    x = var(1.0)
    with rk.using_config("debug", True):
        y = x * x
        x.array += 1
        with pytest.raises(
            GraphError, match="Multiply keeps for its gradient was changed"
        ) as raised:
            y.backward()
        assert "test_hooks.py" in str(raised.value)
    y = x * x
    x.array += 1
    y.backward()


def test_debug_mode_for_functions_recorded_before_it():
    x = var(2.0)
    y = x * x
    with rk.using_config("debug", True):
        y.backward()
    assert x.grad[0] == 4


def test_debug_mode_keeps_no_results():
    x = var(2.0)
    with rk.using_config("debug", True):
        y = x + 1
    assert not hasattr(y.creator, "_results")


def test_link_hook_is_a_hook_of_its_own():
    class Seen(rk.LinkHook):
        pass

    with Seen():
        assert len(current().link_hooks) == 1
        assert not current().slow, "functions do not pay for link hooks"
    assert current().link_hooks == ()
