"""Mistakes and edge cases of regions of interest."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, RenkeiError, ShapeError

IMAGES = np.zeros((2, 3, 6, 5), np.float32)
ROIS = np.array([[0, 0, 4, 4]], np.float32)
FIRST = np.array([0], np.int32)
FUNCTIONS = [
    F.roi_max_pooling_2d,
    F.roi_average_pooling_2d,
    F.roi_max_align_2d,
    F.roi_average_align_2d,
]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ([IMAGES[0], ROIS, FIRST, 2, 1.0], ShapeError, r"images \(batch, channel"),
        ([IMAGES, ROIS[:, :3], FIRST, 2, 1.0], ShapeError, r"rois \(1, 3\).*\(regions, 4\)"),
        ([IMAGES, ROIS, FIRST[:0], 2, 1.0], ShapeError, r"roi_indices \(0,\)"),
        ([IMAGES, ROIS, np.array([2]), 2, 1.0], RangeError, r"roi_indices\[0\] = 2.*\[0, 2\)"),
        ([IMAGES, ROIS, np.array([0.0]), 2, 1.0], DtypeError, "integers"),
        ([IMAGES, ROIS.astype(int), FIRST, 2, 1.0], DtypeError, "rois .*floats"),
        ([IMAGES, ROIS, FIRST, 0, 1.0], RangeError, "outsize=0"),
        ([IMAGES, ROIS, FIRST, (2, 2, 2), 1.0], ShapeError, "outsize"),
        ([IMAGES, ROIS, FIRST, 2, 0.0], RangeError, "spatial_scale=0.0"),
    ],
)
def test_mistakes(function, arguments, error, message):
    with pytest.raises(error, match=message) as caught:
        function(*arguments)
    assert isinstance(caught.value, RenkeiError)
    assert function.__name__ in str(caught.value)


@pytest.mark.parametrize("ratio", [0, (1, -1), (1, 2, 3)])
def test_wrong_sampling_ratio(ratio):
    with pytest.raises(RenkeiError, match="sampling_ratio"):
        F.roi_average_align_2d(IMAGES, ROIS, FIRST, 2, 1.0, ratio)


def test_older_regions_have_five_numbers():
    with pytest.raises(ShapeError, match=r"rois \(1, 4\).*number of the image"):
        F.roi_pooling_2d(IMAGES, ROIS, 2, 2, 1.0)
    with pytest.raises(RangeError, match=r"roi_indices\[0\] = 7"):
        F.roi_pooling_2d(IMAGES, np.array([[7, 0, 0, 1, 1]], np.float32), 2, 2, 1.0)


@pytest.mark.parametrize(
    ("function", "value"),
    [(F.roi_max_pooling_2d, -np.inf), (F.roi_max_align_2d, -np.inf),
     (F.roi_average_pooling_2d, 0), (F.roi_average_align_2d, 0)],
)  # fmt: skip
def test_regions_outside_of_the_image(function, value):
    x = rk.Variable(np.ones((1, 2, 4, 4)))
    y = function(x, np.array([[30.0, 30.0, 40.0, 40.0]]), FIRST, 2, 1.0)
    assert (y.array == value).all()
    y.grad = np.ones_like(y.array)
    y.backward()
    assert (x.grad == 0).all()


def test_older_regions_outside_give_zeros():
    x = np.ones((1, 1, 4, 4))
    y = F.roi_pooling_2d(x, np.array([[0.0, 30.0, 30.0, 40.0, 40.0]]), 2, 2, 1.0)
    assert (y == 0).all()


def test_half_of_both_border_bins():
    """A region that reaches over the border: the part outside is -inf, the rest is pooled."""
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    y = F.roi_max_pooling_2d(x, np.array([[0.0, 2.0, 4.0, 6.0]]), FIRST, 2, 1.0)
    assert y.tolist() == [[[[7, -np.inf], [15, -np.inf]]]]


def test_the_whole_image_is_pooling():
    x = np.random.default_rng(0).normal(size=(2, 3, 6, 4))
    whole = np.array([[0.0, 0.0, 6.0, 4.0]] * 2)
    both = np.array([0, 1])
    assert np.array_equal(F.roi_max_pooling_2d(x, whole, both, (3, 2), 1.0), F.max_pooling_2d(x, 2))
    assert np.allclose(
        F.roi_average_pooling_2d(x, whole, both, (3, 2), 1.0), F.average_pooling_2d(x, 2)
    )


def test_regions_get_no_gradient():
    x, rois = rk.Variable(IMAGES), rk.Variable(ROIS)
    y = F.roi_average_align_2d(x, rois, FIRST, 2, 1.0)
    F.sum(y).backward()
    assert rois.grad is None and x.grad is not None
