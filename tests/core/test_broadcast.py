"""broadcast_to and sum_to are each other's adjoints."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import renkei as rk
from renkei.core.broadcast import broadcast_to, sum_to
from renkei.core.errors import ShapeError


@st.composite
def pairs(draw):
    """A shape and one that it broadcasts to."""
    large = draw(st.lists(st.integers(0, 3), max_size=4))
    keep = draw(st.lists(st.booleans(), min_size=len(large), max_size=len(large)))
    small = [n if k else 1 for n, k in zip(large, keep, strict=True)]
    return tuple(small[draw(st.integers(0, len(small))) :]), tuple(large)


@given(pairs())
def test_adjoint(shapes):
    small, large = shapes
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=small), rng.normal(size=large)
    np.testing.assert_array_equal(broadcast_to(a, large), np.broadcast_to(a, large))
    left, right = (broadcast_to(a, large) * b).sum(), (a * sum_to(b, small)).sum()
    np.testing.assert_allclose(left, right, atol=1e-10)
    assert sum_to(b, small).shape == small


def test_gradients():
    x = rk.Variable(np.ones((2, 1)))
    y = broadcast_to(x, (3, 2, 4))
    y.grad = np.arange(24.0).reshape(3, 2, 4)
    y.backward()
    np.testing.assert_array_equal(
        x.grad, y_sum := np.arange(24.0).reshape(3, 2, 4).sum((0, 2))[:, None]
    )
    z = sum_to(rk.Variable(np.ones((3, 2, 4))), (2, 1))
    np.testing.assert_array_equal(z.array, np.full((2, 1), 12.0))
    assert y_sum.shape == (2, 1)


def test_the_same_shape_is_the_same_object():
    x = rk.Variable(np.ones(3))
    assert broadcast_to(x, (3,)) is x and sum_to(x, (3,)) is x


@pytest.mark.parametrize(
    ("function", "shape"),
    [(broadcast_to, (2,)), (broadcast_to, (1,)), (sum_to, (2,)), (sum_to, (3, 3))],
)
def test_shapes_that_do_not_fit(function, shape):
    with pytest.raises(ShapeError, match=function.__name__):
        function(np.ones(3), shape)
