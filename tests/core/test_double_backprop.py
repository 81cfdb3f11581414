"""Double backprop, grad() and backward(): the other ways into the engine of graph.py."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import DtypeError, ShapeError
from renkei.core.variable import Variable


def var(*values, **options):
    return Variable(np.array(values, np.float64), **options)


class Halves(rk.Function):
    """Splits an array; both outputs have gradients of their own."""

    outputs = ("a", "b")

    def forward(self, x):
        n = len(x) // 2
        return x[:n].copy(), x[n:].copy()

    def grad_x(self, ga, gb):
        return Joined()(ga, gb)


class Joined(rk.Function):
    def forward(self, a, b):
        return np.concatenate([a, b])

    def grad_a(self, gy):
        return Halves()(gy)[0]

    def grad_b(self, gy):
        return Halves()(gy)[1]


def test_second_derivative_through_several_outputs():
    x = var(1.0, 2.0, 3.0, 4.0)
    a, b = Halves()(x)
    [gx] = rk.grad([a * b * b], [x], enable_double_backprop=True)
    np.testing.assert_array_equal(gx.array, [9, 16, 6, 16])
    [ggx] = rk.grad([gx], [x])
    # d/dx of sum(b^2 + 2ab): by a: 2b, by b: 2b + 2a
    np.testing.assert_array_equal(ggx.array, [6, 8, 8, 12])


# -- double backprop -------------------------------------------------------------------------------


def test_second_and_third_derivative():
    x = var(2.0)
    y = x**4
    [g1] = rk.grad([y], [x], enable_double_backprop=True)
    [g2] = rk.grad([g1], [x], enable_double_backprop=True)
    [g3] = rk.grad([g2], [x])
    assert (float(g1), float(g2), float(g3)) == (32, 48, 48)
    assert x.grad is None


def test_backward_with_double_backprop_stores_variables():
    x = var(3.0)
    y = x * x * x
    y.backward(enable_double_backprop=True)
    g = x.grad_var
    assert g.creator is not None
    x.cleargrad()
    g.backward()
    assert x.grad[0] == 18


def test_gradient_penalty():
    w, x = var(2.0), var(3.0)
    y = w * x * x
    [gx] = rk.grad([y], [x], enable_double_backprop=True)
    (gx * gx).backward()
    assert w.grad[0] == 2 * 12 * 6
    assert x.grad[0] == 2 * 12 * 4


def test_double_backprop_reaches_the_seed():
    x, gy = var(2.0), var(5.0)
    y = x * x
    y.grad_var = gy
    y.backward(enable_double_backprop=True)
    x.grad_var.backward()
    assert gy.grad[0] == 4


def test_plain_backward_from_a_variable_seed_records_nothing():
    x, gy = var(2.0), var(5.0)
    y = x * x
    y.grad_var = gy
    y.backward()
    assert x.grad[0] == 20
    assert x.grad_var.creator is None


def test_accumulation_of_recorded_gradients_keeps_both_graphs():
    x = var(2.0)
    (x * x).backward(enable_double_backprop=True)
    (x * x * x).backward(enable_double_backprop=True)
    g = x.grad_var
    assert float(g) == 4 + 12
    x.cleargrad()
    g.backward()
    assert x.grad[0] == 2 + 12


def test_recorded_diamond():
    x = var(3.0)
    y = x * 2
    [g] = rk.grad([y * y + y * y * y], [x], enable_double_backprop=True)
    [gg] = rk.grad([g], [x])
    # f = 4x^2 + 8x^3
    assert float(g) == 8 * 3 + 24 * 9
    assert float(gg) == 8 + 48 * 3


# -- grad() ----------------------------------------------------------------------------------------


def test_grad_touches_nothing():
    x, w = var(2.0), var(3.0)
    y = x * w
    z = y * y
    gx, gy = rk.grad([z], [x, y])
    assert (float(gx), float(gy)) == (36, 12)
    assert (x.grad, w.grad, y.grad, z.grad) == (None, None, None, None)


def test_grad_of_several_outputs_and_seeds():
    x = var(2.0)
    y, z = x * 3, x * x
    assert float(rk.grad([y, z], [x])[0]) == 7
    assert float(rk.grad([y, z], [x], [var(10.0), None])[0]) == 34
    assert float(rk.grad([y], [x], loss_scale=8.0)[0]) == 24
    assert float(rk.grad([y], [x], grad_inputs=[var(100.0)])[0]) == 103


def test_grad_of_any_shape_starts_from_ones():
    x = var(1.0, 2.0)
    [g] = rk.grad([x * x], [x])
    np.testing.assert_array_equal(g.array, [2, 4])


def test_grad_of_unreachable_inputs_is_none():
    x, other = var(2.0), var(3.0)
    frozen = var(1.0, requires_grad=False)
    assert rk.grad([x * 2], [other, frozen]) == [None, None]
    assert rk.grad([frozen * 2], [x]) == [None]


def test_grad_of_the_output_itself_is_the_seed():
    x = var(2.0)
    y = x * 3
    gy, gx = rk.grad([y], [y, x], [var(5.0)])
    assert (float(gy), float(gx)) == (5, 15)
    assert float(rk.grad([x], [x])[0]) == 1


def test_grad_runs_only_what_lies_between():
    calls = []

    class Watched(rk.Function):
        def __init__(self, name):
            self.name = name

        def forward(self, x):
            return x * 2

        def grad_x(self, gy):
            calls.append(self.name)
            return gy * 2

    x, w = var(2.0), var(3.0)
    a = Watched("from x")(x)
    b = Watched("from w")(w)
    y = Watched("last")(a * b)
    assert float(rk.grad([y], [a])[0]) == 12
    assert calls == ["last"]
    rk.grad([y], [x])
    assert calls == ["last", "last", "from x"]


def test_grad_of_one_of_several_outputs():
    x = var(1.0, 2.0, 3.0, 4.0)
    a, b = Halves()(x)
    ga, gb, gx = rk.grad([a * b], [a, b, x])
    np.testing.assert_array_equal(ga.array, b.array)
    np.testing.assert_array_equal(gb.array, a.array)
    np.testing.assert_array_equal(gx.array, [3, 4, 1, 2])


def test_grad_set_grad_and_retain_grad():
    x = var(2.0)
    y = x * x
    z = y * y
    [g] = rk.grad([z], [x], set_grad=True, retain_grad=True)
    assert x.grad is g.array
    assert y.grad[0] == 8


def test_grad_refuses():
    x = var(2.0)
    y = x * 2
    for call in (
        lambda: rk.grad(y, [x]),
        lambda: rk.grad([y], x),
        lambda: rk.grad([y], [x], y),
        lambda: rk.grad([y], [x], None, y),
    ):
        with pytest.raises(DtypeError, match="a list or a tuple"):
            call()
    with pytest.raises(ShapeError, match="2 of them; expected 1"):
        rk.grad([y], [x], [None, None])
    with pytest.raises(ShapeError):
        rk.grad([y], [x], grad_inputs=[])
    with pytest.raises(ShapeError, match=r"\(2,\).*\(1,\)"):
        rk.grad([y], [x], [var(1.0, 2.0)])


# -- backward() ------------------------------------------------------------------------------------


def test_backward_from_several():
    x = var(2.0)
    y, z = x * 3, x * x
    rk.backward([y, z], [var(1.0), var(10.0)])
    assert x.grad[0] == 43
    y.grad = np.ones(1)
    with pytest.warns(RuntimeWarning, match="no gradient and is left out") as warned:
        rk.backward([y, z])
    assert warned[0].filename == __file__
    assert x.grad[0] == 46


def test_backward_from_several_that_depend_on_each_other():
    x = var(2.0)
    y = x * 3
    z = y * y
    rk.backward([y, z], [var(1.0), var(1.0)])
    assert x.grad[0] == 3 * (1 + 12)


def test_backward_twice_from_the_same():
    x = var(2.0)
    y = x * 3
    rk.backward([y, y], [var(1.0), var(10.0)])
    assert x.grad[0] == 33


def test_backward_with_double_backprop():
    x = var(2.0)
    rk.backward([x * x], [var(1.0)], enable_double_backprop=True)
    g = x.grad_var
    x.cleargrad()
    g.backward()
    assert x.grad[0] == 2


def test_backward_refuses():
    y = var(2.0) * 2
    with pytest.raises(DtypeError):
        rk.backward(y)
    with pytest.raises(ShapeError):
        rk.backward([y], [])


def test_a_seed_of_the_wrong_shape_is_refused():
    x = var(1.0, 2.0)
    with pytest.raises(ShapeError):
        rk.backward([x * 2], [var(1.0)])
