"""broadcast_to and sum_to: each other's adjoint."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from renkei.core.broadcast import broadcast_to, sum_to
from renkei.core.errors import ShapeError
from renkei.testing import gradient_check


@settings(max_examples=60, deadline=None, derandomize=True)
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3))
def test_sum_to_is_the_adjoint_of_broadcast_to(both):
    small, large = both.input_shapes[0], both.result_shape
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=small), rng.normal(size=large)
    up, down = broadcast_to(x, large), sum_to(y, small)
    assert (up.shape, down.shape) == (large, small)
    assert (up * y).sum() == pytest.approx((x * down).sum())
    np.testing.assert_array_equal(up, np.broadcast_to(x, large))
    if y.size:
        gradient_check(lambda x: broadcast_to(x, large), [x])
        gradient_check(lambda y: sum_to(y, small), [y])


def test_broadcast_to_and_sum_to_refuse():
    with pytest.raises(ShapeError, match=r"broadcast_to\(x, shape\)"):
        broadcast_to(np.ones((2, 3)), (2, 4))
    with pytest.raises(ShapeError, match=r"broadcast_to\(x, shape\).*a larger shape"):
        broadcast_to(np.ones((2, 3)), (1, 3))
    with pytest.raises(ShapeError, match=r"sum_to\(x, shape\)"):
        sum_to(np.ones((2, 3)), (2, 2))
    with pytest.raises(ShapeError, match=r"sum_to\(x, shape\).*a smaller shape"):
        sum_to(np.ones((1, 3)), (2, 3))
