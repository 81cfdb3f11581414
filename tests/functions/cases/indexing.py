"""Cases of renkei.functions.indexing. Expectations are loops over elements."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def indexed(x, slices):
    return x[slices]


def added(a, b, slices):
    y = a.copy()
    places = np.arange(a.size).reshape(a.shape)[slices]
    values = np.broadcast_to(b, places.shape)
    for place, value in zip(places.ravel(), values.ravel()):
        y[np.unravel_index(place, a.shape)] += value
    return y


def chosen(condition, x, y):
    n = np.broadcast_shapes(*map(np.shape, (condition, x, y)))
    condition, x, y = (np.broadcast_to(a, n) for a in (condition, x, y))
    return np.array([x[i] if condition[i] else y[i] for i in np.ndindex(n)]).reshape(n)


def scatter_add(a, b, slices):
    return F.scatter_add(a, slices, b)


def where_number(condition, x):
    return F.where(condition, x, 2.0)


def number_where(condition, y):
    return F.where(condition, 2, y)


MASK = np.array([[True, False, True], [False, False, True]])
ORDER = np.array([2, 0, 3, 1])

CASES = [
    *[
        Case(F.get_item, [shape], {"slices": slices}, expected=indexed, label=label)
        for label, shape, slices in [
            ("integer", (3, 2), 1),
            ("negative", (3, 2), -1),
            ("numpy-integer", (3, 2), np.int8(2)),
            ("element", (3, 2), (1, 0)),
            ("slice", (5, 2), slice(1, 4)),
            ("backwards", (5, 3), (slice(None, None, -2), slice(2, 0, -1))),
            ("no-rows", (5, 2), slice(4, 1)),
            ("none", (3, 2), (None, 1, None)),
            ("ellipsis", (2, 3, 4), (Ellipsis, 1)),
            ("ellipsis-middle", (2, 3, 4), (1, Ellipsis, slice(None, 2))),
            ("everything", (2, 3), ()),
            ("scalar", (), Ellipsis),
            ("list", (3, 2), [2, 0, 0]),
            ("array", (3, 2), np.array([[2, -1], [0, 0]])),
            ("unsigned", (3, 2), np.array([2, 0], np.uint8)),
            ("two-arrays", (3, 4), (np.array([2, 0, 2]), np.array([1, 3, 1]))),
            ("broadcast-arrays", (3, 4), (np.array([[2], [0]]), np.array([1, 3]))),
            ("apart", (2, 3, 4), ([0, 1, 0], slice(1, 3), [3, 0, 3])),
            ("together", (2, 3, 4), (slice(None), [0, 2, 0], [3, 0, 3])),
            ("integer-apart", (2, 3, 4), (0, slice(None), [3, 0, 3])),
            ("array-none-array", (2, 3, 4), ([0, 1], None, [2, 2])),
            ("array-ellipsis", (2, 3, 4), ([1, 1], Ellipsis, None, 0)),
            ("mask", (2, 3), MASK),
            ("mask-rows", (2, 3), np.array([True, False])),
            ("mask-list", (2, 3), (slice(None), [True, False, True])),
            ("mask-and-array", (2, 3, 4), (MASK, np.array([0, 1, 1]))),
            ("mask-and-ellipsis", (4, 2, 3), (Ellipsis, MASK)),
            ("mask-of-nothing", (2, 3), np.zeros((2, 3), bool)),
            ("true", (2, 3), True),
            ("false", (2, 3), (slice(None), False)),
            ("zero-size", (3, 2), np.zeros((0, 2), int)),
        ]
    ],
    Case(
        F.get_item,
        [(3, 2)],
        {"slices": slice(None, None, -1)},
        expected=indexed,
        empty=True,
        label="reversed",
    ),
    *[
        Case(scatter_add, [shape, values], {"slices": slices}, expected=added, label=label)
        for label, shape, slices, values in [
            ("slice", (4, 2), slice(1, 3), (2, 2)),
            ("twice", (4,), [0, 2, 2], (3,)),
            ("broadcast", (4, 2), [3, 3], (2,)),
            ("one", (4, 2), (1, 1), ()),
            ("mask", (2, 3), MASK, (3,)),
        ]
    ],
    Case(
        F.select_item,
        [(3, 4), np.array([1, 3, 1])],
        expected=lambda x, t: np.array([row[i] for row, i in zip(x, t)]),
        bench=[(256, 1000), np.arange(256)],
    ),
    Case(F.where, [np.array([True, False, True]), (3,), (3,)], expected=chosen),
    Case(F.where, [MASK, (3,), (4, 1, 1)], expected=chosen, label="broadcast", bench=None),
    Case(F.where, [np.array(True), (2, 3), (3,)], expected=chosen, label="one-condition"),
    Case(
        where_number, [MASK, (2, 3)], expected=lambda c, x: chosen(c, x, 2.0), label="number-last"
    ),
    Case(
        number_where, [MASK, (2, 3)], expected=lambda c, y: chosen(c, 2.0, y), label="number-first"
    ),
    Case(
        F.permutate,
        [(4, 2), ORDER],
        expected=lambda x, indices: np.array([x[i] for i in indices]),
        bench=[(64, 512), np.arange(64)[::-1]],
    ),
    Case(
        F.permutate,
        [(2, 4), ORDER],
        {"axis": -1},
        expected=lambda x, indices, axis: np.stack([x[:, i] for i in indices], 1),
        label="axis",
    ),
    Case(
        F.permutate,
        [(4, 2), ORDER],
        {"inv": True},
        expected=lambda x, indices, inv: np.array([x[list(indices).index(i)] for i in range(4)]),
        label="inverse",
    ),
]
