"""Rows of renkei.functions.recompute."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def product(x, y):
    return F.forget(lambda a, b: F.exp(a) * b, x, y)


def two(x):
    return F.forget(lambda a: (F.sin(a), a * a), x)


CASES = [
    Case(product, [(2, 3), (2, 3)], expected=lambda x, y: np.exp(x) * y, empty=True),
    Case(two, [(2, 3)], label="two outputs", expected=lambda x: (np.sin(x), x * x)),
    Case(two, [(2, 3)], label="one of two", output=lambda y: y[1], expected=lambda x: x * x),
]
