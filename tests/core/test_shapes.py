"""Shape rules against NumPy and against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.core.shapes import (
    Spec,
    broadcast_shapes,
    conv_outsize,
    deconv_outsize,
    normalize_axes,
    normalize_axis,
    reduced_axes,
    tuple_of,
)

quick = settings(max_examples=100, deadline=None, derandomize=True)


@quick
@given(st.lists(array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3), max_size=3))
def test_broadcast_shapes_is_numpys(shapes):
    try:
        expected = np.broadcast_shapes(*shapes)
    except ValueError:
        with pytest.raises(ShapeError, match=r"f\(x\).*shapes that broadcast.*from the right"):
            broadcast_shapes("f(x)", *shapes)
    else:
        assert broadcast_shapes("f(x)", *shapes) == expected


@quick
@given(mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=0, max_side=3))
def test_reduced_axes_undo_broadcasting(both):
    small, large = both.input_shapes[0], both.result_shape
    axes = reduced_axes(large, small)
    summed = np.ones(large).sum(axis=axes, keepdims=True)
    assert summed.size == np.ones(small).size
    np.testing.assert_array_equal(
        np.broadcast_to(np.ones(small), large).sum(axes), summed.squeeze(axes)
    )


@quick
@given(st.integers(-6, 6), st.integers(0, 4))
def test_normalize_axis(axis, ndim):
    if -ndim <= axis < ndim:
        assert normalize_axis("f", axis, ndim) == range(ndim)[axis]
    else:
        with pytest.raises(RangeError, match=rf"f: got axis={axis} for {ndim} axes"):
            normalize_axis("f", axis, ndim)


def test_normalize_axis_types():
    assert normalize_axis("f", np.int64(-1), 3) == 2
    for bad in (1.5, "1", None):
        with pytest.raises(DtypeError, match="an integer axis"):
            normalize_axis("f", bad, 3)


def test_normalize_axes():
    assert normalize_axes("f", None, 3) == (0, 1, 2)
    assert normalize_axes("f", -1, 3) == (2,)
    assert normalize_axes("f", (2, 0), 3) == (2, 0)
    assert normalize_axes("f", [1], 3) == (1,)
    assert normalize_axes("f", (), 3) == ()
    with pytest.raises(ShapeError, match="each axis at most once"):
        normalize_axes("f", (0, -3), 3)
    with pytest.raises(RangeError):
        normalize_axes("f", (0, 3), 3)


def test_tuple_of():
    assert tuple_of("f", "stride", 2, 3) == (2, 2, 2)
    assert tuple_of("f", "stride", [1, 2], 2) == (1, 2)
    assert tuple_of("f", "stride", np.array([1, 2]), 2) == (1, 2)
    assert tuple_of("f", "stride", np.int64(1), 1) == (1,)
    with pytest.raises(ShapeError, match=r"stride=\(1, 2, 3\); expected an integer or 2 of them"):
        tuple_of("f", "stride", (1, 2, 3), 2)
    for bad in (1.5, "ab", (1.0, 2.0)):
        with pytest.raises(DtypeError, match="f: got stride="):
            tuple_of("f", "stride", bad, 2)


sizes = {
    "size": st.integers(1, 20),
    "k": st.integers(1, 5),
    "s": st.integers(1, 4),
    "p": st.integers(0, 3),
    "d": st.integers(1, 3),
}


@quick
@given(cover_all=st.booleans(), **sizes)
def test_conv_outsize_counts_windows(cover_all, size, k, s, p, d):
    width = (k - 1) * d + 1
    if size + 2 * p < width:
        return
    starts = range(0, size + 2 * p - width + 1, s)
    n = len(starts)
    if cover_all and starts[-1] + width < size + 2 * p:
        n += 1
    assert conv_outsize(size, k, s, p, cover_all, d) == n


@quick
@given(cover_all=st.booleans(), **sizes)
def test_deconv_outsize_undoes_conv_outsize(cover_all, size, k, s, p, d):
    large = deconv_outsize(size, k, s, p, cover_all, d)
    if large > 0:
        assert conv_outsize(large, k, s, p, cover_all, d) == size


def test_spec():
    spec = Spec((2, 3), np.dtype(np.float32))
    assert spec.ndim == 2
    assert spec == ((2, 3), np.float32)
