"""Images looked at between their pixels, and the grids of places to look at."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

__all__ = [
    "bilinear_sampling",
    "bilinear_slope",
    "bilinear_spreading",
    "spatial_transformer_grid",
    "spatial_transformer_grid_grad",
]

_Sizes = tuple[int, ...]


def _working(*arrays: Any) -> Any:
    return np.result_type(np.float32, *[a.dtype for a in arrays])


def _split(place: Any, size: int) -> tuple[Any, Any]:
    """The pixel before each place, and how far behind that it is.

    Places outside of (-1, size) get a pixel for which neither it nor the next one exists.
    """
    xp = get_array_module(place)
    inside = (place > -1) & (place < size)
    low = xp.floor(xp.where(inside, place, -2))
    return low.astype(np.intp), xp.where(inside, place - low, 0)


class _Corners:
    """The four pixels around each place: (n, 2, *out) columns and rows become (n, 1, places)."""

    def __init__(self, at: Any, size: _Sizes, dtype: Any) -> None:
        self.height, self.width = size
        places = at.reshape(len(at), 2, prod(at.shape[2:])).astype(dtype, copy=False)
        self.column, self.right = _split(places[:, :1], self.width)
        self.row, self.down = _split(places[:, 1:], self.height)

    def __iter__(self) -> Iterator[tuple[Any, Any, int, int]]:
        """Flat places, whether there is a pixel, and which of the four it is."""
        for i, j in itertools.product((0, 1), (0, 1)):
            row, column = self.row + i, self.column + j
            seen = (row >= 0) & (row < self.height) & (column >= 0) & (column < self.width)
            yield (row * self.width + column) * seen, seen, i, j

    def weight(self, i: int, j: int) -> Any:
        return (self.down if i else 1 - self.down) * (self.right if j else 1 - self.right)


def _base(n: int, c: int, size: int, xp: Any) -> Any:
    """Where the planes (n, c, 1) begin in flat memory."""
    return xp.arange(n * c).reshape(n, c, 1) * size


@kernel("bilinear_sampling", backend="reference")
def bilinear_sampling(x: Any, at: Any) -> Any:
    n, c, h, w = x.shape
    xp = get_array_module(x)
    dtype = _working(x, at)
    corners = _Corners(at, (h, w), dtype)
    flat, base = x.ravel(), _base(n, c, h * w, xp)
    y = xp.zeros((n, c, corners.row.shape[2]), dtype)
    for place, seen, i, j in corners:
        # where, not a weight of 0: what lies outside must not meet an infinite pixel
        y += xp.where(seen, flat[base + place], 0) * corners.weight(i, j)
    return y.reshape(n, c, *at.shape[2:]).astype(x.dtype, copy=False)


@kernel("bilinear_spreading", backend="reference")
def bilinear_spreading(gy: Any, at: Any, *, size: _Sizes) -> Any:
    """The adjoint of ``bilinear_sampling`` at the same places."""
    n, c = gy.shape[:2]
    xp = get_array_module(gy)
    dtype = _working(gy, at)
    corners = _Corners(at, size, dtype)
    values = gy.reshape(n, c, prod(gy.shape[2:])).astype(dtype, copy=False)
    area = corners.height * corners.width
    gx, base = xp.zeros(n * c * area, dtype), _base(n, c, area, xp)
    for place, seen, i, j in corners:
        # One flat index: add.at has a quick loop for that alone.
        part = values * (corners.weight(i, j) * seen)
        xp.add.at(gx, (base + place).ravel(), part.ravel())
    return gx.reshape(n, c, *size).astype(gy.dtype, copy=False)


@kernel("bilinear_slope", backend="reference")
def bilinear_slope(gy: Any, x: Any, at: Any) -> Any:
    """The gradient of ``bilinear_sampling`` by the places."""
    n, c, h, w = x.shape
    xp = get_array_module(x)
    dtype = _working(x, at)
    corners = _Corners(at, (h, w), dtype)
    flat, base = x.ravel(), _base(n, c, h * w, xp)
    values = gy.reshape(n, c, prod(gy.shape[2:])).astype(dtype, copy=False)
    gat = xp.zeros((n, 2, corners.row.shape[2]), dtype)
    for place, seen, i, j in corners:
        along = (values * xp.where(seen, flat[base + place], 0)).sum(axis=1)
        down, right = corners.down[:, 0], corners.right[:, 0]
        gat[:, 0] += along * (2 * j - 1) * (down if i else 1 - down)
        gat[:, 1] += along * (2 * i - 1) * (right if j else 1 - right)
    return gat.reshape(at.shape).astype(at.dtype, copy=False)


def _coordinates(outsize: _Sizes, like: Any, dtype: Any) -> Any:
    """Column, row and 1 of each pixel, from -1 to 1, as (3, pixels)."""
    xp = get_array_module(like)
    rows, columns = (xp.linspace(-1, 1, n).astype(dtype) for n in outsize)
    coords = xp.ones((3, *outsize), dtype)
    coords[0], coords[1] = columns, rows[:, None]
    return coords.reshape(3, -1)


@kernel("spatial_transformer_grid", backend="reference")
def spatial_transformer_grid(theta: Any, *, outsize: _Sizes) -> Any:
    wide = theta.astype(_working(theta), copy=False)
    grid = get_array_module(theta).matmul(wide, _coordinates(outsize, theta, wide.dtype))
    return grid.reshape(len(theta), 2, *outsize).astype(theta.dtype, copy=False)


@kernel("spatial_transformer_grid_grad", backend="reference")
def spatial_transformer_grid_grad(ggrid: Any) -> Any:
    wide = ggrid.astype(_working(ggrid), copy=False)
    coords = _coordinates(ggrid.shape[2:], ggrid, wide.dtype)
    gtheta = get_array_module(ggrid).matmul(wide.reshape(len(wide), 2, coords.shape[1]), coords.T)
    return gtheta.astype(ggrid.dtype, copy=False)
