"""What stays in memory: after forward what the wanted gradients name, after backward nothing."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.variable import Variable


def array(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def kept(y):
    """All arrays that the graph behind a Variable keeps."""
    found, stack, seen = [], [y.creator], set()
    while stack:
        node = stack.pop()
        if node is None or id(node) in seen or not hasattr(node, "kept"):
            continue
        seen.add(id(node))
        found += [a for a in node.kept or () if isinstance(a, np.ndarray)]
        stack += [getattr(edge, "function", edge) for edge in node.inputs or ()]
    return found


def holds(y, a):
    return any(np.shares_memory(a, k) for k in kept(y))


@pytest.fixture
def traced():
    gc.collect()
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    gc.enable()


# -- after forward ---------------------------------------------------------------------------------


def test_a_product_keeps_only_the_other_factor():
    x, y = array(3), array(3)
    z = Variable(x) * Variable(y, requires_grad=False)
    assert holds(z, y)
    assert not holds(z, x)


def test_sums_keep_nothing():
    x = Variable(array(3))
    assert kept(x + x - 1 + 2 * x) == []


def test_an_intermediate_array_nobody_needs_is_freed_at_once():
    x = Variable(array(3))
    y = x + 1
    freed = weakref.ref(y.array)
    z = y + 2
    del y
    assert freed() is None
    z.grad = array(3)
    z.backward()
    assert x.grad is not None


def test_an_output_that_the_gradient_needs_is_kept_instead_of_the_input():
    x = Variable(array(3))
    before = x + 0.0
    y = F.tanh(before)
    assert holds(y, y.array)
    assert not holds(y, before.array)


@pytest.mark.parametrize(
    ("wanted", "names"), [("W", "x"), ("x", "W"), ("b", ""), ("xWb", "xW"), ("Wb", "x")]
)
def test_linear_keeps_what_the_wanted_gradients_name(wanted, names):
    arrays = {"x": array(4, 3), "W": array(2, 3), "b": array(2)}
    args = [Variable(a, requires_grad=name in wanted) for name, a in arrays.items()]
    y = F.linear(*args)
    assert [name for name in arrays if holds(y, arrays[name])] == list(names)


def test_frozen_layers_hold_nothing():
    """A frozen network under a trained one: no activation of the frozen part stays."""
    h = Variable(array(4, 3), requires_grad=False)
    freed = []
    for _ in range(3):
        h = F.tanh(F.linear(h, Variable(array(3, 3), requires_grad=False)))
        freed.append(weakref.ref(h.array))
    W = Variable(array(2, 3))
    y = F.linear(h, W)
    assert holds(y, h.array), "the input of the trained layer"
    del h
    assert [ref() is None for ref in freed] == [True, True, False]


def test_a_frozen_layer_above_a_trained_one_keeps_only_its_weight():
    W, frozen = Variable(array(3, 3)), Variable(array(2, 3), requires_grad=False)
    h = F.linear(Variable(array(4, 3), requires_grad=False), W)
    y = F.linear(h, frozen)
    assert not holds(y, h.array)
    assert holds(y, frozen.array)


def test_nothing_is_kept_without_recording():
    with rk.no_backprop_mode():
        x = Variable(array(3))
        y = F.tanh(x * x)
        freed = weakref.ref(y.array)
    assert y.creator is None
    del y
    assert freed() is None


def test_convolution_keeps_no_columns(traced):
    x, W = Variable(array(2, 8, 32, 32)), Variable(array(8, 8, 3, 3))
    F.convolution_2d(x, W, pad=1)  # loads the kernels
    before = traced()
    y = F.convolution_2d(x, W, pad=1)
    assert traced() - before < 1.3 * y.array.nbytes


# -- during and after backward ---------------------------------------------------------------------


def test_intermediate_gradients_are_freed_during_the_sweep(traced):
    x = Variable(array(50_000))
    size = x.array.nbytes
    y = x
    for _ in range(20):
        y = y * 2.0
    y.grad = np.ones_like(y.array)
    before = traced()
    tracemalloc.reset_peak()
    y.backward()
    assert tracemalloc.get_traced_memory()[1] - before < 3.5 * size
    assert traced() - before < 1.2 * size, "the gradient of x"


def test_wide_sums_accumulate_in_place(traced):
    x = Variable(array(50_000))
    parts = [x * float(k) for k in range(20)]
    y = parts[0]
    for part in parts[1:]:
        y = y + part
    del parts, part
    y.grad = np.ones_like(y.array)
    before = traced()
    tracemalloc.reset_peak()
    y.backward()
    assert tracemalloc.get_traced_memory()[1] - before < 5.5 * x.array.nbytes


def test_the_graph_dies_with_its_last_variable():
    gc.disable()
    try:
        x = Variable(array(3))
        y = F.tanh(x * x)
        node, output = weakref.ref(y.creator), weakref.ref(y.array)
        y.grad = array(3)
        y.backward()
        del y
        assert node() is None
        assert output() is None
    finally:
        gc.enable()


def test_training_steps_leave_nothing_behind(traced):
    W = Variable(array(8, 8))
    x = array(16, 8)

    def step():
        W.cleargrad()
        y = F.tanh(F.linear(x, W))
        F.sum(y * y).backward()
        W.array -= 0.01 * W.grad

    for _ in range(5):
        step()
    gc.collect()
    before = traced()
    for _ in range(200):
        step()
    gc.collect()
    assert traced() - before < 4096


def test_a_recurrent_network_cut_every_35_steps_runs_in_constant_memory(traced):
    rng = np.random.default_rng(0)
    W, U = (Variable(rng.normal(0, 0.3, (8, 8)).astype(np.float32)) for _ in range(2))
    x = array(4, 8)
    h = Variable(np.zeros((4, 8), np.float32), requires_grad=False)
    loss, levels, objects = 0.0, [], []
    gc.disable()  # so that what only the collector could free would add up
    for step in range(1, 1001):
        h = F.tanh(F.linear(x, W) + F.linear(h, U))
        loss = loss + F.sum(h * h)
        if step % 35 == 0:
            W.cleargrad()
            U.cleargrad()
            loss.backward()
            loss.unchain_backward()
            for p in (W, U):
                p.array -= 0.001 * p.grad
            objects.append(len(gc.get_objects()))
        if step % 350 == 0:
            gc.collect()  # empties the interpreter's lists of free tuples, which count as used
            levels.append(traced())
    gc.enable()
    assert levels[-1] - levels[0] < 4096, levels
    assert max(objects[11:20]) - objects[10] < 100, objects


def test_double_backprop_graphs_are_freed():
    """The gradient of a gradient holds the graph; without it only counting is needed."""
    gc.collect()
    x = Variable(array(3))
    y = x * x * x
    [g] = rk.grad([y], [x], enable_double_backprop=True)
    node = weakref.ref(g.creator)
    first = weakref.ref(y.creator)
    g.grad = array(3)
    g.backward()
    del y, g
    gc.collect()
    assert node() is None
    assert first() is None
