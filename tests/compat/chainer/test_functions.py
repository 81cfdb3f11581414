"""The facade's functions: random numbers of ``numpy.random``, signatures, removed arguments."""

import inspect

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import functions as F

X = np.random.RandomState(0).uniform(-1, 1, (2, 3)).astype(np.float32)


@pytest.mark.parametrize("name", F.__all__)
def test_all_functions_show_their_parameters(name):
    kinds = [p.kind for p in inspect.signature(getattr(F, name)).parameters.values()]
    many = ["add", "broadcast", "einsum", "identity", "tree_lstm"]  # Chainer's own take any number
    assert name in many or kinds[0] is inspect.Parameter.POSITIONAL_OR_KEYWORD


# values of Chainer 7.8.1 after numpy.random.seed(0), for inputs of ones
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda x: F.dropout(x), [[2, 2, 2], [2, 0, 2]]),
        (lambda x: F.zoneout(x, x * 2), [[2, 2, 2], [2, 1, 2]]),
        (lambda x: F.rrelu(-x), [[-0.23933615, -0.27399778, -0.25057569],
                                 [-0.23851733, -0.21326141, -0.25956127]]),
        (lambda x: F.gaussian(x, x), [[3.9084306, 1.6597476, 2.6136661],
                                      [4.6946077, 4.0790825, -0.6112588]]),
        (lambda x: F.gumbel_softmax(x), [[0.80833942, 0.00844078, 0.18321975],
                                         [0.02742791, 0.97084856, 0.00172349]]),
        (lambda x: F.simplified_dropconnect(x, np.ones((4, 3), np.float32)),
         [[6, 4, 4, 4], [4, 2, 6, 4]]),
    ],
)  # fmt: skip
def test_random_numbers_are_chainers(call, expected):
    np.random.seed(0)
    y = call(np.ones((2, 3), np.float32))
    np.testing.assert_allclose(y.array, expected, rtol=1e-5)


def test_nothing_is_random_outside_training():
    state = np.random.get_state()[1].copy()
    with chainer.using_config("train", False):
        np.testing.assert_array_equal(F.dropout(X).array, X)
        np.testing.assert_allclose(F.zoneout(X, X * 2, 0.25).array, X * 2)
        F.rrelu(X)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_dropout_gives_and_takes_its_mask():
    y, mask = F.dropout(X, 0.3, return_mask=True)
    np.testing.assert_array_equal(F.dropout(X, 0.3, mask=mask).array, y.array)
    noise = np.ones((2, 3), np.float32)
    np.testing.assert_allclose(F.gaussian(X, X * 0, eps=noise).array, X + 1)


def test_dropout_between_layers_follows_numpy():
    ws = [[chainer.Variable(np.full((3, 3), 0.1 * k, np.float32)) for k in range(8)]] * 2
    bs = [[chainer.Variable(np.full(3, 0.1 * k, np.float32)) for k in range(8)]] * 2
    h = np.zeros((2, 2, 3), np.float32)

    def run():
        np.random.seed(5)
        return F.n_step_lstm(2, 0.5, h, h, ws, bs, [X, X[:1]])[0].array

    np.testing.assert_array_equal(run(), run())
    assert (run() != F.n_step_lstm(2, 0.5, h, h, ws, bs, [X, X[:1]])[0].array).any()


def test_sums_of_any_number():
    np.testing.assert_allclose(F.add(X, X, X).array, 3 * X, rtol=1e-6)
    np.testing.assert_array_equal(F.add(X).array, X)
    with pytest.raises(TypeError):
        F.add()


@pytest.mark.parametrize(
    ("call", "removed"),
    [(lambda **o: F.dropout(X, **o), "train"), (lambda **o: F.zoneout(X, X, **o), "train"),
     (lambda **o: F.rrelu(X, **o), "train"),
     (lambda **o: F.convolution_2d(X[None, None], X[None, None], **o), "deterministic")],
)  # fmt: skip
def test_removed_arguments(call, removed):
    call()
    with pytest.raises(ValueError, match=f"{removed} argument is not supported anymore"):
        call(**{removed: True})
    with pytest.raises(TypeError, match="unexpected keyword"):
        call(nonsense=1)


def test_classes_of_functions_in_their_modules():
    from renkei.compat.chainer.functions.activation import leaky_relu

    y = leaky_relu.LeakyReLU(0.5).apply((X,))[0]
    np.testing.assert_array_equal(y.array, F.leaky_relu(X, 0.5).array)
    assert not hasattr(F, "LeakyReLU")
    with pytest.raises(AttributeError, match="NoSuchClass"):
        _ = leaky_relu.NoSuchClass
