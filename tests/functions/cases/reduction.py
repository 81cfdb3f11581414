"""Rows of renkei.functions.reduction."""

from __future__ import annotations

import numpy as np
from scipy import special

import renkei.functions as F
from renkei.testing import Case

X = [(2, 3, 4)]


def _looped(function):
    """A reduction over axis 1 of three, written with Python's own numbers."""

    def reduced(x, axis):
        rows = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
        return np.array([function(row.tolist()) for row in rows]).reshape(x.shape[0], -1)

    return reduced


CASES = [
    Case(
        F.sum, X, expected=lambda x: np.ones(x.size) @ x.ravel(), empty=True, bench=[(1000, 1000)]
    ),
    Case(
        F.sum,
        X,
        {"axis": 1},
        label="axis",
        expected=lambda x, axis: np.einsum("abc->ac", x),
        empty=True,
    ),
    Case(
        F.sum, X, {"axis": (0, -1)}, label="axes", expected=lambda x, axis: np.einsum("abc->b", x)
    ),
    Case(
        F.sum,
        X,
        {"axis": (2, 0), "keepdims": True},
        label="keepdims",
        expected=lambda x, axis, keepdims: np.einsum("abc->b", x)[None, :, None],
    ),
    Case(F.sum, X, {"axis": ()}, label="no-axis", expected=lambda x, axis: x),
    Case(F.sum, [()], label="0-d", expected=lambda x: x),
    Case(F.mean, X, expected=lambda x: np.einsum("abc->", x) / 24, bench=[(1000, 1000)]),
    Case(
        F.mean,
        X,
        {"axis": -1, "keepdims": True},
        label="keepdims",
        empty=True,
        expected=lambda x, axis, keepdims: np.einsum("abc->ab", x)[..., None] / 4,
    ),
    Case(F.average, X, {"axis": (0, 1)}, expected=lambda x, axis: np.einsum("abc->c", x) / 6),
    Case(
        lambda x, w: F.average(x, 1, w),
        [(2, 3, 4), (3,)],
        label="average-weights",
        low=0.5,
        expected=lambda x, w: np.einsum("abc,b->ac", x, w) / w.sum(),
    ),
    Case(
        lambda x, w: F.average(x, (0, 2), w, keepdims=True),
        [(2, 3, 4), (2, 4)],
        low=0.5,
        label="average-axes",
        expected=lambda x, w: np.einsum("abc,ac->b", x, w)[None, :, None] / w.sum(),
    ),
    Case(
        lambda x, w: F.average(x, 0, w),
        [(2, 3), (2, 3)],
        label="average-same-shape",
        low=0.5,
        expected=lambda x, w: np.average(x, 0, w),
    ),
    Case(
        F.batch_l2_norm_squared, X, expected=lambda x: np.linalg.norm(x.reshape(2, -1), axis=1) ** 2
    ),
    Case(F.max, X, expected=lambda x: np.sort(x, None)[-1]),
    Case(F.max, X, {"axis": 1}, label="axis", expected=_looped(max)),
    Case(
        F.max,
        X,
        {"axis": (0, -1), "keepdims": True},
        label="keepdims",
        expected=lambda x, axis, keepdims: np.sort(np.einsum("abc->bac", x).reshape(3, 8))[
            None, :, -1:
        ],
    ),
    Case(
        F.max,
        [(3, 4)],
        {"axis": 1},
        label="empty-batch",
        empty=True,
        expected=lambda x, axis: np.sort(x)[:, -1],
    ),
    Case(F.min, X, expected=lambda x: np.sort(x, None)[0]),
    Case(F.min, X, {"axis": 1}, label="axis", expected=_looped(min)),
    Case(
        F.min,
        X,
        {"axis": (0, -1), "keepdims": True},
        label="keepdims",
        expected=lambda x, axis, keepdims: np.sort(np.einsum("abc->bac", x).reshape(3, 8))[
            None, :, :1
        ],
    ),
    Case(F.argmax, X, grad=0, expected=lambda x: np.argsort(x, None)[-1]),
    Case(
        F.argmax, X, {"axis": 1}, label="axis", grad=0, expected=_looped(lambda r: r.index(max(r)))
    ),
    Case(F.argmin, X, grad=0, expected=lambda x: np.argsort(x, None)[0]),
    Case(
        F.argmin, X, {"axis": -2}, label="axis", grad=0, expected=_looped(lambda r: r.index(min(r)))
    ),
    Case(F.logsumexp, X, expected=lambda x: special.logsumexp(x)),
    Case(
        F.logsumexp,
        X,
        {"axis": (0, 2)},
        label="axes",
        expected=lambda x, axis: np.log(np.einsum("abc->b", np.exp(x))),
    ),
    Case(
        F.logsumexp,
        [(3, 4)],
        {"axis": 1},
        label="large",
        low=50.0,
        high=100.0,
        empty=True,
        dtypes=("float32", "float64"),
        expected=lambda x, axis: special.logsumexp(x, axis),
    ),
    Case(F.prod, X, low=0.5, high=1.5, expected=lambda x: np.exp(np.log(x).sum())),
]
