"""Mistakes and edge cases of sampling between pixels."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RenkeiError, ShapeError

IMAGE = np.zeros((2, 3, 4, 5), np.float32)
GRID = np.zeros((2, 2, 3, 3), np.float32)
OFFSET = np.zeros((2, 8, 3, 4), np.float32)
WEIGHT = np.zeros((6, 3, 2, 2), np.float32)


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        (F.spatial_transformer_grid, [GRID, (2, 2)], ShapeError, r"matrices \(batch, 2, 3\)"),
        (F.spatial_transformer_grid, [np.zeros((1, 2, 3), int), (2, 2)], DtypeError, "floats"),
        (F.spatial_transformer_grid, [np.zeros((1, 2, 3)), (2, 0)], RenkeiError, "output_shape"),
        (F.spatial_transformer_sampler, [IMAGE[0], GRID], ShapeError, "x of 4 axes"),
        (F.spatial_transformer_sampler, [IMAGE, GRID[:1]], ShapeError, r"grid \(2, 2, height"),
        (F.spatial_transformer_sampler, [IMAGE, IMAGE], ShapeError, r"grid \(2, 2, height"),
        (F.spatial_transformer_sampler, [IMAGE.astype(int), GRID], DtypeError, "floats"),
        (F.deformable_convolution_2d_sampler, [IMAGE, OFFSET[:, :6], WEIGHT], ShapeError,
         r"offset \(2, 6, 3, 4\); expected offset \(2, 8, 3, 4\)"),
        (F.deformable_convolution_2d_sampler, [IMAGE, OFFSET, WEIGHT[:, :2]], ShapeError, "kh, kw"),
        (F.deformable_convolution_2d_sampler, [IMAGE, OFFSET, WEIGHT, np.zeros(5)], ShapeError,
         r"b.shape == \(6,\)"),
    ],
)  # fmt: skip
def test_mistakes(function, arguments, error, message):
    with pytest.raises(error, match=message):
        function(*arguments)


def test_the_identity_gives_the_image_back():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    theta = np.tile(np.eye(2, 3), (2, 1, 1))
    y = F.spatial_transformer_sampler(x, F.spatial_transformer_grid(theta, (4, 5)))
    assert np.allclose(y, x)


def test_without_offsets_it_is_a_convolution():
    rng = np.random.default_rng(0)
    x, W, b = rng.normal(size=(2, 3, 5, 6)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
    y = F.convolution_2d(x, W, b, stride=(2, 1), pad=(1, 2))
    offset = np.zeros((2, 12, *y.shape[2:]))
    z = F.deformable_convolution_2d_sampler(x, offset, W, b, stride=(2, 1), pad=(1, 2))
    assert np.allclose(y, z)


def test_far_places_and_no_numbers_give_zeros():
    x = np.full((1, 1, 2, 2), np.inf, np.float32)
    grid = np.array([1e30, -1e30, np.nan, np.inf], np.float32)
    grid = rk.Variable(np.stack([grid, np.zeros(4, np.float32)])[None, :, None])
    y = F.spatial_transformer_sampler(rk.Variable(x), grid)
    assert (y.array == 0).all()


def test_gradient_by_places_outside_is_zero():
    x = rk.Variable(np.ones((1, 1, 3, 3)))
    grid = rk.Variable(np.array([5.0, -5.0, -2.0, 2.0]).reshape(1, 2, 1, 2))
    y = F.spatial_transformer_sampler(x, grid)
    y.grad = np.ones_like(y.array)
    y.backward()
    assert (grid.grad == 0).all() and (x.grad == 0).all()
