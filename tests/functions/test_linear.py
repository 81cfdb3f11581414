"""Linear: mixed dtypes, what is kept, memory order, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError


def arrays(*dtypes):
    rng = np.random.default_rng(0)
    shapes = (4, 5), (3, 5), (3,)
    return [rng.normal(size=s).astype(d) for s, d in zip(shapes, dtypes)]


@pytest.mark.parametrize(
    "dtypes", [("f2", "f4", "f4"), ("f4", "f2", "f4"), ("f2", "f2", "f4"), ("f8", "f4", "f2")]
)
def test_mixed_dtypes_promote_and_gradients_go_back(dtypes):
    x, W, b = variables = [rk.Variable(a) for a in arrays(*dtypes)]
    y = F.linear(x, W, b)
    assert y.dtype == np.result_type(*dtypes)
    assert [F.linear(*(v.array for v in variables)).dtype] == [y.dtype]
    np.testing.assert_allclose(y.array, x.array @ W.array.T.astype("f8") + b.array, rtol=1e-2)
    loss = F.sum(y * y)
    loss.backward()
    for v, d in zip(variables, dtypes):
        assert v.grad.dtype == d
    np.testing.assert_allclose(b.grad, 2 * y.array.sum(axis=0), rtol=1e-2)
    (gx,) = rk.grad([loss], [x], enable_double_backprop=True)
    (gW,) = rk.grad([F.sum(gx * gx)], [W])
    assert gx.dtype == dtypes[0]
    assert gW.dtype == dtypes[1]


def test_half_precision_sums_in_single():
    ones = np.ones((1, 4096), np.float16)
    assert F.linear(ones, ones)[0, 0] == 4096
    b = rk.Variable(np.zeros(2, np.float16))
    y = F.linear(np.ones((4096, 1), np.float16), np.ones((2, 1), np.float16), b)
    y.grad = np.ones_like(y.array)
    y.backward()
    np.testing.assert_array_equal(b.grad, 4096)


def test_frozen_weights_keep_no_input():
    x, W, b = arrays("f4", "f4", "f4")
    node = F.linear(rk.Variable(x), W, rk.Variable(b)).creator
    assert [a is not None for a in node._kept_inputs()] == [False, True, False]
    node = F.linear(x, rk.Variable(W), rk.Variable(b)).creator
    assert [a is not None for a in node._kept_inputs()] == [True, False, False]
    node = F.linear(x, W, rk.Variable(b)).creator
    assert node._kept_inputs() == [None] * 3


def test_gradients_are_products_without_copies():
    x, W = np.ones((300, 200), np.float32), np.ones((100, 200), np.float32)
    node = F.linear(rk.Variable(x), rk.Variable(W)).creator
    gy = np.ones((300, 100), np.float32)
    assert node.grad_W(gy, x).flags.c_contiguous
    assert node.grad_x(gy, W).flags.c_contiguous


REFUSED = [
    ((2, 15), (4, 16), None, r"linear\(x, W\): got x \(2, 15\) and W \(4, 16\).*here 15 != 16"),
    ((2, 3, 4), (5, 7), None, r"product of x.shape\[1:\] == W.shape\[1\], here 12 != 7"),
    ((4,), (2, 4), None, "more than 1 axes.*batch axis"),
    ((2, 4), (4,), None, r"W of shape \(out, in\)"),
    ((2, 4), (3, 4), (4,), r"W \(3, 4\) and b \(4,\).*b of shape \(3,\)"),
    ((2, 4), (3, 4), (3, 1), r"b \(3, 1\)"),
]


@pytest.mark.parametrize(("x", "W", "b", "message"), REFUSED)
def test_wrong_shapes(x, W, b, message):
    b = None if b is None else np.zeros(b)
    with pytest.raises(ShapeError, match=message):
        F.linear(np.zeros(x), np.zeros(W), b)
    with pytest.raises(ShapeError, match=message):
        F.linear(rk.Variable(np.zeros(x)), rk.Parameter(np.zeros(W)), b)


def test_other_refusals():
    x, W = np.zeros((2, 4)), np.zeros((3, 4))
    with pytest.raises(RangeError, match="n_batch_axes=0"):
        F.linear(x, W, n_batch_axes=0)
    with pytest.raises(ShapeError, match="n_batch_axes=2"):
        F.linear(x, W, n_batch_axes=2)
    with pytest.raises(DtypeError, match=r"int64.*floats"):
        F.linear(x.astype(int), W.astype(int))
