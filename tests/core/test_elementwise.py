"""@elementwise, the operators of Variable, and broadcasting with its gradient."""

from __future__ import annotations

import operator
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import renkei as rk
from renkei.core import dispatch
from renkei.core.elementwise import elementwise
from renkei.core.errors import DtypeError, ShapeError, UninitializedError
from renkei.core.variable import Variable
from renkei.testing import gradient_check

OPERATORS = [
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.pow,
    operator.floordiv,
]
FLOATS = [np.float16, np.float32, np.float64]


@elementwise(x=lambda gy, x: gy * 2 * x)
def square(xp, x):
    """x squared."""
    return x * x


@elementwise(x=lambda gy, y, times: gy * times, b=lambda gy: gy)
def scaled(xp, x, b, times=2, *, shift=0.0):
    return x * times + b + shift


@elementwise(x=lambda gy, c, d: gy * c, c=lambda gy, x: gy * x, d=lambda gy: gy)
def three(xp, x, c, d):
    return x * c + d


@elementwise()
def steps(xp, x):
    return xp.floor(x)


# -- operators in all combinations -----------------------------------------------------------------


def others(dtype):
    """Everything that may stand beside a float32 Variable of shape (2, 3), with its value."""
    return {
        "Variable": Variable(np.full((2, 3), 2.0, dtype)),
        "row": Variable(np.full(3, 2.0, dtype)),
        "0-d Variable": Variable(np.array(2.0, dtype)),
        "array": np.full((2, 3), 2.0, dtype),
        "0-d array": np.array(2.0, dtype),
        "int": 2,
        "float": 2.0,
        "bool": True,
        "numpy scalar": dtype(2),
        "float64 array": np.full((2, 3), 2.0),
        "float64 scalar": np.float64(2),
        "int64 array": np.full((2, 3), 2),
        "int64 scalar": np.int64(2),
    }


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
@pytest.mark.parametrize("kind", sorted(others(np.float32)))
def test_operators_in_all_combinations(op, kind, dtype):
    a = np.linspace(0.5, 3, 6).reshape(2, 3).astype(dtype)
    x = Variable(a)
    other = others(dtype)[kind]
    b = dtype(np.asarray(getattr(other, "array", other)))
    for left, right, expected in ((x, other, op(a, b)), (other, x, op(b, a))):
        y = op(left, right)
        assert isinstance(y, Variable)
        assert y.dtype == dtype
        assert type(y.array) is np.ndarray
        np.testing.assert_allclose(y.array, expected, rtol=2e-3 if dtype is np.float16 else 1e-6)
        assert y.requires_grad == (op is not operator.floordiv)


@pytest.mark.parametrize("op", OPERATORS[:5], ids=lambda op: op.__name__)
@pytest.mark.parametrize("shapes", [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,))])
def test_operator_gradients(op, shapes):
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(0.5, 2.0, shape) for shape in shapes)
    gradient_check(op, [x, y])
    gradient_check(lambda x: op(x, 2), [x])
    gradient_check(lambda x: op(2.5, x), [x])
    gradient_check(lambda x: op(x, y), [x])
    gradient_check(lambda y: op(x, y), [y])


def test_unary_operators():
    x = Variable(np.array([-1.0, 2.0], np.float32))
    np.testing.assert_array_equal((-x).array, [1, -2])
    np.testing.assert_array_equal(abs(x).array, [1, 2])
    assert +x is x
    gradient_check(lambda x: -abs(x), [np.array([-1.0, 2.0])])


def test_in_place_operators_make_new_variables():
    x = Variable(np.array([1.0, 2.0]))
    y = x
    y += 1
    y *= 3
    y -= 1
    y /= 2
    y **= 2
    assert y is not x
    np.testing.assert_array_equal(x.array, [1, 2])
    np.testing.assert_array_equal(y.array, [6.25, 16])
    y.grad = np.ones(2)
    y.backward()
    np.testing.assert_array_equal(x.grad, [7.5, 12])


def test_an_array_on_the_left_makes_one_variable():
    x = Variable(np.ones((2, 3), np.float32))
    y = np.ones((2, 3)) + x
    assert isinstance(y, Variable)
    assert y.shape == (2, 3)
    a = np.ones((2, 3), np.float32)
    a = a + x
    assert isinstance(a, Variable)
    b = np.ones((2, 3), np.float32)
    with pytest.raises(TypeError):
        b += x


@pytest.mark.parametrize("bad", ["1", None, [1.0], (1.0,), {}, object()])
@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
def test_operators_refuse_what_is_no_number(op, bad):
    x = Variable(np.ones(1, np.float32))
    with pytest.raises(TypeError):
        op(x, bad)
    with pytest.raises(TypeError):
        op(bad, x)


