"""Function: naming, keeping, several outputs, residuals, variadic inputs, and clear errors."""

from __future__ import annotations

import gc
import sys
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import DeviceError, DtypeError, RangeError, ShapeError, UsageError
from renkei.core.function import OPERATIONS, Plan
from renkei.core.variable import Variable


def var(*values, **options):
    return Variable(np.array(values, np.float64), **options)


class Affine(rk.Function):
    """x * w + b, with an optional b."""

    def check(self, x, w, b=None):
        if x.shape != w.shape:
            raise ShapeError("affine(x, w, b)", f"{x.shape} and {w.shape}", "equal shapes")
        return rk.Spec(x.shape, x.dtype)

    def forward(self, x, w, b=None):
        return x * w if b is None else x * w + b

    def grad_x(self, gy, w):
        return gy * w

    def grad_w(self, gy, x):
        return gy * x

    def grad_b(self, gy):
        return gy


class Normalize(rk.Function):
    """(x - mean) / std over everything, keeping what the gradient needs."""

    residuals = ("mean", "std")

    def forward(self, x):
        mean, std = np.asarray(x.mean()), np.asarray(x.std())
        return (x - mean) / std, mean, std

    def grad_x(self, gy, y, std):
        return (gy - gy.mean() - y * (gy * y).mean()) / std


class Stack(rk.Function):
    def forward(self, *xs):
        return np.stack(xs)

    def grads(self, wanted, gy):
        Stack.wanted = wanted
        return tuple(Take(i)(gy) for i in range(len(wanted)))


class Take(rk.Function):
    def __init__(self, i):
        self.i = i

    def forward(self, x):
        return np.ascontiguousarray(x[self.i])


class Unstack(rk.Function):
    outputs = ("*ys",)

    def forward(self, x):
        return tuple(np.ascontiguousarray(row) for row in x)

    def grad_x(self, gys):
        Unstack.seen = [g is None for g in gys]
        shape = self.specs.x.shape[1:]
        return np.stack([np.zeros(shape) if g is None else g for g in gys])


# -- application -----------------------------------------------------------------------------------


def test_arrays_in_arrays_out_and_nothing_recorded():
    node = Affine()
    y = node(np.ones(2), np.ones(2))
    assert type(y) is np.ndarray
    assert node.inputs is None


def test_a_variable_in_variables_out():
    y = Affine()(var(1.0), np.array([2.0]))
    assert isinstance(y, Variable)
    assert y.requires_grad
    y = Affine()(var(1.0, requires_grad=False), np.array([2.0]))
    assert isinstance(y, Variable)
    assert not y.requires_grad
    assert y.creator is None


def test_one_object_is_one_application():
    node = Affine()
    node(var(1.0), var(2.0))
    with pytest.raises(UsageError, match="Affine was applied already"):
        node(var(1.0), var(2.0))
    bare = Affine()
    bare(np.ones(1), np.ones(1))
    bare(np.ones(1), np.ones(1))


def test_optional_inputs():
    x, w, b = var(2.0), var(3.0), var(4.0)
    Affine()(x, w).backward()
    assert (x.grad[0], w.grad[0]) == (3, 2)
    Affine()(x, w, None).backward()
    assert (x.grad[0], w.grad[0]) == (6, 4)
    y = Affine()(x, w, b)
    y.backward()
    assert y.array[0] == 10
    assert b.grad[0] == 1


def test_residuals_are_kept_and_not_returned():
    x = var(1.0, 2.0, 4.0)
    y = Normalize()(x)
    assert isinstance(y, Variable)
    assert len(y.creator.kept) == 2
    y.grad = np.array([1.0, 0.0, 0.0])
    y.backward()
    assert x.grad.sum() == pytest.approx(0)
    assert type(Normalize()(x.array)) is np.ndarray


def test_variadic_inputs_and_joint_gradients():
    xs = [var(1.0), var(2.0, requires_grad=False), var(3.0)]
    y = Stack()(*xs)
    y.grad = np.array([[1.0], [2.0], [3.0]])
    y.backward()
    assert Stack.wanted == (True, False, True)
    assert (xs[0].grad[0], xs[1].grad, xs[2].grad[0]) == (1, None, 3)


def test_joint_gradients_are_asked_only_for_what_lies_between():
    x, w = var(1.0), var(2.0)
    [g] = rk.grad([Stack()(x, w)], [w])
    assert Stack.wanted == (False, True)
    assert g.array[0] == 1


