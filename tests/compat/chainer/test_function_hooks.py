"""Hooks see the engine's functions and one's own."""

import io

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import functions as F
from renkei.compat.chainer.function_hooks import PrintHook, TimerHook


class Recorder(chainer.FunctionHook):
    name = "Recorder"

    def __init__(self):
        self.calls = []

    def added(self, function):
        self.calls.append(("added", function))

    def deleted(self, function):
        self.calls.append(("deleted", function))

    def forward_preprocess(self, function, in_data):
        self.calls.append(("forward", function.label, len(in_data)))

    def backward_preprocess(self, function, in_data, out_grad):
        self.calls.append(("backward", function.label, out_grad[0].tolist()))


class Twice(chainer.FunctionNode):
    def forward(self, inputs):
        return (np.asarray(inputs[0] * 2),)

    def backward(self, indexes, grad_outputs):
        return (grad_outputs[0] * 2,)


def x():
    return chainer.Variable(np.array(1.0, np.float32))


def test_a_global_hook_sees_all_functions_both_ways():
    with Recorder() as hook:
        (y,) = Twice().apply((F.exp(x()),))
        y.backward()
    assert hook.calls[:3] == [("added", None), ("forward", "exp", 1), ("forward", "Twice", 1)]
    assert ("backward", "Twice", 1.0) in hook.calls and ("backward", "exp", 2.0) in hook.calls
    assert hook.calls[-1] == ("deleted", None)


def test_a_local_hook_sees_one_function():
    hook, node = Recorder(), Twice()
    node.add_hook(hook)
    (y,) = node.apply((F.exp(x()),))
    y.backward()
    assert hook.calls == [("added", node), ("forward", "Twice", 1), ("backward", "Twice", 1.0)]
    with pytest.raises(KeyError):
        node.add_hook(hook)
    node.delete_hook("Recorder")
    assert hook.calls[-1] == ("deleted", node)


def test_names_are_unique():
    with Recorder(), pytest.raises(KeyError, match="Recorder already exists"), Recorder():
        pass
    assert not chainer.get_function_hooks()


def test_timer():
    with TimerHook() as hook:
        (y,) = Twice().apply((F.exp(x()),))
        y.backward()
    names = [name for name, _ in hook.call_history]
    assert {"Exp", "Twice"} <= set(names) and hook.summary()["Twice"]["occurrence"] == 2
    assert hook.total_time() == sum(seconds for _, seconds in hook.call_history) > 0
    out = io.StringIO()
    hook.print_report(file=out)
    assert out.getvalue().split()[:3] == ["FunctionName", "ElapsedTime", "Occurrence"]


def test_print():
    out = io.StringIO()
    with PrintHook(file=out):
        Twice().apply((x(),))
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["function\tTwice", "input data"] and "- shape: ()" in lines
