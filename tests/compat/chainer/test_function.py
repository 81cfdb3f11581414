"""Old-style functions."""

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import functions as F


class Product(chainer.Function):
    def forward(self, inputs):
        self.retain_outputs((0,))
        return (inputs[0] * inputs[1],)

    def backward(self, inputs, grad_outputs):
        self.seen = inputs
        return inputs[1] * grad_outputs[0], inputs[0] * grad_outputs[0]


@pytest.fixture
def pair():
    return [chainer.Variable(np.array(v, np.float32)) for v in ([2, 3], [5, 7])]


def test_values_gradients_and_what_it_knows(pair):
    f = Product()
    y = f(*pair)
    assert y.creator is f and y.creator_node is f.node and f.label == "Product"
    assert (f.rank, y.rank, len(f.inputs)) == (0, 1, 2) and f.output_data[0] is y.array
    F.sum(y).backward()
    assert pair[0].grad.tolist() == [5, 7] and pair[1].grad.tolist() == [2, 3]


def test_a_function_may_be_called_again(pair):
    f = Product()
    y, z = f(*pair), f(*pair)
    F.sum(y + z).backward()
    assert pair[0].grad.tolist() == [10, 14]


def test_no_second_derivative(pair):
    (g,) = chainer.grad([Product()(*pair)], [pair[0]], enable_double_backprop=True)
    with pytest.raises(RuntimeError, match='cannot twice-differentiate an old style Function "Pro'):
        chainer.grad([g], pair)


def test_inputs_that_are_not_retained_are_none(pair):
    class First(Product):
        def forward(self, inputs):
            self.retain_inputs((1,))
            return (inputs[0] * inputs[1],)

        def backward(self, inputs, grad_outputs):
            assert inputs[0] is None
            return inputs[1] * grad_outputs[0], None

    F.sum(First()(*pair)).backward()
    assert pair[0].grad.tolist() == [5, 7] and pair[1].grad is None


def test_wrong_results(pair):
    class List(Product):
        def backward(self, inputs, grad_outputs):
            return [None, None]

    class Few(Product):
        def backward(self, inputs, grad_outputs):
            return (None,)

    with pytest.raises(TypeError, match="backward output must be a tuple"):
        F.sum(List()(*pair)).backward()
    with pytest.raises(ValueError, match="number of gradients returned from backward"):
        F.sum(Few()(*pair)).backward()


def test_types_are_checked(pair):
    class Checked(Product):
        def check_type_forward(self, in_types):
            chainer.utils.type_check.expect(in_types.size() == 1)

    with pytest.raises(chainer.utils.type_check.InvalidType, match=r"in_types\.size == 1"):
        Checked()(*pair)