@pytest.mark.parametrize("op", OPERATORS[:5], ids=lambda op: op.__name__)
def test_two_dtypes_do_not_mix(op):
    x, y = Variable(np.ones(2, np.float32)), Variable(np.ones(2, np.float64))
    with pytest.raises(
        DtypeError, match=r"float32 and float64; expected Variables of one dtype.*cast"
    ):
        op(x, y)


@pytest.mark.parametrize("op", OPERATORS[:5], ids=lambda op: op.__name__)
def test_shapes_that_do_not_broadcast(op):
    x, y = Variable(np.ones((2, 3))), Variable(np.ones((2, 4)))
    with pytest.raises(
        ShapeError, match=r"got \(2, 3\) and \(2, 4\); expected shapes that broadcast"
    ):
        op(x, y)
    with pytest.raises(ShapeError):
        op(x, y.array)


def test_integers():
    x = Variable(np.array([7, 8]))
    assert (x + x).array.tolist() == [14, 16]
    assert (x * 2).array.tolist() == [14, 16]
    assert (x // 2).array.tolist() == [3, 4]
    assert (x * x).dtype == np.int64
    assert (-x).array.tolist() == [-7, -8]


def test_0d_results_are_arrays():
    x = Variable(np.array(2.0, np.float32))
    for y in (x + 1, 1 - x, x * x, x / 3, x**2, -x, abs(x), x // 2, 2**x):
        assert type(y.array) is np.ndarray
        assert (y.dtype, y.shape) == (np.float32, ())
    y = x * 3 + 1
    y.backward()
    assert type(x.grad) is np.ndarray


def test_labels_of_nodes():
    x = Variable(np.ones(1))
    assert (x + x).creator.label == "Add"
    assert (x + x).creator.op == "add"
    assert scaled(x, x).creator.attrs == {"times": 2, "shift": 0.0}


# -- the decorator ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_unary(dtype):
    a = np.array([1.0, 3.0], dtype)
    assert type(square(a)) is np.ndarray
    assert square(a).dtype == dtype
    y = square(Variable(a))
    assert y.dtype == dtype
    np.testing.assert_array_equal(y.array, [1, 9])
    gradient_check(square, [np.array([1.0, 3.0])])


def test_attributes_by_position_and_name():
    x, b = np.array([1.0]), np.array([10.0])
    for call in (scaled, lambda x, *a, **k: scaled(Variable(x), *a, **k).array):
        assert call(x, b)[0] == 12
        assert call(x, b, 5)[0] == 15
        assert call(x, b, times=5, shift=1)[0] == 16
        with pytest.raises(TypeError):
            call(x, b, 5, 1)
        with pytest.raises(TypeError):
            call(x, b, tims=5)


@pytest.mark.parametrize("shapes", [((2, 3), (3,), ()), ((1,), (2, 1), (2, 2)), ((2,), (2,), (2,))])
def test_three_inputs(shapes):
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=shape) for shape in shapes]
    np.testing.assert_allclose(three(*arrays), arrays[0] * arrays[1] + arrays[2])
    gradient_check(three, arrays)
    gradient_check(lambda c: three(arrays[0], c, arrays[2]), arrays[1:2])
    gradient_check(lambda x: three(x, 2.0, 1), arrays[:1])


def test_without_a_gradient_the_graph_ends():
    y = steps(Variable(np.array([1.5, 2.5])))
    np.testing.assert_array_equal(y.array, [1, 2])
    assert not y.requires_grad


def test_some_gradients_only():
    @elementwise(x=lambda gy, m: gy * m)
    def masked(xp, x, m):
        return x * m

    x, m = Variable(np.ones(2)), Variable(np.full(2, 3.0))
    y = masked(x, m)
    y.grad = np.ones(2)
    y.backward()
    assert m.grad is None
    np.testing.assert_array_equal(x.grad, [3, 3])
    assert not masked(x.array, m).requires_grad


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 3), (2, 1)])
def test_gradients_smaller_than_the_input_are_spread(shape):
    @elementwise(x=lambda gy: np.full(shape, 5.0))
    def constant(xp, x):
        return x * 5.0

    x = Variable(np.ones((2, 3)))
    y = constant(x)
    y.grad = np.ones((2, 3))
    y.backward()
    np.testing.assert_array_equal(x.grad, np.full((2, 3), 5.0))


def test_keeps_name_docstring_and_module():
    assert square.__name__ == "square"
    assert square.__doc__ == "x squared."
    assert square.__module__ == __name__
    assert issubclass(square.node, rk.Function)
    assert square.node.op == "square"