def test_joint_gradients_skip_dead_leaves():
    x = var(1.0)
    y = Stack()(x, var(2.0))
    gc.collect()
    y.grad = np.ones((2, 1))
    y.backward()
    assert Stack.wanted == (True, False)


def test_variadic_outputs():
    x = Variable(np.arange(6.0).reshape(3, 2))
    ys = Unstack()(x)
    assert len(ys) == 3
    ys[1].grad = np.ones(2)
    ys[1].backward()
    assert Unstack.seen == [True, False, True]
    np.testing.assert_array_equal(x.grad, [[0, 0], [1, 1], [0, 0]])
    assert len(Unstack()(Variable(np.ones((1, 2))))) == 1
    assert isinstance(Unstack()(np.ones((1, 2))), tuple)


def test_gradients_may_ask_for_all_variadic_inputs_or_outputs():
    class Product(rk.Function):
        def forward(self, first, *xs):
            return first * np.prod(xs, axis=0)

        def grads(self, wanted, gy, first, xs):
            values = [first, *xs]
            rest = [np.prod(values[:i] + values[i + 1 :], axis=0) for i in range(len(values))]
            return [gy * r for r in rest]

    class Powers(rk.Function):
        outputs = ("*ys",)

        def __init__(self, n):
            self.n = n

        def forward(self, x):
            return tuple(x**k for k in range(1, self.n + 1))

        def grad_x(self, gys, ys, x):
            terms = [k * gy * y / x for k, (gy, y) in enumerate(zip(gys, ys), 1) if gy is not None]
            return sum(terms)

    xs = [var(2.0), var(3.0), var(5.0)]
    Product()(*xs).backward()
    assert [float(x.grad[0]) for x in xs] == [15, 10, 6]
    x = var(2.0)
    square, cube = Powers(3)(x)[1:]
    (square + cube).backward()
    assert x.grad[0] == 4 + 12


def test_residuals_are_constants_in_double_backprop():
    class Square(rk.Function):
        residuals = ("r",)

        def forward(self, x):
            return x * x, x.copy()

        def grad_x(self, gy, r):
            return gy * r * 2

    x, gy = var(3.0), var(1.0)
    [g] = rk.grad([Square()(x)], [x], [gy], enable_double_backprop=True)
    by_x, by_gy = rk.grad([g], [x, gy])
    assert float(g) == 6
    assert by_x is None
    assert float(by_gy) == 6


def test_integer_outputs_want_no_gradient():
    class Split(rk.Function):
        outputs = ("value", "index")

        def forward(self, x):
            return x * 2, np.argsort(x)

        def grad_x(self, gvalue):
            return gvalue * 2

    x = var(3.0, 1.0)
    value, index = Split()(x)
    assert value.requires_grad
    assert not index.requires_grad
    value.grad = np.ones(2)
    value.backward()
    np.testing.assert_array_equal(x.grad, [2, 2])


def test_a_function_without_gradients_cuts_the_graph():
    y = Take(0)(Variable(np.ones((2, 2))))
    assert not y.requires_grad
    assert y.creator is None


def test_plain_list_results_of_one_output_are_one_result():
    class Identity(rk.Function):
        def forward(self, x):
            return x

    a = np.ones(2)
    assert Identity()(a) is a


# -- what is kept ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [((1, 0, 0), ["w"]), ((0, 1, 0), ["x"]), ((0, 0, 1), []), ((1, 1, 1), ["x", "w"])],
)
def test_only_what_the_wanted_gradients_name_is_kept(wanted, kept):
    arrays = {name: np.ones(2) for name in "xwb"}
    args = [
        Variable(a, requires_grad=bool(want))
        for a, want in zip(arrays.values(), wanted, strict=True)
    ]
    y = Affine()(*args)
    held = [name for name in "xwb" if any(k is arrays[name] for k in y.creator.kept)]
    assert held == kept
    assert len(y.creator.kept) == len(kept)


def test_plans_are_shared_between_calls():
    x, w = var(1.0), var(2.0)
    assert Affine()(x, w).creator.plan is Affine()(x, w).creator.plan
    assert Affine()(x, w.array).creator.plan is not Affine()(x, w).creator.plan


def test_many_lengths_of_variadic_inputs_do_not_grow_the_plans_without_bound():
    for n in range(1, 300):
        Stack()(*[var(1.0)] * n)
    assert len(Stack._plans) <= 257


def test_attributes_are_what_init_stored():
    y = Stack()(var(1.0))
    assert y.creator.attrs == {}
    assert Take(3).attrs == {"i": 3}


