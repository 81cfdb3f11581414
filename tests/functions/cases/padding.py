"""Cases of renkei.functions.padding; numpy.pad is the expectation, our gradients are our own."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def padded_sequence(xs, length=None, padding=0):
    n = max(map(len, xs)) if length is None else length
    filler = np.full(xs[0].shape[1:], float(padding))
    return np.array([[*x, *[filler] * (n - len(x))] for x in xs])


CASES = [
    Case(
        F.pad,
        [(2, 3)],
        {"pad_width": ((1, 2), (0, 1)), "mode": "constant"},
        expected=lambda x, pad_width, mode: np.block(
            [[np.zeros((1, 4))], [x, np.zeros((len(x), 1))], [np.zeros((2, 4))]]
        ),
        empty=True,
        bench=[(64, 3, 32, 32)],
    ),
    *[
        Case(
            F.pad, [shape], {"pad_width": width, "mode": mode, **more}, expected=np.pad, label=label
        )
        for label, shape, width, mode, more in [
            ("value", (2, 3), 1, "constant", {"constant_values": 2}),
            ("values", (2, 3), (1, 2), "constant", {"constant_values": ((1, 2), (3, 4))}),
            ("edge", (2, 3), ((1, 2), (0, 3)), "edge", {}),
            ("reflect", (3, 4), 2, "reflect", {}),
            ("reflect-far", (3,), 7, "reflect", {}),
            ("reflect-even", (3,), 2, "reflect", {"reflect_type": "even"}),
            ("symmetric", (3, 2), ((2, 1), (3, 0)), "symmetric", {}),
            ("wrap", (3, 2), (4, 1), "wrap", {}),
            ("mean", (3, 2), (2, 1), "mean", {}),
            ("mean-of-2", (3, 2), (2, 1), "mean", {"stat_length": ((2, 1), (5, 1))}),
            ("maximum", (3, 2), (2, 1), "maximum", {}),
            ("minimum", (3, 2), (2, 1), "minimum", {"stat_length": 2}),
            ("ramp", (3, 2), ((3, 1), (0, 2)), "linear_ramp", {"end_values": (2, 3)}),
            ("nothing", (2, 2), 0, "mean", {}),
        ]
    ],
    Case(F.pad_sequence, [(3,), (1,), (2,)], expected=padded_sequence, variadic=True),
    Case(
        F.pad_sequence,
        [(2, 2), (0, 2)],
        {"length": 3, "padding": -1},
        expected=padded_sequence,
        variadic=True,
        label="length",
    ),
]
