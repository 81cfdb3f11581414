"""Rows of renkei.functions.rnn."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

import renkei.functions as F
from renkei.testing import Case


def lstm(c_prev, x):
    """Gates by strides; rows without input keep their cell."""
    a, i, f, o = (x[:, k::4] for k in range(4))
    c = c_prev.copy()
    c[: len(x)] = np.tanh(a) * expit(i) + expit(f) * c_prev[: len(x)]
    return c, expit(o) * np.tanh(c[: len(x)])


def slstm(c1, c2, x1, x2):
    a1, i1, f1, o1 = (x1[:, k::4] for k in range(4))
    a2, i2, f2, o2 = (x2[:, k::4] for k in range(4))
    c = np.tanh(a1) * expit(i1) + np.tanh(a2) * expit(i2) + expit(f1) * c1 + expit(f2) * c2
    return c, np.tanh(c) * expit(o1 + o2)


def tree_lstm(*inputs):
    *cs, x = inputs
    a, i, o, *fs = np.split(x, 3 + len(cs), axis=1)
    c = np.tanh(a) * expit(i) + sum(expit(f) * branch for f, branch in zip(fs, cs))
    return c, np.tanh(c) * expit(o)


CASES = [
    Case(F.lstm, [(3, 2), (3, 8)], low=-2.0, high=2.0, expected=lstm, empty=True),
    Case(F.lstm, [(5, 2), (3, 8)], label="shrinking batch", expected=lstm),
    Case(F.lstm, [(2, 3, 2), (2, 12, 2)], label="3-d", expected=lstm),
    Case(
        F.lstm,
        [(3, 2), (3, 8)],
        label="only c",
        output=lambda y: y[0],
        expected=lambda c, x: lstm(c, x)[0],
    ),
    Case(
        F.lstm,
        [(4, 2), (3, 8)],
        label="only h",
        output=lambda y: y[1],
        expected=lambda c, x: lstm(c, x)[1],
    ),
    Case(F.slstm, [(3, 2), (3, 2), (3, 8), (3, 8)], expected=slstm, empty=True),
    Case(F.tree_lstm, [(3, 2), (3, 2), (3, 10)], expected=tree_lstm),
    Case(F.tree_lstm, [(3, 2), (3, 8)], label="one branch", expected=tree_lstm),
    Case(F.tree_lstm, [(2, 1), (2, 1), (2, 1), (2, 6)], label="three", expected=tree_lstm),
]
