"""Sampling between pixels against sums over all pixels, weighted by distance."""

from __future__ import annotations

import itertools

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def near(place, size):
    return np.maximum(0, 1 - abs(np.arange(size) - place))


def looked_at(x, u, v):
    """All channels of one image (c, h, w) at one place in pixels."""
    return np.einsum("chw,h,w->c", x, near(v, x.shape[1]), near(u, x.shape[2]))


def grid_of(theta, output_shape):
    height, width = output_shape
    grid = np.zeros((len(theta), 2, height, width))
    for n, i, j in itertools.product(range(len(theta)), range(height), range(width)):
        v = 2 * i / (height - 1) - 1 if height > 1 else -1
        u = 2 * j / (width - 1) - 1 if width > 1 else -1
        grid[n, :, i, j] = theta[n] @ [u, v, 1]
    return grid


def sampled(x, grid):
    n, c, h, w = x.shape
    y = np.zeros((n, c, *grid.shape[2:]))
    for k, i, j in itertools.product(range(n), *map(range, grid.shape[2:])):
        u, v = grid[k, :, i, j]
        y[k, :, i, j] = looked_at(x[k], (u + 1) / 2 * (w - 1), (v + 1) / 2 * (h - 1))
    return y


def deformed(x, offset, W, b=None, stride=1, pad=0):
    n, places, height, width = offset.shape
    out, _, kh, kw = W.shape
    y = np.zeros((n, out, height, width))
    for k, i, j in itertools.product(range(n), range(height), range(width)):
        for place, (row, column) in enumerate(itertools.product(range(kh), range(kw))):
            u = j * stride + column - pad + offset[k, place, i, j]
            v = i * stride + row - pad + offset[k, place + places // 2, i, j]
            y[k, :, i, j] += W[:, :, row, column] @ looked_at(x[k], u, v)
    return y if b is None else y + b[:, None, None]


def places(n, height, width, size):
    """Places inside of pixels' gaps, never at their centres; some lie outside of the image."""

    def draw(rng):
        pixel = np.stack([rng.integers(-2, m + 1, (n, height, width)) for m in size[::-1]], axis=1)
        inner = pixel + rng.uniform(0.2, 0.8, pixel.shape)
        scale = np.array([max(m - 1, 1) for m in size[::-1]]).reshape(1, 2, 1, 1)
        return inner * 2 / scale - 1

    return draw


def offsets(*shape):
    return lambda rng: rng.integers(-2, 2, shape) + rng.uniform(0.2, 0.8, shape)


HALF = {"float16": (1e-2, 1e-2)}

CASES = [
    Case(
        F.spatial_transformer_grid,
        [(2, 2, 3)],
        {"output_shape": (3, 4)},
        expected=grid_of,
        empty=True,
    ),
    Case(
        F.spatial_transformer_grid,
        [(2, 2, 3)],
        {"output_shape": (1, 2)},
        expected=grid_of,
        label="one row",
    ),
    Case(
        F.spatial_transformer_sampler,
        [(2, 3, 4, 5), places(2, 3, 4, (4, 5))],
        expected=sampled,
        tol=HALF,
        bench=[(32, 16, 32, 32), (32, 2, 32, 32)],
    ),
    Case(
        F.spatial_transformer_sampler,
        [(1, 1, 2, 3), (1, 2, 2, 2)],
        expected=sampled,
        label="between",
        low=-0.9,
        high=-0.1,
        tol=HALF,
        empty=True,
    ),
    Case(
        F.deformable_convolution_2d_sampler,
        [(2, 2, 4, 5), offsets(2, 12, 3, 3), (3, 2, 2, 3), (3,)],
        expected=deformed,
        tol=HALF,
    ),
    Case(
        F.deformable_convolution_2d_sampler,
        [(1, 2, 5, 4), offsets(1, 18, 3, 2), (2, 2, 3, 3)],
        {"stride": 2, "pad": 1},
        expected=deformed,
        label="stride, pad",
        tol=HALF,
    ),
]