def test_specs_by_name_and_number():
    node = Affine()(var(1.0, 2.0), var(1.0, 2.0)).creator
    assert node.specs.w == rk.Spec((2,), np.dtype(np.float64))
    assert node.specs[0].ndim == 1
    assert len(node.specs) == 2


def test_the_graph_does_not_hold_variables():
    x = var(1.0)
    y = Affine()(x, var(2.0))
    held = weakref.ref(y)
    z = Affine()(y, var(3.0))
    del y
    gc.collect()
    assert held() is None
    z.backward()
    assert x.grad[0] == 6


def test_no_reference_cycles():
    """A graph is freed by counting references, without the collector."""
    gc.collect()
    gc.disable()
    try:
        x = var(1.0, 2.0)
        y = Affine()(x, x)
        node = weakref.ref(y.creator)
        z = y * y + Normalize()(Stack()(y, y))
        z.grad = np.ones_like(z.array)
        z.backward()
        del y, z
        assert node() is None
    finally:
        gc.enable()


# -- names -----------------------------------------------------------------------------------------


def test_operation_names_and_registry():
    class BatchNormalization2D(rk.Function):
        def forward(self, x):
            return x

    class Named(rk.Function):
        op = "testing_named"

        def forward(self, x):
            return x

    class Base(rk.Function):
        pass

    assert BatchNormalization2D.op == "batch_normalization2_d"
    assert OPERATIONS["testing_named"] is Named
    assert Base not in OPERATIONS.values()
    assert Named().label == "Named"


def test_a_gradient_that_asks_for_something_unknown_is_refused():
    class Unknown(rk.Function):
        def forward(self, x):
            return x

        def grad_x(self, gy, weight):
            return gy

    with pytest.raises(TypeError, match="Unknown: a gradient asks for 'weight'; there are gy, gys"):
        Unknown()(var(1.0))


def test_plan_numbers_inputs_outputs_and_residuals():
    plan = Plan(Normalize, 1, 1, 1)
    assert plan.keep == [1, 3]  # x 0, y 1, mean 2, std 3
    assert plan.kept_inputs == frozenset()
    assert [(i, places) for i, _, places, _ in plan.calls] == [(0, (0, 1, 2))]


# -- errors ----------------------------------------------------------------------------------------


def test_checks_speak_in_the_callers_words():
    with pytest.raises(
        ShapeError, match=r"affine\(x, w, b\): got \(1,\) and \(2,\); expected equal"
    ):
        Affine()(var(1.0), var(1.0, 2.0))


def test_checks_can_be_turned_off_and_still_explain():
    with rk.using_config("type_check", False):
        assert Affine()(np.ones((1, 2)), np.ones((2, 1))).shape == (2, 2)

        class Picky(Affine):
            def forward(self, x, w, b=None):
                return np.dot(x, w)

        with pytest.raises(ShapeError, match="affine"):
            Picky()(np.ones((2, 3)), np.ones((2, 2)))


@pytest.mark.parametrize("bad", ["text", {1: 2}])
def test_arguments_that_are_no_arrays_are_named(bad):
    class Twice(rk.Function):
        def forward(self, x):
            return x.sum() * 2

    with pytest.raises(DtypeError, match=r"twice\(x\): got x .*; expected arrays or Variables"):
        Twice()(bad)


def test_failures_in_forward_get_a_note():
    class Fails(rk.Function):
        def forward(self, x, y):
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken") as raised:
        Fails()(np.ones(2), np.ones((3, 1), np.float32))
    assert raised.value.__notes__ == ["in fails(x, y): got x float64 (2,), y float32 (3, 1)"]


def test_arrays_of_two_devices_are_named(monkeypatch):
    class Array:
        shape, dtype = (2,), np.dtype(np.float32)

    class Adds(rk.Function):
        def forward(self, x, y):
            raise TypeError("unsupported operand")

    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(ndarray=Array))
    with pytest.raises(DeviceError, match=r"adds\(x, y\).*all arrays on one device.*to_device"):
        Adds()(np.ones(2), Array())


def test_errors_that_are_meant_pass_through():
    class Meant(rk.Function):
        def forward(self, x):
            raise RangeError("meant(x)", "7", "less")

    with pytest.raises(RangeError, match=r"meant\(x\): got 7; expected less"):
        Meant()(np.ones(1))


def test_base_class_is_abstract():
    class Empty(rk.Function):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty\.forward"):
        Empty()(np.ones(1))
    with pytest.raises(NotImplementedError, match=r"Empty\.check"):
        Empty().check()
