"""Rows of renkei.functions.gamma: SciPy is the oracle."""

from __future__ import annotations

import numpy as np
from scipy import special

import renkei.functions as F
from renkei.testing import Case

EXACT = {"float64": (1e-13, 1e-15)}

CASES = [
    Case(
        F.lgamma,
        [(3, 4)],
        low=0.3,
        high=12.0,
        tol=EXACT,
        expected=special.gammaln,
        empty=True,
        bench=[(1000, 1000)],
    ),
    Case(
        F.lgamma,
        [(3, 4)],
        label="negative",
        low=-2.9,
        high=-2.1,
        tol=EXACT,
        dtypes=("float32", "float64"),
        expected=special.gammaln,
    ),
    Case(
        F.lgamma,
        [(130, 127)],
        label="large",
        low=0.1,
        high=30.0,
        grad=0,
        tol=EXACT,
        expected=special.gammaln,
    ),
    Case(F.digamma, [(3, 4)], low=0.3, high=12.0, tol=EXACT, expected=special.digamma, empty=True),
    Case(
        F.digamma,
        [(3, 4)],
        label="negative",
        low=-2.7,
        high=-2.2,
        tol=EXACT,
        expected=special.digamma,
    ),
    Case(
        F.polygamma,
        [np.array([[0], [1], [4]]), (3, 4)],
        low=0.5,
        high=5.0,
        tol=EXACT,
        expected=special.polygamma,
    ),
    Case(
        F.polygamma,
        [np.array(2), (3, 4)],
        label="number",
        low=-1.7,
        high=-1.2,
        tol=EXACT,
        expected=special.polygamma,
    ),
    Case(
        F.zeta,
        [lambda rng: rng.uniform(1.5, 5.0, (3, 1)), (3, 4)],
        wrt=[1],
        low=0.5,
        high=5.0,
        tol=EXACT,
        expected=special.zeta,
    ),
    Case(
        F.zeta,
        [np.array([2.0, 3.0, 4.0, 5.0]), (3, 4)],
        label="negative",
        wrt=[1],
        low=-1.7,
        high=-1.2,
        tol=EXACT,
        expected=special.zeta,
    ),
]
