"""Pooling: mistakes, places, margins and NaN."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

IMAGE = np.ones((2, 3, 5, 5), np.float32)

MISTAKES = {
    "axes": (
        lambda: F.max_pooling_2d(IMAGE[0], 2),
        ShapeError,
        "max_pooling_2d(x, ksize): got x (3, 5, 5); expected an array of 4 axes",
    ),
    "window": (
        lambda: F.max_pooling_2d(IMAGE, 8, cover_all=False),
        ShapeError,
        "a window that fits into the padded input",
    ),
    "average window": (
        lambda: F.average_pooling_2d(IMAGE, 6),
        ShapeError,
        "average_pooling_2d(x, ksize): got x (2, 3, 5, 5), ksize=(6, 6), pad=(0, 0)",
    ),
    "ksize": (lambda: F.max_pooling_2d(IMAGE, 0), RangeError, "ksize=0"),
    "stride": (lambda: F.average_pooling_2d(IMAGE, 2, -1), RangeError, "stride=-1"),
    "pad": (lambda: F.max_pooling_2d(IMAGE, 2, pad=-1), RangeError, "pad=-1"),
    "integers": (
        lambda: F.max_pooling_2d(IMAGE.astype(int), 2),
        DtypeError,
        "x int64 (2, 3, 5, 5); expected an array of floats",
    ),
    "no axes": (lambda: F.max_pooling_nd(IMAGE[0, 0], 2), ShapeError, "max_pooling_nd"),
    "pad_value": (
        lambda: F.average_pooling_1d(IMAGE[0], 2, pad_value=1),
        RangeError,
        "pad_value=1; expected 0 or None",
    ),
    "outsize": (
        lambda: F.unpooling_2d(IMAGE, 2, outsize=(20, 10)),
        ShapeError,
        "outsize=(20, 10)",
    ),
    "indexes outside": (
        lambda: F.upsampling_2d(IMAGE, np.full(IMAGE.shape, 4), 2),
        RangeError,
        "indexes from 4 to 4; expected places in a window, 0 to 3",
    ),
    "float indexes": (lambda: F.upsampling_2d(IMAGE, IMAGE, 2), DtypeError, "indexes float32"),
    "indexes of another shape": (
        lambda: F.upsampling_2d(IMAGE, np.zeros((2, 3, 5), int), 2),
        ShapeError,
        "an index for each value",
    ),
    "pyramid": (
        lambda: F.spatial_pyramid_pooling_2d(IMAGE[:, :, :1], 3),
        ShapeError,
        "images of at least",
    ),
    "pyramid kind": (
        lambda: F.spatial_pyramid_pooling_2d(IMAGE, 3, "mean"),
        RangeError,
        "pooling='mean'",
    ),
    "no pyramid": (lambda: F.spatial_pyramid_pooling_2d(IMAGE, 0), RangeError, "pyramid_height=0"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named(mistake):
    call, kind, text = mistake
    with pytest.raises(kind) as caught:
        call()
    assert text in str(caught.value)


def test_indices_say_where_the_largest_value_is():
    x = np.arange(24.0).reshape(1, 1, 4, 6)[:, :, ::-1]
    y, indices = F.max_pooling_2d(rk.Variable(x), (2, 3), return_indices=True)
    assert indices.dtype == np.int32
    assert indices.tolist() == [[[[2, 2], [2, 2]]]]
    restored = F.upsampling_2d(y.array, indices, (2, 3), outsize=(4, 6))
    assert (restored == np.where(np.isin(x, y.array), x, 0)).all()


def test_of_equal_values_the_first_gets_the_gradient():
    x = rk.Variable(np.zeros((1, 1, 2, 2), np.float32))
    F.sum(F.max_pooling_2d(x, 2)).backward()
    assert x.grad.tolist() == [[[[1, 0], [0, 0]]]]


def test_the_margin_never_wins():
    x = np.full((1, 1, 2, 2), -5.0, np.float32)
    assert (F.max_pooling_2d(x, 2, stride=1, pad=1) == -5).all()


def test_nan_is_not_hidden():
    x = np.zeros((1, 1, 2, 2), np.float32)
    for place in np.ndindex(2, 2):
        y = x.copy()
        y[0, 0][place] = np.nan
        assert np.isnan(F.max_pooling_2d(y, 2)).all()


def test_what_no_window_sees_gets_no_gradient():
    x = rk.Variable(np.ones((1, 1, 5, 5), np.float32))
    F.sum(F.average_pooling_2d(x, 2, stride=3)).backward()
    seen = np.isin(np.arange(5), [0, 1, 3, 4])
    assert ((x.grad[0, 0] > 0) == np.outer(seen, seen)).all()
    assert x.grad.sum() == pytest.approx(4)


def test_a_large_window_in_float16_is_summed_in_float32():
    x = np.full((1, 1, 64, 64), 100.0, np.float16)
    assert F.average_pooling_2d(x, 64).item() == 100


def test_channels_last_stays_channels_last():
    x = np.moveaxis(np.random.default_rng(0).normal(size=(2, 6, 6, 3)), -1, 1)
    y = F.max_pooling_2d(x, 3, stride=2, pad=1)
    assert np.moveaxis(y, 1, -1).flags.c_contiguous
