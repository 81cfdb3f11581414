"""Rows of renkei.functions.cumulative."""

from __future__ import annotations

import functools

import numpy as np

import renkei.functions as F
from renkei.testing import Case

X = [(2, 3, 4)]


def _zeros(rng):
    """Rows without a zero, with one, with two."""
    x = rng.uniform(0.5, 1.5, (3, 4))
    x[1, 2] = x[2, 0] = x[2, 3] = 0
    return x


def _looped(function):
    """A reduction over axis 1 of three, written with Python's own numbers."""

    def reduced(x, axis):
        rows = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
        return np.array([function(row.tolist()) for row in rows]).reshape(x.shape[0], -1)

    return reduced


CASES = [
    Case(
        F.prod,
        X,
        {"axis": 1},
        label="axis",
        expected=_looped(lambda r: functools.reduce(lambda a, b: a * b, r)),
    ),
    Case(
        F.prod,
        X,
        {"axis": (0, 2), "keepdims": True},
        label="keepdims",
        low=0.5,
        high=1.5,
        expected=lambda x, axis, keepdims: np.exp(np.log(x).sum(axis, keepdims=True)),
    ),
    Case(
        F.prod,
        [_zeros],
        {"axis": 1},
        label="zeros",
        expected=lambda x, axis: x[:, 0] * x[:, 1] * x[:, 2] * x[:, 3],
    ),
    Case(F.cumsum, X, expected=lambda x: np.tri(24) @ x.ravel()),
    Case(
        F.cumsum,
        X,
        {"axis": 1},
        label="axis",
        empty=True,
        expected=lambda x, axis: np.einsum("ij,ajc->aic", np.tri(3), x),
    ),
    Case(
        F.cumprod,
        [(2, 3)],
        low=0.5,
        high=1.5,
        expected=lambda x: np.exp(np.tri(6) @ np.log(x.ravel())),
    ),
    Case(
        F.cumprod,
        X,
        {"axis": -1},
        label="axis",
        empty=True,
        expected=lambda x, axis: np.stack([x[..., : k + 1].prod(-1) for k in range(4)], -1),
    ),
    Case(
        F.cumprod,
        [_zeros],
        {"axis": 1},
        label="zeros",
        expected=lambda x, axis: np.stack([x[..., : k + 1].prod(-1) for k in range(4)], -1),
    ),
    Case(
        F.cumprod,
        [_zeros],
        {"axis": 0},
        label="zeros-axis-0",
        expected=lambda x, axis: np.stack([x[: k + 1].prod(0) for k in range(3)], 0),
    ),
]