@pytest.mark.parametrize("names", [("a",), ("y",), ("np",), ("a", "b"), ("b", "a"), ("y", "x")])
def test_inputs_may_have_any_names(names):
    space = {}
    exec(f"def product(xp, {', '.join(names)}): return {' * '.join(names)}", space)
    output = "gz" if "y" in names else "gy"
    for name in names:
        rest = [n for n in names if n != name]
        exec(
            f"def g{name}({', '.join([output, *rest])}): return {' * '.join([output, *rest])}",
            space,
        )
    product = elementwise(**{name: space["g" + name] for name in names})(space["product"])
    gradient_check(product, [np.array([2.0, 3.0])] * len(names))
    gradient_check(lambda x: product(x, *[2.0] * (len(names) - 1)), [np.array([2.0, 3.0])])
    with rk.using_config("debug", True):
        gradient_check(product, [np.array([2.0, 3.0])] * len(names))


def test_attributes_may_have_any_names():
    @elementwise(x=lambda gy, node, edge, settings: gy * node * edge * settings)
    def odd(xp, x, node=2, edge=3, *, settings=5, current=1, tick=0, run=0):
        return x * node * edge * settings * current + tick + run

    gradient_check(odd, [np.array([2.0])])
    assert odd(np.array([1.0]))[0] == 30


def test_gradients_for_what_is_no_input_are_refused():
    with pytest.raises(TypeError, match=r"wrong: gradients for \['z'\], which are no inputs"):

        @elementwise(z=lambda gy: gy)
        def wrong(xp, x):
            return x


def test_gradients_that_ask_for_the_unknown_are_refused():
    with pytest.raises(TypeError, match="asks for 'weight'"):

        @elementwise(x=lambda gy, weight: gy)
        def wrong(xp, x):
            return x


def test_bad_arguments():
    with pytest.raises(DtypeError, match="square"):
        square("text")
    with pytest.raises(DtypeError):
        square([1.0])
    with pytest.raises(UninitializedError):
        square(Variable())
    with pytest.raises(TypeError):
        square()


def test_results_of_another_precision_are_brought_back():
    @elementwise(x=lambda gy: gy)
    def doubled(xp, x):
        return x.astype(np.float64) * 2

    assert doubled(np.ones(2, np.float32)).dtype == np.float32
    assert doubled(Variable(np.ones(2, np.float16))).dtype == np.float16


def test_a_hook_sees_what_the_fast_way_computes():
    x = np.array([1.0, 2.0])
    with rk.using_config("debug", True):
        slow = scaled(Variable(x), 3.0, times=4)
        slow.backward if slow.size == 1 else None
        slow.grad = np.ones(2)
        slow.backward()
    np.testing.assert_array_equal(slow.array, scaled(x, 3.0, times=4))


def test_large_arrays_ask_the_kernel_table(monkeypatch):
    calls = []

    @elementwise(x=lambda gy: gy * 2)
    def testing_large(xp, x, times=2):
        return x * times

    @dispatch.kernel("testing_large", backend="native")
    def fast(x, *, times):
        calls.append(x.size)
        return x * times

    small, large = np.ones(10, np.float32), np.ones(dispatch.SMALL, np.float32)
    for wrap in (Variable, lambda a: a):
        testing_large(wrap(small))
        assert calls == []
        y = testing_large(wrap(large), 3)
        assert calls == [dispatch.SMALL]
        assert y[0] == 3 if isinstance(y, np.ndarray) else y.array[0] == 3
        calls.clear()
    dispatch.fast_kernels("testing_large").clear()


# -- broadcasting ----------------------------------------------------------------------------------

shapes = mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(shapes, st.sampled_from(OPERATORS[:4]))
def test_broadcasting_of_operators_and_their_gradients(both, op):
    rng = np.random.default_rng(0)
    a, b = (rng.uniform(0.5, 2.0, shape) for shape in both.input_shapes)
    x, y = Variable(a), Variable(b)
    z = op(x, y)
    assert z.shape == both.result_shape
    np.testing.assert_allclose(z.array, op(a, b))
    z.grad = np.asarray(rng.uniform(0.5, 1.0, z.shape))
    z.backward()
    assert (x.grad.shape, y.grad.shape) == (a.shape, b.shape)
    if z.size:
        gradient_check(op, [a, b])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3))
def test_broadcasting_of_three_inputs(both):
    rng = np.random.default_rng(0)
    gradient_check(three, [rng.normal(size=shape) for shape in both.input_shapes])


def test_power_at_the_edges():
    x = Variable(np.array([0.0, 2.0, -3.0]))
    y = x**2
    y.grad = np.ones(3)
    y.backward()
    np.testing.assert_array_equal(x.grad, [0, 4, -6])
    base, exponent = Variable(np.array([0.0, 2.0])), Variable(np.array([2.0, 3.0]))
    z = base**exponent
    z.grad = np.ones(2)
    z.backward()
    np.testing.assert_allclose(exponent.grad, [0, 8 * np.log(2)])
    np.testing.assert_allclose(base.grad, [0, 12])
    np.testing.assert_allclose((0**exponent).array, [0, 0])


def test_a_warning_made_an_error_speaks_for_itself():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="divide by zero"):
            rk.functions.log(rk.Variable(np.zeros(2)))
