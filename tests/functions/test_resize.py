"""Mistakes and edge cases of resizing."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, RenkeiError, ShapeError

IMAGE = np.zeros((1, 2, 3, 4), np.float32)


@pytest.mark.parametrize(
    ("x", "size", "attrs", "error", "message"),
    [
        (IMAGE[0], (2, 2), {}, ShapeError, r"x \(2, 3, 4\); expected images \(batch"),
        (IMAGE[:, :, :0], (2, 2), {}, ShapeError, r"x \(1, 2, 0, 4\)"),
        (IMAGE.astype(int), (2, 2), {}, DtypeError, "floats"),
        (IMAGE, (2, 0), {}, RangeError, r"output_shape=\(2, 0\).*positive"),
        (IMAGE, (2, 2, 2), {}, ShapeError, "output_shape"),
        (
            IMAGE,
            (2, 2),
            {"mode": "cubic"},
            RangeError,
            "mode=str 'cubic'; expected 'bilinear' or 'nearest'",
        ),
    ],
)
def test_mistakes(x, size, attrs, error, message):
    with pytest.raises(error, match=message) as caught:
        F.resize_images(x, size, **attrs)
    assert isinstance(caught.value, RenkeiError)


def test_one_integer_is_both_sizes():
    assert F.resize_images(IMAGE, 5).shape == (1, 2, 5, 5)


def test_halving_is_averaging_where_corners_move():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 6))
    y = F.resize_images(x, (2, 3), align_corners=False)
    assert np.allclose(y, F.average_pooling_2d(x, 2))


def test_the_result_does_not_share_memory():
    x = np.ones((1, 1, 2, 2), np.float32)
    assert not np.shares_memory(F.resize_images(x, (2, 2), mode="nearest"), x)
