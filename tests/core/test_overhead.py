"""The overhead budget: Python calls inside the package, counted, not timed.

Kernels are not counted: how much Python a kernel runs depends on the backend.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
import renkei.links as L
from renkei import optimizers
from renkei.core import dispatch

PACKAGE = str(Path(rk.__file__).parent)
KERNELS = PACKAGE + "/kernels/"


def calls(function):
    """How many Python functions of the package a second call of ``function`` enters."""
    function()
    seen: Counter[str] = Counter()

    def profile(frame, event, argument):
        name = frame.f_code.co_filename
        ours = name.startswith((PACKAGE, "<elementwise")) and not name.startswith(KERNELS)
        # Comprehensions are functions in Python 3.11 and no longer in 3.12.
        if event == "call" and ours and not frame.f_code.co_name.startswith("<listcomp"):
            seen[f"{Path(name).name}:{frame.f_code.co_name}"] += 1

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return seen


def within(seen, budget):
    assert seen.total() <= budget, f"{seen.total()} calls, budget {budget}: {seen.most_common()}"
    assert seen.total() >= budget // 2, f"{seen.total()} calls: lower the budget of {budget}"


def var(*shape):
    rng = np.random.default_rng(0)
    return rk.Variable(rng.uniform(0.1, 1.0, shape).astype(np.float32))


X, W, B = var(4, 5), var(3, 5), var(3)
IMAGES, FILTERS, BIAS = var(2, 3, 6, 6), var(4, 3, 3, 3), var(4)
GAMMA, BETA = var(3), var(3)
LABELS = np.array([0, 1, 2, 3])
LINEAR = L.Linear(5, 3)

# What runs, and how many calls forward and backward may take.
BUDGETS = {
    "relu": (lambda: F.relu(X), 4, 10),
    "add": (lambda: X + X, 4, 14),
    "multiply by a number": (lambda: X * 2, 4, 10),
    "sum": (lambda: F.sum(X), 24, 24),
    "linear": (lambda: F.linear(X, W, B), 14, 26),
    "Linear": (lambda: LINEAR(X), 16, 26),
    "convolution_2d": (lambda: F.convolution_2d(IMAGES, FILTERS, BIAS, pad=1), 46, 96),
    "batch_normalization": (lambda: F.batch_normalization(IMAGES, GAMMA, BETA), 32, 28),
    "softmax_cross_entropy": (lambda: F.softmax_cross_entropy(X, LABELS), 22, 20),
}


@pytest.mark.parametrize("name", BUDGETS)
def test_forward(name):
    dispatch.load()
    function, budget, _ = BUDGETS[name]
    within(calls(function), budget)


@pytest.mark.parametrize("name", BUDGETS)
def test_backward(name):
    dispatch.load()
    function, _, budget = BUDGETS[name]
    ready = []
    for _ in range(2):
        y = function()
        y.grad = np.ones_like(y.array)
        ready.append(y)
    within(calls(lambda: ready.pop().backward()), budget)


@pytest.mark.parametrize("rule", ["SGD", "MomentumSGD", "Adam"])
def test_update_takes_at_most_two_calls_per_parameter(rule):
    def update(layers):
        model = L.Sequential(*[L.Linear(3, 3) for _ in range(layers)])
        optimizer = getattr(optimizers, rule)().setup(model)
        for p in model.params():
            p.grad = np.ones_like(p.array)
        optimizer.update()  # so that the third is counted: at powers of two it checks the target
        return calls(optimizer.update)

    few, many = update(1), update(11)
    assert many.total() - few.total() <= 2 * 20, (many - few).most_common()
    assert few.total() <= 40, few.most_common()


def test_hooks_and_debug_cost_nothing_when_off():
    """One flag, looked up where the settings are read anyway."""
    seen = calls(lambda: F.relu(X))
    assert not any("hooks" in name or "config" in name for name in seen)
