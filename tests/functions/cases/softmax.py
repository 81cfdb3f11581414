"""Rows of renkei.functions.softmax."""

from __future__ import annotations

from scipy import special

import renkei.functions as F
from renkei.testing import Case

CASES = [
    case
    for function, formula in (
        (F.softmax, special.softmax),
        (F.log_softmax, special.log_softmax),
    )
    for case in (
        Case(
            function,
            [(3, 4)],
            low=-4.0,
            high=4.0,
            expected=lambda x, formula=formula: formula(x, axis=1),
            empty=True,
            bench=[(128, 1000)],
        ),
        Case(
            function,
            [(2, 3, 4)],
            {"axis": -1},
            label="last axis",
            low=-3.0,
            high=3.0,
            expected=formula,
        ),
        Case(function, [(4, 3)], {"axis": 0}, label="axis 0", expected=formula),
        Case(
            function,
            [(2, 5, 3, 2)],
            label="images",
            low=-3.0,
            high=3.0,
            expected=lambda x, formula=formula: formula(x, axis=1),
        ),
    )
]
