"""Rows of renkei.functions.linear."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def affine(x, W, b=None, n_batch_axes=1):
    rows = x.reshape(*x.shape[:n_batch_axes], W.shape[1])
    y = np.einsum("...i,oi->...o", rows, W)
    return y if b is None else y + b


CASES = [
    Case(F.linear, [(4, 5), (3, 5), (3,)], expected=affine, bench=[(128, 784), (100, 784), (100,)]),
    Case(F.linear, [(4, 5), (3, 5)], label="no bias", expected=affine),
    Case(F.linear, [(0, 5), (3, 5), (3,)], label="empty batch", expected=affine),
    Case(F.linear, [(4, 2, 3), (5, 6), (5,)], label="flattened", expected=affine),
    Case(
        F.linear,
        [(2, 3, 4), (5, 4), (5,)],
        {"n_batch_axes": 2},
        label="two batch axes",
        expected=affine,
    ),
    Case(
        F.linear,
        [(2, 3, 2, 2), (5, 4)],
        {"n_batch_axes": 2},
        label="two batch axes, flattened",
        expected=affine,
    ),
    Case(F.linear, [(4, 1), (1, 1), (1,)], label="one unit", expected=affine),
]
