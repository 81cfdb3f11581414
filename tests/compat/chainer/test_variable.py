"""Chainer's rules for Variables and Parameters."""

import copy
import pickle

import numpy as np
import pytest

import renkei as rk
from renkei.compat import chainer
from renkei.compat.chainer import functions as F
from renkei.compat.chainer._wrap import as_parameter, reclassed, wrapped


def floats(*shape):
    return np.random.RandomState(0).uniform(-1, 1, shape).astype(np.float32)


def test_isinstance_holds_across_both():
    ours, theirs = rk.Variable(floats(2)), chainer.Variable(floats(2))
    assert isinstance(ours, chainer.Variable) and isinstance(theirs, rk.Variable)
    assert isinstance(rk.Parameter(floats(2)), chainer.Parameter)
    assert not isinstance(ours, chainer.Parameter) and not isinstance(floats(2), chainer.Variable)

    class Special(chainer.Variable):
        pass

    assert not isinstance(ours, Special)


@pytest.mark.parametrize(
    "expression",
    ["x + 1", "1 - x", "x * x", "2 / x", "x[0]", "x.T", "x.sum()", "abs(x)", "x @ x.T", "-x",
     "x.mean(axis=0)", "x.reshape(3, 2)", "list(x)[0]", "floats(2, 3) + x"],
)  # fmt: skip
def test_operators_give_the_facades_variables(expression):
    x = chainer.Variable(floats(2, 3))
    assert type(eval(expression, {"x": x, "floats": floats})) is chainer.Variable


def test_functions_take_arrays_and_return_variables():
    y = F.relu(floats(2, 3))
    assert type(y) is chainer.Variable and not y.requires_grad
    parts = F.split_axis(floats(2, 4), 2, 1)
    assert [type(p) for p in parts] == [chainer.Variable] * 2


@pytest.mark.parametrize(
    ("expression", "label"),
    [("x + 1", "_ + 1"), ("x - 1", "_ + (-1)"), ("1 - x", "1 - _"), ("x * 2", "_ * 2"),
     ("x / 2", "_ * 0.5"), ("2 / x", "2 / _"), ("x ** 2", "_ ** 2"), ("x + x", "_ + _"),
     ("-x", "__neg__"), ("F.exp(x)", "exp"), ("F.relu(x)", "ReLU"), ("x[0]", "GetItem")],
)  # fmt: skip
def test_labels_of_functions(expression, label):
    x = chainer.Variable(floats(2))
    assert eval(expression, {"x": x, "F": F}).creator.label == label


def test_the_graph_can_be_walked():
    x = chainer.Variable(floats(2), name="x")
    y = F.exp(x * x)
    product = y.creator.inputs[0].creator
    assert product.label == "_ * _" and [n.name for n in product.inputs] == ["x", "x"]
    assert product.inputs[0].get_variable() is x and x.creator is None
    assert (x.rank, y.rank, product.rank, product.inputs[0] is x.node) == (0, 2, 0, True)
    y.unchain_backward()
    assert y.creator is None


def test_a_node_is_one_object_while_it_is_held():
    for variable in (chainer.Variable(floats(2)), chainer.Variable(floats(2), requires_grad=False)):
        node = variable.node
        assert variable.node is node and node.label == "(2), float32"


def test_removed_and_unknown_arguments():
    with pytest.raises(ValueError, match="volatile argument is not supported anymore"):
        chainer.Variable(floats(2), volatile=True)
    with pytest.raises(TypeError, match=r"unexpected keyword argument\(s\) 'foo'"):
        chainer.Variable(floats(2), foo=1)
    with pytest.raises(TypeError, match="Type of grad is invalid"):
        chainer.Variable(floats(2), grad=3)


def test_a_variable_of_one_element_is_no_scalar():
    x = chainer.Variable(floats(1))
    with pytest.warns(DeprecationWarning, match="Treating a variable with only one element"):
        (x * 2).backward()
    with pytest.warns(DeprecationWarning, match="Variable.zerograd"):
        x.zerograd()
    assert x.grad.tolist() == [0]


def test_gradients_carry_their_graph():
    x = chainer.Variable(np.array(2.0, np.float32))
    (x * x * x).backward(enable_double_backprop=True)
    assert type(x.grad_var) is chainer.Variable
    (gg,) = chainer.grad([x.grad_var], [x])
    assert gg.array == 12
    twin = chainer.Variable(np.array(2.0, np.float32))
    twin.addgrad(x)
    assert twin.grad_var.creator is not None or twin.grad_var is x.grad_var


