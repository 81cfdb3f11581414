"""Variable and Parameter: what holds an array, shows it, copies it and refuses."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import DtypeError, GraphError, ShapeError, UninitializedError
from renkei.core.variable import Variable, as_variable, from_dlpack


def f32(*values):
    return np.array(values, np.float32)


# -- the array -------------------------------------------------------------------------------------


def test_holds_the_array_itself():
    a = np.zeros((2, 3), np.float32)
    x = Variable(a, name="x")
    assert x.array is a
    assert x.data is a
    assert (x.shape, x.ndim, x.size, x.dtype, len(x), x.name) == ((2, 3), 2, 6, a.dtype, 2, "x")
    assert x.xp is np
    assert str(x.device) == "@numpy"
    assert x.creator is None


@pytest.mark.parametrize("data", [[1.0], 1.0, "text", np.float32(1), (1, 2), object()])
def test_wants_an_array(data):
    with pytest.raises(DtypeError, match=r"Variable\(data\).*expected an array.*numpy.asarray"):
        Variable(data)


def test_of_a_variable_hints_at_array():
    with pytest.raises(DtypeError, match=r"Use \.array of it"):
        Variable(Variable(f32(1)))


def test_without_data_waits_for_an_array():
    x = Variable()
    assert x.array is None
    assert x.label == "(None)"
    assert repr(x) == "variable(None)"
    with pytest.raises(UninitializedError, match="This Variable holds no array yet"):
        x.shape
    with pytest.raises(UninitializedError, match="Variable 'W' holds no array"):
        Variable(name="W").dtype
    with pytest.raises(UninitializedError):
        x + 1
    with pytest.raises(UninitializedError):
        Variable(f32(1)) * x


def test_array_is_settable_to_any_shape():
    x = Variable(f32(1, 2))
    x.array = f32(1, 2, 3)
    assert x.shape == (3,)
    y = x * 2
    y.grad = f32(1, 1, 1)
    y.backward()
    np.testing.assert_array_equal(x.grad, f32(2, 2, 2))
    x.data = np.zeros((1, 1), np.float64)
    assert x.dtype == np.float64
    with pytest.raises(DtypeError, match=r"Variable\.array = a"):
        x.array = [1, 2]


def test_filled_later_it_wants_what_it_was_told():
    x, y = Variable(), Variable(requires_grad=False)
    assert (x.requires_grad, y.requires_grad) == (True, False)
    x.array = y.array = f32(1, 2)
    z = x * y
    z.grad = f32(1, 1)
    z.backward()
    np.testing.assert_array_equal(x.grad, f32(1, 2))
    assert y.grad is None
    assert copy.copy(Variable()).requires_grad


def test_an_integer_array_ends_the_wish_for_a_gradient():
    x = Variable(f32(1, 2))
    x.array = np.array([1, 2])
    assert not x.requires_grad
    assert not (x * 2).requires_grad


def test_scalars_out():
    x = Variable(f32(2.5))
    assert (x.item(), float(x), int(x)) == (2.5, 2.5, 2)
    assert float(Variable(np.array(1.5))) == 1.5
    with pytest.raises(ValueError):
        float(Variable(f32(1, 2)))


# -- gradients -------------------------------------------------------------------------------------


def test_grad_is_checked():
    x = Variable(f32(1, 2))
    x.grad = f32(3, 4)
    np.testing.assert_array_equal(x.grad, f32(3, 4))
    np.testing.assert_array_equal(x.grad_var.array, f32(3, 4))
    with pytest.raises(TypeError, match=r"Dtype of data and grad.*float64 != data: float3"):
        x.grad = np.ones(2)
    with pytest.raises(ValueError, match=r"Shape of data and grad.*\(3,\) != data: \(2,\)"):
        x.grad = f32(1, 2, 3)
    with pytest.raises(DtypeError, match=r"Variable\.grad = g"):
        x.grad = [1.0, 2.0]
    with pytest.raises(ShapeError):
        x.grad_var = Variable(f32(1))
    np.testing.assert_array_equal(x.grad, f32(3, 4))


def test_grad_in_the_constructor():
    assert Variable(f32(1), grad=f32(2)).grad[0] == 2
    with pytest.raises(ShapeError):
        Variable(f32(1), grad=f32(1, 2))


def test_grad_var_is_made_once_and_kept():
    x = Variable(f32(1), grad=f32(2))
    g = x.grad_var
    assert isinstance(g, Variable)
    assert x.grad_var is g
    assert x.grad is g.array
    assert Variable(f32(1)).grad_var is None
    x.grad_var = None
    assert x.grad is None


def test_clear_and_zero():
    x = Variable(f32(1, 2), grad=f32(3, 4))
    x.zerograd()
    np.testing.assert_array_equal(x.grad, f32(0, 0))
    x.cleargrad()
    assert x.grad is None


def test_grad_of_a_result_belongs_to_the_graph_not_to_the_python_object():
    x = Variable(f32(1, 2))
    y = x * 2
    y.grad = f32(1, 1)
    y.cleargrad()
    assert y.grad is None
    y.grad = f32(1, 3)
    y.backward()
    np.testing.assert_array_equal(x.grad, f32(2, 6))


def test_grad_of_a_result_that_was_not_recorded():
    with rk.no_backprop_mode():
        y = Variable(f32(1)) * 2
    assert y.grad is None
    y.grad = f32(5)
    assert y.grad[0] == 5
    y.backward()


def test_addgrad():
    x, y = Variable(f32(1)), Variable(f32(1), grad=f32(3))
    x.addgrad(y)
    assert x.grad is not y.grad
    x.addgrad(y)
    assert (x.grad[0], y.grad[0]) == (6, 3)
    x.addgrad(Variable(f32(1)))
    assert x.grad[0] == 6


def test_copydata():
    x, y = Variable(f32(1, 2)), Variable(f32(3, 4))
    a = x.array
    x.copydata(y)
    assert x.array is a
    np.testing.assert_array_equal(a, f32(3, 4))
    with pytest.raises(ShapeError, match=r"copydata\(other\)"):
        x.copydata(Variable(f32(1)))


def test_requires_grad():
    x = Variable(f32(1))
    assert x.requires_grad
    x.requires_grad = False
    assert not (x * 2).requires_grad
    x.requires_grad = True
    assert (x * 2).requires_grad
    with pytest.raises(GraphError, match="no function made"):
        (x * 2).requires_grad = False
    assert not Variable(f32(1), requires_grad=False).requires_grad


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8, bool])
def test_integers_never_want_gradients(dtype):
    x = Variable(np.ones(2, dtype))
    assert not x.requires_grad
    y = x + x
    assert not y.requires_grad
    assert y.dtype == dtype
    with pytest.raises(DtypeError, match="a float dtype"):
        x.requires_grad = True


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_want_gradients(dtype):
    assert Variable(np.ones(2, dtype)).requires_grad


# -- the graph, as a Variable shows it -------------------------------------------------------------


def test_creator_and_name():
    x = Variable(f32(1), name="x")
    y = x * 2
    assert y.name is None
    y.name = "y"
    assert (x.name, y.name) == ("x", "y")
    assert y.creator.label == "Multiply"
    assert y.summary() == "<variable y>"
    assert (x * 2).summary().startswith("<variable at 0x")


def test_unchain_makes_a_leaf_and_keeps_the_gradient():
    x = Variable(f32(1))
    y = x * 2
    y.grad = f32(7)
    z = y * 3
    y.unchain()
    assert y.creator is None
    assert y.requires_grad
    assert y.grad[0] == 7
    z.backward()
    assert x.grad is not None, "z was made before unchain and still leads to x"
    x.cleargrad()
    (y * 3).backward()
    assert x.grad is None
    assert y.grad[0] == 10
    x.unchain()
    assert x.requires_grad


def test_as_variable():
    x = Variable(f32(1))
    assert as_variable(x) is x
    y = as_variable(x.array)
    assert y.array is x.array
    assert not y.requires_grad


# -- what it looks like ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "rep", "text"),
    [
        (Variable(f32(0, 1, 2)), "variable([0., 1., 2.])", "variable([0. 1. 2.])"),
        (Variable(f32(0, 1), name="x"), "variable x([0., 1.])", "variable x([0. 1.])"),
        (Variable(np.array([1, 2])), "variable([1, 2])", "variable([1 2])"),
        (Variable(np.array(3.0, np.float32)), "variable(3.)", "variable(3.)"),
        (Variable(np.zeros((0, 2))), "variable([], shape=(0, 2))", "variable([], shape=(0, 2))"),
        (Variable(np.zeros(0)), "variable([])", "variable([])"),
        (Variable(None), "variable(None)", "variable(None)"),
    ],
)
def test_repr_and_str(x, rep, text):
    assert repr(x) == rep
    assert str(x) == text


def test_repr_of_a_matrix_is_aligned():
    x = Variable(np.arange(4, dtype=np.float32).reshape(2, 2), name="x")
    assert repr(x) == "variable x([[0., 1.],\n            [2., 3.]])"


def test_html_escapes_and_names_the_origin():
    x = Variable(f32(1, 2), name="<b>")
    assert "&lt;b&gt;" in x._repr_html_()
    assert "<b><b>" not in x._repr_html_()
    assert "leaf" in x._repr_html_()
    assert "(2,), float32" in x._repr_html_()
    assert "made by Multiply" in (x * 2)._repr_html_()
    assert "None" in Variable()._repr_html_()


def test_label():
    assert Variable(np.zeros((2, 3), np.float32)).label == "(2, 3), float32"
    assert Variable(np.zeros((), np.float32)).label == "float32"


def test_debug_print():
    x = Variable(np.arange(6, dtype=np.float32).reshape(2, 3), name="x")
    assert x.debug_print().splitlines() == [
        "<variable x>",
        "- device: @numpy",
        "- backend: <class 'numpy.ndarray'>",
        "- shape: (2, 3)",
        "- dtype: float32",
        "- statistics: mean=2.50000000, std=1.70782518",
        "- grad: None",
    ]
    x.grad = np.ones((2, 3), np.float32)
    assert x.debug_print().endswith("- grad: mean=1.00000000, std=0.00000000")
    assert "empty" in Variable(np.zeros((0, 2))).debug_print()
    assert "- grad: None" in Variable().debug_print()


# -- comparison, hashing, truth --------------------------------------------------------------------


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("other", ["x", "x.array", "1"])
def test_comparison_is_refused(op, other):
    x = Variable(f32(1))
    for text in (f"x {op} {other}", f"{other} {op} x"):
        with pytest.raises(TypeError, match=r"Variables do not support .* operator"):
            eval(text, {"x": x})


def test_truth_and_hash_are_refused():
    with pytest.raises(TypeError, match=r"bool\(\).*`array` attribute"):
        bool(Variable(f32(1)))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Variable(f32(1)))


# -- exchange with other libraries -----------------------------------------------------------------


def test_numpy_sees_the_array():
    x = Variable(f32(1, 2))
    assert np.asarray(x) is x.array or np.shares_memory(np.asarray(x), x.array)
    assert np.array(x, np.float64).dtype == np.float64
    made = np.array(x)
    made[0] = 9
    assert x.array[0] == 1
    np.testing.assert_array_equal(np.stack([x, x]), [[1, 2], [1, 2]])
    assert np.asarray(x * 2).tolist() == [2, 4]
    with pytest.raises(ValueError, match="copy"):
        np.array(x, np.float64, copy=False)


def test_dlpack_shares_memory_both_ways():
    x = Variable(f32(1, 2, 3))
    there = np.from_dlpack(x)
    assert np.shares_memory(there, x.array)
    assert x.__dlpack_device__() == (1, 0)
    a = np.arange(3, dtype=np.float32)
    back = from_dlpack(a)
    assert np.shares_memory(back.array, a)
    assert back.requires_grad
    again = rk.from_dlpack(x)
    assert np.shares_memory(again.array, x.array)
    with pytest.raises(DtypeError, match="__dlpack__"):
        from_dlpack([1, 2])


def test_numpy_functions_do_not_swallow_variables():
    x = Variable(f32(1, 2))
    with pytest.raises(TypeError):
        np.add(x, x)
    with pytest.raises(TypeError):
        np.sin(x)


# -- copies ----------------------------------------------------------------------------------------


def test_copy_shares_array_and_gradient_but_not_the_graph():
    x = Variable(f32(1, 2), name="x", grad=f32(3, 4))
    twin = copy.copy(x)
    assert type(twin) is Variable
    assert twin.array is x.array
    assert twin.grad is x.grad
    assert twin.name == "x"
    y = twin * 2
    y.grad = f32(1, 1)
    y.backward()
    np.testing.assert_array_equal(twin.grad, f32(5, 6))
    np.testing.assert_array_equal(x.grad, f32(3, 4))
    assert copy.copy(x * 2).creator is None
    assert not copy.copy(Variable(f32(1), requires_grad=False)).requires_grad


def test_deepcopy_shares_nothing():
    x = Variable(f32(1, 2), grad=f32(3, 4))
    twin = copy.deepcopy(x)
    assert not np.shares_memory(twin.array, x.array)
    assert not np.shares_memory(twin.grad, x.grad)
    pair = copy.deepcopy([x, x])
    assert pair[0] is pair[1]
    assert copy.deepcopy(Variable()).array is None
    assert copy.deepcopy(x * 2).requires_grad


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_keeps_values_not_the_graph(protocol):
    x = Variable(f32(1, 2), name="x", grad=f32(3, 4))
    twin = pickle.loads(pickle.dumps(x, protocol))
    np.testing.assert_array_equal(twin.array, x.array)
    np.testing.assert_array_equal(twin.grad, x.grad)
    assert (twin.name, twin.requires_grad, type(twin)) == ("x", True, Variable)
    assert pickle.loads(pickle.dumps(x * 2, protocol)).creator is None
    frozen = Variable(f32(1), requires_grad=False)
    assert not pickle.loads(pickle.dumps(frozen, protocol)).requires_grad
    assert pickle.loads(pickle.dumps(Variable(), protocol)).array is None


def test_iteration_and_membership_of_plain_variables():
    assert len(Variable(np.zeros((4, 2)))) == 4
    with pytest.raises(TypeError):
        len(Variable(np.zeros(())))


def test_to_device_on_the_host_changes_nothing():
    x = Variable(f32(1, 2), grad=f32(3, 4))
    a, g = x.array, x.grad
    x.to_device("@numpy")
    x.to_cpu()
    assert x.array is a
    assert x.grad is g
