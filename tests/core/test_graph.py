"""Backward and grad: one engine over every shape of graph."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import GraphError
from renkei.core.variable import Variable
from renkei.functions import add, multiply


def var(*values, **options):
    return Variable(np.array(values, np.float64), **options)


def back(y, **options):
    y.grad = np.ones_like(y.array)
    y.backward(**options)


class Halves(rk.Function):
    """Splits an array; both outputs have gradients of their own."""

    outputs = ("a", "b")

    def check(self, x):
        half = rk.Spec((x.shape[0] // 2,), x.dtype)
        return half, half

    def forward(self, x):
        n = len(x) // 2
        return x[:n].copy(), x[n:].copy()

    def grad_x(self, ga, gb):
        Halves.seen = (ga is None, gb is None)
        zeros = np.zeros(self.specs.x.shape[0] // 2)
        return Joined()(zeros if ga is None else ga, zeros if gb is None else gb)


class Joined(rk.Function):
    def check(self, a, b):
        return rk.Spec((a.shape[0] + b.shape[0],), a.dtype)

    def forward(self, a, b):
        return np.concatenate([a, b])

    def grad_a(self, gy):
        return Halves()(gy)[0]

    def grad_b(self, gy):
        return Halves()(gy)[1]


# -- the shapes of graphs --------------------------------------------------------------------------


def test_chain():
    x = var(2.0)
    back(x * x * x)
    assert x.grad[0] == 12


def test_diamond():
    x = var(3.0)
    y = x * 2
    back(y * y + y)
    assert x.grad[0] == 2 * 2 * 6 + 2


def test_deep_diamonds_are_walked_once_each():
    x = var(1.0)
    y = x
    for _ in range(60):  # 2**60 ways through
        y = y + y
    back(y)
    assert x.grad[0] == 2.0**60


def test_long_chain_needs_no_recursion():
    x = var(1.0)
    y = x
    for _ in range(5000):
        y = y + 1.0
    back(y)
    assert x.grad[0] == 1
    y.unchain_backward()
    del y
    gc.collect()


def test_long_chain_is_freed_without_recursion():
    x = var(1.0)
    y = x
    for _ in range(100_000):
        y = y * 1.0
    del y
    gc.collect()


def test_skip_connection_waits_for_the_longer_way():
    x = var(2.0)
    a = x * 3
    b = a * a
    c = b * a
    back(c + a)
    assert x.grad[0] == 3 * 27 * 4 + 3


def test_same_input_twice():
    x = var(3.0)
    back(multiply(x, x))
    assert x.grad[0] == 6


def test_one_of_two_outputs_is_used():
    x = var(1.0, 2.0, 3.0, 4.0)
    a, b = Halves()(x)
    back(b * b)
    assert Halves.seen == (True, False)
    np.testing.assert_array_equal(x.grad, [0, 0, 6, 8])
    del a


def test_both_outputs_are_used():
    x = var(1.0, 2.0, 3.0, 4.0)
    a, b = Halves()(x)
    back(a * b)
    np.testing.assert_array_equal(x.grad, [3, 4, 1, 2])
    back(a + b)
    np.testing.assert_array_equal(x.grad, [4, 5, 2, 3])


def test_one_output_used_twice():
    x = var(1.0, 2.0, 3.0, 4.0)
    a, _ = Halves()(x)
    back(a * a)
    np.testing.assert_array_equal(x.grad, [2, 4, 0, 0])


def test_backward_from_one_of_several_outputs():
    x = var(1.0, 2.0)
    _, b = Halves()(x)
    b.backward()
    np.testing.assert_array_equal(x.grad, [0, 1])


# -- where backward starts -------------------------------------------------------------------------


def test_one_element_starts_from_one():
    x = var(2.0)
    (x * 3).backward()
    assert x.grad[0] == 3
    y = Variable(np.array(2.0))
    (y * 3).backward()
    assert y.grad.shape == ()


def test_several_elements_need_a_gradient():
    x = var(1.0, 2.0)
    with pytest.raises(GraphError, match=r"shape \(2,\).*no gradient to start from.*F\.sum"):
        (x * 2).backward()
    assert x.grad is None


def test_own_gradient_is_used_and_consumed():
    x = var(1.0, 2.0)
    y = x * 2
    y.grad = np.array([1.0, 10.0])
    y.backward()
    np.testing.assert_array_equal(x.grad, [2, 20])
    assert y.grad is None


def test_loss_scale():
    x = var(2.0)
    (x * 3).backward(loss_scale=4.0)
    assert x.grad[0] == 12
    half = Variable(np.ones(1, np.float16))
    (half * 3).backward(loss_scale=1024)
    assert half.grad.dtype == np.float16
    assert half.grad[0] == 3072


def test_backward_of_leaves_and_frozen_results_does_nothing():
    x = var(1.0, 2.0)
    x.backward()
    y = var(1.0, requires_grad=False) * 2
    y.backward()
    assert x.grad is None
    assert y.grad is None


# -- accumulation ----------------------------------------------------------------------------------


def test_leaves_add_up_over_calls():
    x = var(2.0)
    y = x * 3
    y.backward()
    y.backward()
    assert x.grad[0] == 6
    (x * 5).backward()
    assert x.grad[0] == 11


def test_accumulation_does_not_write_into_a_gradient_somebody_holds():
    x = var(2.0)
    (x * 3).backward()
    held = x.grad
    (x * 3).backward()
    assert held[0] == 3
    assert x.grad[0] == 6


def test_accumulated_0d_gradients_stay_arrays():
    x = Variable(np.array(2.0, np.float32))
    for _ in range(3):
        (x * 3).backward()
        assert (type(x.grad), x.grad.dtype) == (np.ndarray, np.float32)
    (x * 2 + x * x + x).backward()
    assert type(x.grad) is np.ndarray
    assert float(x.grad) == 9 + 2 + 4 + 1


def test_sum_of_many_uses():
    x = var(1.0, 2.0)
    y = x * 1.0
    for k in range(2, 8):
        y = y + x * float(k)
    back(y)
    np.testing.assert_array_equal(x.grad, [28, 28])


def test_intermediate_gradients_are_freed_unless_retained():
    x = var(2.0)
    y = x * x
    z = y * y
    z.backward()
    assert (y.grad, z.grad) == (None, None)
    z.backward(retain_grad=True)
    assert (y.grad[0], z.grad[0]) == (8, 1)
    assert x.grad[0] == 64


def test_retained_gradients_of_several_outputs():
    x = var(1.0, 2.0)
    a, b = Halves()(x)
    y = a * b
    y.backward(retain_grad=True)
    assert (a.grad[0], b.grad[0]) == (2, 1)


def test_backward_forgets_old_intermediate_gradients():
    x = var(2.0)
    y = x * x
    z = y * 3
    z.backward(retain_grad=True)
    z.cleargrad()
    z.backward()
    assert y.grad is None


# -- whose memory a gradient is --------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: a + b,
        lambda a, b: add(a, b) + 0.0,
        lambda a, b: (a + b) + (a + b),
        lambda a, b: a - (-b),
    ],
)
def test_gradients_of_two_leaves_share_no_memory(f):
    a, b = var(1.0, 2.0), var(3.0, 4.0)
    y = f(a, b)
    seed = np.ones(2)
    y.grad = seed
    y.backward()
    before = b.grad.copy()
    a.grad *= 100
    np.testing.assert_array_equal(b.grad, before)
    np.testing.assert_array_equal(seed, [1, 1])


def test_a_leaf_gradient_is_not_the_seed():
    x = var(1.0, 2.0)
    y = x + 0.0
    seed = np.ones(2)
    y.grad = seed
    y.backward()
    x.grad *= 5
    np.testing.assert_array_equal(seed, [1, 1])


def test_retained_gradients_survive_scaling_of_the_leaf():
    x = var(1.0, 2.0)
    y = x + 0.0
    z = y * 1.0
    back(z, retain_grad=True)
    x.grad *= 100
    np.testing.assert_array_equal(y.grad, [1, 1])
    np.testing.assert_array_equal(z.grad, [1, 1])


def test_gradients_are_writable_and_own_their_memory():
    x = var(1.0, 2.0)
    b = Variable(np.array(1.0))
    back(x + b)
    x.grad += 1
    b.grad[...] = 5
    assert x.grad.base is None


def test_broadcast_gradients_are_writable():
    x = Variable(np.ones((2, 3)))
    y = rk.functions.sum_to(x, (1, 1))
    y.backward()
    x.grad[0, 0] = 7
    np.testing.assert_array_equal(x.grad, [[7, 1, 1], [1, 1, 1]])


def test_gradients_at_a_cut_share_no_memory():
    x = var(1.0, 2.0)
    y = x * 3
    y.unchain_backward()
    back(y + x)
    x.grad *= 100
    np.testing.assert_array_equal(y.grad, [1, 1])


def test_grad_results_of_two_inputs_may_be_scaled_apart():
    a, b = var(1.0, 2.0), var(3.0, 4.0)
    ga, gb = rk.grad([a + b], [a, b])
    ga.array *= 10
    np.testing.assert_array_equal(gb.array, [1, 1])


# -- who gets none ---------------------------------------------------------------------------------


def test_frozen_leaves_get_none():
    x, w = var(2.0), var(3.0, requires_grad=False)
    (x * w).backward()
    assert x.grad[0] == 3
    assert w.grad is None


def test_freezing_after_forward_does_not_change_what_was_recorded():
    x, w = var(2.0), var(3.0)
    y = x * w
    w.requires_grad = False
    y.backward()
    assert x.grad[0] == 3
    assert w.grad is None


def test_dead_leaves_are_skipped():
    calls = []

    class Watched(rk.Function):
        def forward(self, x, y):
            return x * y

        def grad_x(self, gz, y):
            calls.append("x")
            return gz * y

        def grad_y(self, gz, x):
            calls.append("y")
            return gz * x

        outputs = ("z",)

    x = var(2.0)
    z = Watched()(x, var(3.0))
    gc.collect()
    z.backward()
    assert calls == ["x"]
    assert x.grad[0] == 3


def test_results_of_no_backprop_mode_lead_nowhere():
    x = var(2.0)
    with rk.no_backprop_mode():
        y = x * 3
        assert not y.requires_grad
        with rk.force_backprop_mode():
            assert (x * 3).requires_grad
    (y * x).backward()
    assert x.grad[0] == 6


def test_backward_runs_inside_no_backprop_mode():
    x = var(2.0)
    y = x * x
    with rk.no_backprop_mode():
        y.backward()
    assert x.grad[0] == 4


def test_double_backprop_runs_inside_no_backprop_mode():
    x = var(2.0)
    y = x * x
    with rk.no_backprop_mode():
        y.backward(enable_double_backprop=True)
    g = x.grad_var
    x.cleargrad()
    g.backward()
    assert x.grad[0] == 2


# -- cutting ---------------------------------------------------------------------------------------


def test_unchain_backward_cuts_everything_before():
    x = var(2.0)
    y = x * 3
    z = y * 4
    z.unchain_backward()
    assert z.creator is None
    assert y.creator is None
    back(z * 5)
    assert x.grad is None
    assert z.grad[0] == 5
    x.unchain_backward()


def test_unchain_backward_frees_what_was_kept():
    x = var(2.0)
    y = x * 3
    held = weakref.ref(y._edge)
    z = y * y
    z.unchain_backward()
    assert z.requires_grad
    del y
    gc.collect()
    assert held() is None


def test_truncated_backpropagation_in_time():
    w, h = var(0.5), var(1.0)
    for step in range(1, 7):
        h = h * w
        if step % 2 == 0:
            w.cleargrad()
            h.backward()
            g = w.grad[0]
            h.unchain_backward()
    # h6 = h4 w^2 with h4 = 0.5**4 held fixed
    assert g == pytest.approx(2 * 0.5 * 0.5**4)


def test_gradients_at_cut_variables_add_up():
    x = var(2.0)
    y = x * 3
    y.unchain_backward()
    (y * 5).backward()
    (y * 7).backward()
    assert y.grad[0] == 12


def test_backward_through_a_graph_cut_in_the_middle():
    x = var(2.0)
    y = x * 3
    z = y * 4
    y.unchain()
    w = y * 5
    (z + w).backward()
    assert y.grad[0] == 5, "the part after the cut"
    assert x.grad[0] == 12, "z still leads to x"


# -- writes ----------------------------------------------------------------------------------------


def test_writes_through_our_api_are_found():
    x, w = var(2.0), var(3.0)
    y = x * w
    w.copydata(var(4.0))
    with pytest.raises(GraphError, match="Multiply: its input 'y' was overwritten"):
        y.backward()


def test_writes_before_forward_are_fine():
    x, w = var(2.0), var(3.0)
    w.copydata(var(4.0))
    (x * w).backward()
    assert x.grad[0] == 4


def test_writes_to_what_no_gradient_needs_are_fine():
    x, w = var(2.0), var(3.0)
    y = x + w
    w.copydata(var(4.0))
    y.backward()
    assert w.grad[0] == 1


def test_debug_mode_finds_any_write():
    with rk.using_config("debug", True):
        x, w = var(2.0), var(3.0)
        y = x * w
        w.array[...] = 9
        with pytest.raises(GraphError, match="Multiply keeps for its gradient was changed"):
            y.backward()


def test_assigning_an_array_is_no_write():
    x, w = var(2.0), var(3.0)
    y = x * w
    w.array = np.array([4.0])
    y.backward()
    assert x.grad[0] == 3


# -- mistakes in gradients -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (lambda gy: gy[:1], r"float64 \(1,\); expected float64 \(2,\)"),
        (lambda gy: gy.astype(np.float32), r"float32 \(2,\); expected float64 \(2,\)"),
    ],
)
def test_wrong_gradients_are_named(gradient, message):
    class Wrong(rk.Function):
        def forward(self, x):
            return x * 2

        def grad_x(self, gy):
            return gradient(gy)

    x = var(1.0, 2.0)
    with pytest.raises(GraphError, match=r"Wrong\.grad_x has a bug.*" + message):
        back(Wrong()(x))


def test_a_gradient_may_be_none():
    class Nothing(rk.Function):
        def forward(self, x):
            return x * 2

        def grad_x(self, gy):
            return None

    x = var(1.0)
    Nothing()(x).backward()
    assert x.grad is None


def test_numpy_scalars_from_gradients_become_arrays():
    class Scalar(rk.Function):
        def forward(self, x):
            return x * 2

        def grad_x(self, gy):
            return gy[()] * 2

    x = Variable(np.array(1.0))
    Scalar()(x).backward()
    assert isinstance(x.grad, np.ndarray)


def test_order_of_the_walk_is_newest_first():
    order = []

    class Named(rk.Function):
        def __init__(self, name):
            self.name = name

        def forward(self, x):
            return x * 1.0

        def grad_x(self, gy):
            order.append(self.name)
            return gy

    x = var(1.0)
    a = Named("a")(x)
    b = Named("b")(x)
    c = Named("c")(a)
    (b + c).backward()
    assert order == ["c", "b", "a"]


def test_rank_counts_the_longest_way():
    x = var(1.0)
    y = x * 2
    z = (y * y) * x
    assert (y.creator.rank, z.creator.rank) == (0, 2)
