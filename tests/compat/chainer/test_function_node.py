"""Functions of one's own: FunctionNode."""

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import functions as F
from renkei.compat.chainer import gradient_check
from renkei.compat.chainer.utils import type_check


class Product(chainer.FunctionNode):
    def check_type_forward(self, in_types):
        type_check._argname(in_types, ("a", "b"))
        type_check.expect(in_types[0].shape == in_types[1].shape, in_types[0].dtype.kind == "f")

    def forward_cpu(self, inputs):
        self.retain_inputs((0, 1))
        return (inputs[0] * inputs[1],)

    def backward(self, target_input_indexes, grad_outputs):
        a, b = self.get_retained_inputs()
        (g,) = grad_outputs
        self.targets = target_input_indexes
        return tuple((b * g, a * g)[i] for i in target_input_indexes)


class Pair(chainer.FunctionNode):
    """exp and minus exp, which keep the outputs and not the input."""

    def forward(self, inputs):
        self.retain_outputs((0,))
        y = np.exp(inputs[0])
        return y, -y

    def backward(self, indexes, grad_outputs):
        (y,) = self.get_retained_outputs()
        g, h = grad_outputs
        total = 0
        if g is not None:
            total = total + g
        if h is not None:
            total = total - h
        return (y * total,)


def uniform(*shape):
    return np.random.RandomState(1).uniform(0.5, 1.5, shape)


def variables(n, *shape):
    return [chainer.Variable(uniform(*shape).astype(np.float32)) for _ in range(n)]


def test_gradients_of_every_order():
    a, b, g, h = uniform(2, 3), uniform(2, 3) + 1, uniform(2, 3), uniform(2, 3)
    f = lambda x, y: Product().apply((x, y))[0]
    gradient_check.check_backward(f, (a, b), g)
    gradient_check.check_double_backward(f, (a, b), g, (h, h + 1))


@pytest.mark.parametrize("used", [(0,), (1,), (0, 1)])
def test_retained_outputs_come_back_with_their_graph(used):
    x, g, h = uniform(3), uniform(3), uniform(3)

    def f(x):
        ys = Pair().apply((x,))
        return tuple(ys[i] for i in used)

    gradient_check.check_backward(f, x, (g,) * len(used))
    gradient_check.check_double_backward(f, x, (g,) * len(used), h)


def test_only_wanted_gradients_are_asked_for():
    a, b = variables(2, 2)
    c = chainer.Variable(b.array, requires_grad=False)
    node = Product()
    (y,) = node.apply((a, c))
    F.sum(y).backward()
    assert node.targets == (0,) and y.creator is node and node.inputs[1].requires_grad is False


def test_what_a_node_knows():
    a, b = variables(2, 2)
    node = Product()
    (y,) = node.apply((a * 1, b))
    assert (node.label, node.rank, y.rank) == ("Product", 1, 2)
    assert node.outputs[0]() is y.node and node.inputs[1] is b.node
    node.unchain()
    assert node.inputs is None and y.creator is None


def test_output_data():
    node = Pair()
    y, _ = node.apply(variables(1, 2))
    assert node.output_data[0] is y.array and node.output_data[1] is None
    with pytest.raises(RuntimeError, match="retained output data is gone"):
        _ = Product().output_data


def test_calling_a_node_says_apply():
    with pytest.raises(RuntimeError, match="apply"):
        Product()(*variables(2, 2))


def test_type_errors_name_the_function_and_the_arguments():
    a, b = variables(1, 2) + variables(1, 3)
    with pytest.raises(type_check.InvalidType) as caught:
        Product().apply((a, b))
    assert str(caught.value) == (
        "\nInvalid operation is performed in: Product (Forward)\n\n"
        "Expect: a.shape == b.shape\nActual: (2,) != (3,)"
    )
    with pytest.raises(type_check.InvalidType, match="Invalid number of arguments"):
        Product().apply((a,))
    with chainer.using_config("type_check", False), pytest.raises(ValueError, match="broadcast"):
        Product().apply((a, b))


@pytest.mark.parametrize("given", [3, None, "x"])
def test_inputs_must_be_arrays(given):
    with pytest.raises(TypeError, match="incompatible array types are mixed in the forward input"):
        Product().apply((given, np.ones(2, np.float32)))


def test_outputs_must_be_a_tuple_of_arrays():
    class Wrong(chainer.FunctionNode):
        def forward(self, inputs):
            return self.result

    for result, text in (
        ([np.ones(1)], "must be a tuple"),
        ((1.0,), "must be a tuple of ndarrays"),
    ):
        node = Wrong()
        node.result = result
        with pytest.raises(TypeError, match=text):
            node.apply(variables(1, 1))


def returning(*gradients):
    class Returning(chainer.FunctionNode):
        def forward(self, inputs):
            return (np.array(1, np.float32),)

        def backward(self, indexes, grad_outputs):
            return gradients

    x = chainer.Variable(np.ones(1, np.float32))
    (y,) = Returning().apply((x,))
    y.backward()
    return x.grad


@pytest.mark.parametrize("debug", [False, True])
def test_wrong_gradients(debug):
    good = chainer.Variable(np.array([2.0], np.float32))
    with chainer.using_config("debug", debug):
        assert returning(good).tolist() == [2]
        for wrong in ((), (good, good)):
            with pytest.raises(ValueError, match="number of gradients returned from backward"):
                returning(*wrong)
        text = "shape of gradients returned" if debug else "Shape of data and grad mismatch"
        with pytest.raises(ValueError, match=text):
            returning(chainer.Variable(np.ones(2, np.float32)))
        error, text = (ValueError, "dtype of gradients") if debug else (TypeError, "Dtype of data")
        with pytest.raises(error, match=text):
            returning(chainer.Variable(np.ones(1)))
    with chainer.using_config("debug", True):
        with pytest.raises(ValueError, match="type of gradients returned"):
            returning(np.ones(1, np.float32))
        with pytest.raises(RuntimeError, match="NaN is detected on backward computation"):
            returning(chainer.Variable(np.full(1, np.nan, np.float32)))
        with pytest.raises(RuntimeError, match="NaN is detected on forward computation of Pair"):
            Pair().apply((np.array([np.nan], np.float32),))


def test_nothing_is_recorded_without_backprop():
    with chainer.no_backprop_mode():
        (y,) = Product().apply(variables(2, 2))
    assert y.creator is None and type(y) is chainer.Variable


def test_grad_takes_and_gives_variables():
    (x,) = variables(1, 2)
    (g,) = chainer.grad([x * x], [x], enable_double_backprop=True)
    assert type(g) is chainer.Variable and g.creator is not None
    assert chainer.grad([x * 2], [chainer.Variable(x.array)]) == [None]
    with pytest.raises(TypeError):
        chainer.grad(x * x, [x])
