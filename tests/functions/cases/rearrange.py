"""Cases of renkei.functions.rearrange. Expectations read elements one by one by their indices."""

from __future__ import annotations

from itertools import product

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def by_index(shape, where):
    """An array whose element at ``i`` is the one of ``x`` at ``where(i)``."""

    def expected(x, **attrs):
        y = np.empty(shape)
        for i in product(*map(range, shape)):
            y[i] = x[where(*i)]
        return y

    return expected


CASES = [
    Case(
        F.tile,
        [(2, 3)],
        {"reps": (2, 2)},
        expected=by_index((4, 6), lambda i, j: (i % 2, j % 3)),
        bench=[(64, 64)],
    ),
    Case(
        F.tile,
        [(3,)],
        {"reps": (2, 1)},
        expected=by_index((2, 3), lambda i, j: j),
        label="more-axes",
    ),
    Case(
        F.tile,
        [(2, 3)],
        {"reps": 2},
        expected=by_index((2, 6), lambda i, j: (i, j % 3)),
        label="integer",
    ),
    Case(F.tile, [()], {"reps": 2}, expected=lambda x, reps: np.array([x, x]), label="scalar"),
    Case(
        F.tile, [(2, 3)], {"reps": (1, 0)}, expected=lambda x, reps: np.zeros((2, 0)), label="none"
    ),
    Case(
        F.tile,
        [(2,)],
        {"reps": 1},
        expected=lambda x, reps: x,
        label="once",
        empty=True,
    ),
    Case(
        F.repeat,
        [(2, 3)],
        {"repeats": 2, "axis": 1},
        expected=by_index((2, 6), lambda i, j: (i, j // 2)),
        bench=[(64, 64)],
    ),
    Case(
        F.repeat,
        [(2, 3)],
        {"repeats": 2},
        expected=by_index((12,), lambda i: (i // 6, i % 6 // 2)),
        label="flat",
    ),
    Case(
        F.repeat,
        [(2, 3)],
        {"repeats": (2, 0, 1), "axis": -1},
        expected=by_index((2, 3), lambda i, j: (i, (0, 0, 2)[j])),
        label="each",
    ),
    Case(
        F.repeat,
        [(2, 3)],
        {"repeats": 0, "axis": 0},
        expected=lambda x, **attrs: np.zeros((0, 3)),
        label="none",
    ),
    Case(F.flip, [(3, 2)], {"axis": 0}, expected=by_index((3, 2), lambda i, j: (2 - i, j))),
    Case(
        F.flip,
        [(3, 2)],
        {"axis": (0, -1)},
        expected=by_index((3, 2), lambda i, j: (2 - i, 1 - j)),
        label="both",
    ),
    Case(F.fliplr, [(2, 3)], expected=by_index((2, 3), lambda i, j: (i, 2 - j)), empty=False),
    Case(F.flipud, [(3, 2)], expected=by_index((3, 2), lambda i, j: (2 - i, j)), empty=False),
    Case(F.flipud, [(3,)], expected=by_index((3,), lambda i: 2 - i), label="vector"),
    Case(F.diagonal, [(3, 3)], expected=by_index((3,), lambda i: (i, i))),
    Case(
        F.diagonal,
        [(2, 3, 4)],
        {"offset": 1, "axis1": -1, "axis2": 0},
        expected=by_index((3, 1), lambda j, i: (i + 1, j, i)),
        label="axes",
    ),
    Case(
        F.diagonal,
        [(3, 4)],
        {"offset": -2},
        expected=by_index((1,), lambda i: (i + 2, i)),
        label="below",
    ),
    Case(
        F.diagonal,
        [(2, 2)],
        {"offset": 5},
        expected=lambda x, offset: np.zeros(0),
        label="outside",
    ),
    Case(
        F.as_strided,
        [(2, 3)],
        {"shape": (3, 2), "strides": (1, 2), "storage_offset": 1},
        expected=by_index((3, 2), lambda i, j: divmod(1 + i + 2 * j, 3)),
    ),
    Case(
        F.as_strided,
        [(4,)],
        {"shape": (2, 3), "strides": (0, -1), "storage_offset": 3},
        expected=by_index((2, 3), lambda i, j: 3 - j),
        label="backwards",
    ),
    Case(
        F.depth2space,
        [(2, 8, 2, 3)],
        {"r": 2},
        expected=by_index(
            (2, 2, 4, 6), lambda n, c, h, w: (n, (h % 2 * 2 + w % 2) * 2 + c, h // 2, w // 2)
        ),
        empty=False,
        bench=[(16, 64, 32, 32)],
    ),
    Case(
        F.space2depth,
        [(2, 2, 4, 6)],
        {"r": 2},
        expected=by_index(
            (2, 8, 2, 3),
            lambda n, c, h, w: (n, c % 2, 2 * h + c // 2 // 2, 2 * w + c // 2 % 2),
        ),
        bench=[(16, 16, 64, 64)],
    ),
]
