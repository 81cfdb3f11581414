"""Cases of renkei.functions.join_split. Expectations fill arrays slice by slice."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def side_by_side(xs, axis=1):
    """Copies each array to its place."""
    shape = list(xs[0].shape)
    shape[axis] = sum(x.shape[axis] for x in xs)
    y, end = np.empty(shape), 0
    rows = np.moveaxis(y, axis, 0)
    for x in xs:
        for row in np.moveaxis(x, axis, 0):
            rows[end] = row
            end += 1
    return y


def stacked(xs, axis=0):
    shape = list(xs[0].shape)
    shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, len(xs))
    y = np.empty(shape)
    for i, x in enumerate(xs):
        np.moveaxis(y, axis, 0)[i] = x
    return y


def transposed(xs):
    return [np.array([x[t] for x in xs if len(x) > t]) for t in range(len(xs[0]))]


CASES = [
    Case(
        F.concat,
        [(2, 3, 2), (2, 1, 2), (2, 2, 2)],
        expected=side_by_side,
        variadic=True,
        empty=True,
        bench=[(64, 64, 28, 28), (64, 32, 28, 28)],
    ),
    Case(
        F.concat,
        [(2, 3), (1, 3)],
        {"axis": -2},
        expected=side_by_side,
        variadic=True,
        label="negative",
    ),
    Case(F.concat, [(3,)], {"axis": 0}, expected=side_by_side, variadic=True, label="one"),
    Case(F.concat, [(2, 0), (2, 2)], expected=side_by_side, variadic=True, label="no-columns"),
    Case(F.stack, [(2, 3), (2, 3)], expected=stacked, variadic=True, bench=[(64, 256)] * 4),
    Case(F.stack, [(2, 3)] * 3, {"axis": 1}, expected=stacked, variadic=True, label="middle"),
    Case(F.stack, [(2, 3)] * 2, {"axis": -1}, expected=stacked, variadic=True, label="last"),
    Case(F.stack, [(), ()], expected=stacked, variadic=True, label="scalars"),
    Case(F.hstack, [(2, 1), (2, 3)], expected=side_by_side, variadic=True, empty=True),
    Case(
        F.hstack, [(2,), (3,)], expected=lambda xs: side_by_side(xs, 0), variadic=True, label="1d"
    ),
    Case(F.hstack, [(), ()], expected=stacked, variadic=True, label="scalars"),
    Case(F.vstack, [(1, 3), (2, 3)], expected=lambda xs: side_by_side(xs, 0), variadic=True),
    Case(F.vstack, [(3,), (3,)], expected=stacked, variadic=True, label="vectors", empty=False),
    Case(
        F.vstack, [(), ()], expected=lambda xs: stacked(xs)[:, None], variadic=True, label="scalars"
    ),
    Case(F.dstack, [(2, 3, 1), (2, 3, 2)], expected=lambda xs: side_by_side(xs, 2), variadic=True),
    Case(
        F.dstack, [(2, 3)] * 2, expected=lambda xs: stacked(xs, 2), variadic=True, label="matrices"
    ),
    Case(
        F.dstack,
        [(3,)] * 2,
        expected=lambda xs: stacked(xs, 1)[None],
        variadic=True,
        label="vectors",
    ),
    Case(
        F.dstack,
        [(), ()],
        expected=lambda xs: stacked(xs)[None, None],
        variadic=True,
        label="scalars",
    ),
    Case(
        F.split_axis,
        [(2, 6)],
        {"indices_or_sections": 3, "axis": 1},
        expected=lambda x, **attrs: [x[:, :2], x[:, 2:4], x[:, 4:]],
        empty=True,
        bench=[(64, 256)],
    ),
    Case(
        F.split_axis,
        [(5, 2)],
        {"indices_or_sections": [1, 1, 4], "axis": -2},
        expected=lambda x, **attrs: [x[:1], x[1:1], x[1:4], x[4:]],
        label="indices",
    ),
    Case(
        F.split_axis,
        [(3, 2)],
        {"indices_or_sections": 1, "axis": 0, "force_tuple": False},
        expected=lambda x, **attrs: x,
        label="whole",
    ),
    Case(
        F.split_axis,
        [(5,)],
        {"indices_or_sections": np.array([2, 5]), "axis": 0},
        expected=lambda x, **attrs: [x[:2], x[2:], x[:0]],
        label="array",
    ),
    Case(
        F.split_axis,
        [(6, 2)],
        {"indices_or_sections": 3, "axis": 0},
        expected=lambda x, **attrs: x[2:4],
        output=lambda ys: ys[1],
        label="one-used",
    ),
    Case(F.separate, [(2, 3)], expected=lambda x: [x[0], x[1]], bench=[(32, 64, 256)]),
    Case(
        F.separate,
        [(2, 3)],
        {"axis": -1},
        expected=lambda x, axis: [x[:, 0], x[:, 1], x[:, 2]],
        label="last",
        empty=True,
    ),
    Case(F.separate, [(2,)], expected=lambda x: [x[0], x[1]], label="vector"),
    Case(
        F.separate,
        [(3, 2)],
        expected=lambda x: x[1],
        output=lambda ys: ys[1],
        label="one-used",
    ),
    Case(F.transpose_sequence, [(3, 2), (2, 2), (2, 2)], expected=transposed, variadic=True),
    Case(
        F.transpose_sequence,
        [(2,), (1,), (0,)],
        expected=transposed,
        variadic=True,
        label="empty-sequence",
    ),
    Case(
        F.transpose_sequence,
        [(3,), (2,)],
        expected=lambda xs: transposed(xs)[1],
        variadic=True,
        output=lambda ys: ys[1],
        label="one-used",
    ),
]
