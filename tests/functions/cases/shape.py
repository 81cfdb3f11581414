"""Cases of renkei.functions.shape. Expectations read elements one by one by their indices."""

from __future__ import annotations

from itertools import product

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def by_index(shape, where):
    """An array whose element at ``i`` is the one of ``x`` at ``where(i, x)``."""

    def expected(x, **attrs):
        y = np.empty(shape)
        for i in product(*map(range, shape)):
            y[i] = x[where(i, x)]
        return y

    return expected


def c_order(shape):
    """The elements counted off in C order."""

    def expected(x, **attrs):
        elements = [x[i] for i in product(*map(range, x.shape))]
        return by_index(shape, lambda i, e: np.ravel_multi_index(i, shape) if shape else 0)(
            np.array(elements)
        )

    return expected


CASES = [
    Case(F.reshape, [(2, 3, 4)], {"shape": (4, 6)}, expected=c_order((4, 6)), bench=[(64, 3, 32)]),
    Case(F.reshape, [(2, 6)], {"shape": (3, -1, 2)}, expected=c_order((3, 2, 2)), label="open"),
    Case(F.reshape, [(1, 1)], {"shape": ()}, expected=lambda x, shape: x[0, 0], label="scalar"),
    Case(F.reshape, [()], {"shape": 1}, expected=lambda x, shape: np.array([x]), label="integer"),
    Case(
        F.reshape,
        [(2, 3)],
        {"shape": (-1, 3)},
        expected=lambda x, shape: x,
        empty=True,
        label="same",
    ),
    Case(F.flatten, [(2, 3, 2)], expected=c_order((12,)), bench=[(64, 512, 7, 7)]),
    Case(F.flatten, [(0, 3)], expected=lambda x: np.zeros(0), label="nothing"),
    Case(F.flatten, [()], expected=lambda x: np.array([x]), label="scalar"),
    Case(
        F.transpose,
        [(2, 3, 4)],
        expected=by_index((4, 3, 2), lambda i, x: i[::-1]),
        label="reversed",
    ),
    Case(
        F.transpose,
        [(2, 3, 4)],
        {"axes": (1, 2, 0)},
        expected=by_index((3, 4, 2), lambda i, x: (i[2], i[0], i[1])),
        bench=[(64, 128, 64)],
    ),
    Case(
        F.transpose,
        [(2, 3, 4)],
        {"axes": (-1, 0, -2)},
        expected=by_index((4, 2, 3), lambda i, x: (i[1], i[2], i[0])),
        label="negative",
    ),
    Case(F.transpose, [()], {"axes": ()}, expected=lambda x, axes: x, label="scalar"),
    Case(
        F.transpose,
        [(2, 3)],
        {"axes": (0, 1)},
        expected=lambda x, axes: x,
        empty=True,
        label="identity",
    ),
    Case(
        F.swapaxes,
        [(2, 3, 4)],
        {"axis1": 0, "axis2": -1},
        expected=by_index((4, 3, 2), lambda i, x: i[::-1]),
    ),
    Case(
        F.swapaxes,
        [(2, 3)],
        {"axis1": 1, "axis2": 1},
        expected=lambda x, axis1, axis2: x,
        label="same",
        empty=True,
    ),
    Case(
        F.moveaxis,
        [(2, 3, 4)],
        {"source": 0, "destination": -1},
        expected=by_index((3, 4, 2), lambda i, x: (i[2], i[0], i[1])),
    ),
    Case(
        F.moveaxis,
        [(2, 3, 4)],
        {"source": (0, 1), "destination": (2, 0)},
        expected=by_index((3, 4, 2), lambda i, x: (i[2], i[0], i[1])),
        label="several",
    ),
    Case(
        F.rollaxis,
        [(2, 3, 4)],
        {"axis": 2},
        expected=by_index((4, 2, 3), lambda i, x: (i[1], i[2], i[0])),
    ),
    Case(
        F.rollaxis,
        [(2, 3, 4)],
        {"axis": 0, "start": 2},
        expected=by_index((3, 2, 4), lambda i, x: (i[1], i[0], i[2])),
        label="forwards",
    ),
    Case(
        F.rollaxis,
        [(2, 3, 4)],
        {"axis": -2, "start": -3},
        expected=by_index((3, 2, 4), lambda i, x: (i[1], i[0], i[2])),
        label="negative",
    ),
    Case(
        F.expand_dims,
        [(2, 3)],
        {"axis": 1},
        expected=by_index((2, 1, 3), lambda i, x: (i[0], i[2])),
        empty=False,
    ),
    Case(
        F.expand_dims,
        [(2, 3)],
        {"axis": -1},
        expected=by_index((2, 3, 1), lambda i, x: i[:2]),
        label="last",
    ),
    Case(F.expand_dims, [()], {"axis": 0}, expected=lambda x, axis: np.array([x]), label="scalar"),
    Case(F.squeeze, [(1, 3, 1)], expected=by_index((3,), lambda i, x: (0, i[0], 0))),
    Case(
        F.squeeze,
        [(1, 3, 1)],
        {"axis": -1},
        expected=by_index((1, 3), lambda i, x: (*i, 0)),
        label="axis",
    ),
    Case(
        F.squeeze,
        [(1, 2, 1, 1)],
        {"axis": (0, 2)},
        expected=by_index((2, 1), lambda i, x: (0, i[0], 0, i[1])),
        label="axes",
    ),
    Case(F.squeeze, [(1, 1)], expected=lambda x: x[0, 0], label="scalar"),
]