def test_a_fresh_parameter_has_nan_for_a_gradient():
    p = chainer.Parameter(1, (2,))
    assert np.isnan(p.grad).all() and rk.Parameter(1, (2,)).grad is None
    p.cleargrad()
    assert p.grad is None


def test_an_open_parameter():
    p = chainer.Parameter()
    with pytest.raises(RuntimeError, match=r"Cannot retrieve Variable\.grad"):
        _ = p.grad
    twin = copy.deepcopy(p)
    twin.initialize((2,))
    assert np.isnan(twin.grad).all() and not p.is_initialized
    p.cleargrad()
    p.initialize((2,))
    assert p.grad is None
    loaded = pickle.loads(pickle.dumps(chainer.Parameter(3)))
    loaded.initialize((1,))
    assert loaded.array.tolist() == [3]


def test_copydata_and_addgrad_fill_an_open_parameter():
    p, q = chainer.Parameter(), chainer.Parameter(floats(3))
    q.grad = floats(3)
    p.addgrad(q)
    assert p.shape == (3,) and np.isnan(p.grad).all()  # nobody has cleared it
    p.cleargrad()
    p.addgrad(q)
    np.testing.assert_array_equal(p.grad, q.grad)
    r = chainer.Parameter()
    r.copydata(q)
    np.testing.assert_array_equal(r.array, q.array)


def test_engine_objects_change_their_class_in_place():
    v, p = rk.Variable(floats(2)), rk.Parameter(floats(2))
    assert wrapped(v) is v and type(v) is chainer.Variable
    assert as_parameter(p) is p and type(p) is chainer.Parameter and np.isnan(p.grad).all()
    row = (rk.Variable(floats(1)), floats(1))
    assert reclassed(row) is row and type(row[0]) is chainer.Variable and type(row[1]) is np.ndarray


def test_unchain_in_the_middle_of_a_graph():
    x = chainer.Variable(floats(4))
    for h in (x * 2, F.split_axis(F.concat([x, x], 0), 2, 0)[0]):
        rank = h.rank
        y = F.sum(h * 3)
        h.unchain()
        y.backward()
        assert h.grad.tolist() == [3] * 4 and x.grad is None
        assert h.creator is None and h.rank == rank


def test_only_one_of_several_outputs_is_cut_off():
    x = chainer.Variable(floats(4))
    a, b = F.split_axis(x, 2, 0)
    y = F.sum(a * 2) + F.sum(b * 5)
    a.creator = None
    y.backward()
    assert x.grad.tolist() == [0, 0, 5, 5] and a.grad.tolist() == [2, 2]


def test_creators_can_be_set():
    class Double(chainer.FunctionNode):
        def forward(self, inputs):
            return (inputs[0] * 2,)

        def backward(self, indexes, grad_outputs):
            return (grad_outputs[0] * 2,)

    x = chainer.Variable(floats(3))
    node = Double()
    (h,) = node.apply((x,))
    y = F.sum(h)
    h.unchain()
    h.creator_node = node
    assert h.creator is node and h.rank == node.rank + 1
    y.backward()
    assert x.grad.tolist() == [2] * 3
    empty = chainer.Variable()
    empty.creator = function = chainer.Function()
    assert empty.creator is function and empty.creator_node is function.node and empty.rank == 1


def test_the_gradient_that_backward_started_from():
    x = chainer.Variable(floats(2))
    y = x * 2
    y.grad = np.ones(2, np.float32)
    given = y.grad_var
    y.backward(retain_grad=True)
    assert y.grad_var is given
    y.backward()
    assert y.grad is None


def test_labels_and_open_variables():
    assert chainer.Variable(floats(1)).label == "(1), float32"
    assert chainer.Variable(floats()).label == "float32"
    empty = chainer.Variable()
    assert not hasattr(empty, "shape") and empty.device == chainer.get_device("@numpy")
    with pytest.raises(TypeError, match="no array yet"):
        len(empty)
    with pytest.raises(ValueError, match="grad"):
        chainer.variable.VariableNode(empty, "", grad=None)


def test_devices_of_variables():
    x = chainer.Variable(floats(2))
    assert x.device == chainer.get_device("@numpy")
    x.to_device("@numpy")
    x.to_cpu()
    if not chainer.cuda.available:
        with pytest.raises(RuntimeError, match="CUDA environment is not correctly set up"):
            x.to_gpu()
    with pytest.raises(RuntimeError, match="iDeep is not available"):
        x.to_intel64()
    assert "- device: CPU" in x.debug_print()


def test_backward_of_several():
    x = chainer.Variable(floats(2))
    y, z = x * 2, x * 5
    y.grad = z.grad = np.ones(2, np.float32)
    chainer.backward([y, z])
    assert x.grad.tolist() == [7, 7]
