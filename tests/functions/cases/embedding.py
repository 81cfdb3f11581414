"""Cases of renkei.functions.embedding. Expectations look rows up one by one."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def looked_up(x, W, ignore_label=None):
    rows = [np.zeros(W.shape[1]) if i == ignore_label else W[i] for i in x.ravel()]
    return np.array(rows).reshape(*x.shape, W.shape[1])


CASES = [
    Case(
        F.embed_id,
        [np.array([3, 0, 3, 1]), (4, 2)],
        expected=looked_up,
        bench=[lambda rng: rng.integers(0, 10000, 700), (10000, 128)],
    ),
    Case(
        F.embed_id,
        [np.array([[1, 2, 1], [0, 0, 1]], np.int32), (3, 2)],
        expected=looked_up,
        label="matrix",
    ),
    Case(
        F.embed_id,
        [np.array([1, -1, 0, -1]), (3, 2)],
        {"ignore_label": -1},
        expected=looked_up,
        label="ignored-outside",
    ),
    Case(
        F.embed_id,
        [np.array([1, 2, 0], np.uint8), (3, 2)],
        {"ignore_label": 2},
        expected=looked_up,
        label="ignored-inside",
    ),
    Case(F.embed_id, [np.array(1), (3, 2)], expected=looked_up, label="scalar"),
    Case(F.embed_id, [np.zeros((0, 2), int), (3, 2)], expected=looked_up, label="no-ids"),
]
