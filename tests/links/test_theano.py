"""TheanoFunction: values and gradients of a PyTensor graph."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytensor = pytest.importorskip("pytensor")
    T = pytest.importorskip("pytensor.tensor")

import renkei as rk
from renkei import links as L
from renkei.core.errors import DtypeError, ShapeError

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # compilers of other people's make noise
]


@pytest.fixture(scope="module")
def link():
    x, y, n = T.fvector("x"), T.fvector("y"), T.ivector("n")
    with warnings.catch_warnings(), pytensor.config.change_flags(mode="FAST_COMPILE", linker="py"):
        warnings.simplefilter("ignore")
        link = L.TheanoFunction([x, y, n], [x * x * y, x + n])
        link(*arrays())  # compiles
        link._graph.gradient.compiled
        link._graph.gradient.gradient.compiled
    return link


def arrays():
    x = np.array([1.0, 2.0, 3.0], np.float32)
    return x, np.array([4.0, 5.0, 6.0], np.float32), np.array([1, 2, 3], np.int32)


def test_values(link):
    x, y, n = arrays()
    a, b = link(x, y, n)
    np.testing.assert_allclose(np.asarray(a), x * x * y)
    np.testing.assert_allclose(np.asarray(b), x + n)


def test_gradients_of_first_and_second_order(link):
    x, y, n = arrays()
    vx, vy = rk.Variable(x), rk.Variable(y)
    a, _ = link(vx, vy, n)
    gx, gy = rk.grad([a], [vx, vy], enable_double_backprop=True)
    np.testing.assert_allclose(gx.array, 2 * x * y)
    np.testing.assert_allclose(gy.array, x * x)
    (gxx,) = rk.grad([gx], [vx])
    np.testing.assert_allclose(gxx.array, 2 * y)


def test_what_does_not_fit(link):
    x, y, n = arrays()
    with pytest.raises(ShapeError, match="3, one an input"):
        link(x, y)
    with pytest.raises(ShapeError, match="1 axes"):
        link(x[None], y, n)
    with pytest.raises(DtypeError, match="int32"):
        link(x, y, x)


def test_under_the_facade():
    from renkei.compat.chainer import Link
    from renkei.compat.chainer import links as facade

    x = T.fvector("x")
    with pytensor.config.change_flags(mode="FAST_COMPILE", linker="py"):
        link = facade.TheanoFunction(x, x * 2)
        y = link(np.ones(2, np.float32))
    assert isinstance(link, Link)
    np.testing.assert_allclose(y.array, [2, 2])
