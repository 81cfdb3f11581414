"""Cases of renkei.functions.broadcast. Expectations are loops over elements."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def broadcast(*xs):
    """Each element by its index, where axes of size 1 count as 0."""
    shape = np.broadcast_shapes(*[x.shape for x in xs])
    return [spread(x, shape) for x in xs]


def spread(x, shape):
    y = np.empty(shape)
    for i in np.ndindex(shape):
        tail = i[len(shape) - x.ndim :]
        y[i] = x[tuple(k if n > 1 else 0 for k, n in zip(tail, x.shape))]
    return y


def summed(x, shape):
    y = np.zeros(shape)
    for i in np.ndindex(x.shape):
        tail = i[x.ndim - len(shape) :]
        y[tuple(k if n > 1 else 0 for k, n in zip(tail, shape))] += x[i]
    return y


def aligned(operation):
    def expected(x, y, axis=1):
        z = np.empty_like(x)
        for i in np.ndindex(x.shape):
            z[i] = operation(x[i], y[i[axis : axis + y.ndim]])
        return z

    return expected


SCALE, BIAS = aligned(lambda a, b: a * b), aligned(lambda a, b: a + b)

CASES = [
    Case(F.broadcast_to, [(3, 1)], {"shape": (2, 3, 2)}, expected=spread, bench=[(256, 1)]),
    Case(F.broadcast_to, [()], {"shape": (2,)}, expected=spread, label="scalar"),
    Case(F.broadcast_to, [(2,)], {"shape": (2,)}, expected=spread, label="same"),
    Case(F.broadcast_to, [(1, 2)], {"shape": (0, 2)}, expected=spread, label="to-nothing"),
    Case(F.sum_to, [(2, 3, 2)], {"shape": (3, 1)}, expected=summed, bench=[(64, 256)]),
    Case(F.sum_to, [(2, 3)], {"shape": ()}, expected=summed, label="scalar"),
    Case(F.sum_to, [(2, 3)], {"shape": (2, 3)}, expected=summed, label="same"),
    Case(F.sum_to, [(2, 3)], {"shape": (1, 3)}, expected=summed, label="rows", empty=True),
    Case(F.broadcast, [(3, 1), (2,), ()], expected=broadcast),
    Case(F.scale, [(2, 3, 2), (3,)], expected=SCALE, bench=[(64, 64, 28, 28), (64,)]),
    Case(F.scale, [(2, 3, 2), (2, 3)], {"axis": 0}, expected=SCALE, label="matrix"),
    Case(F.scale, [(2, 3), ()], expected=SCALE, label="scalar"),
    Case(F.bias, [(2, 3, 2), (3,)], expected=BIAS, bench=[(64, 64, 28, 28), (64,)]),
    Case(
        F.bias,
        [(2, 3, 2), (2,)],
        {"axis": -1},
        expected=lambda x, y, axis: BIAS(x, y, 2),
        label="last",
    ),
]
