"""Rows of renkei.functions.special: SciPy is the oracle."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

import renkei.functions as F
from renkei.testing import Case

EXACT = {"float64": (1e-14, 1e-16)}

CASES = [
    Case(
        F.erf,
        [(3, 4)],
        low=-3.0,
        high=3.0,
        tol=EXACT,
        expected=special.erf,
        empty=True,
        bench=[(1000, 1000)],
    ),
    Case(F.erf, [()], label="0-d", expected=special.erf),
    Case(
        F.erf,
        [(130, 127)],
        label="large",
        low=-4.0,
        high=4.0,
        grad=0,
        tol=EXACT,
        expected=special.erf,
    ),
    Case(F.erfc, [(3, 4)], low=-3.0, high=3.0, tol=EXACT, expected=special.erfc),
    Case(F.erfcx, [(3, 4)], low=-1.0, high=3.0, tol=EXACT, expected=special.erfcx),
    Case(F.erfinv, [(3, 4)], low=-0.9, high=0.9, tol=EXACT, expected=special.erfinv),
    Case(F.erfcinv, [(3, 4)], low=0.1, high=1.9, tol=EXACT, expected=special.erfcinv),
    Case(F.ndtr, [(3, 4)], low=-3.0, high=3.0, tol=EXACT, expected=stats.norm.cdf),
    Case(F.log_ndtr, [(3, 4)], low=-3.0, high=3.0, tol=EXACT, expected=stats.norm.logcdf),
    Case(
        F.log_ndtr,
        [(3, 4)],
        label="tail",
        low=-9.0,
        high=-4.0,
        tol=EXACT,
        expected=stats.norm.logcdf,
    ),
    Case(F.ndtri, [(3, 4)], low=0.1, high=0.9, tol=EXACT, expected=stats.norm.ppf),
    Case(
        F.ndtri,
        [lambda rng: np.float64(10.0) ** rng.uniform(-5, -2, (3, 4))],
        label="tail",
        dtypes=("float32", "float64"),
        tol=EXACT,
        grad=0,
        expected=stats.norm.ppf,
    ),
]
