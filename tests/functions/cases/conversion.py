"""Cases of renkei.functions.conversion."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def cast_double(x):
    """Squares make the second gradients differ from zero."""
    return F.cast(F.cast(x, np.float64) ** 2, x.dtype)


def cast_to_integer(x):
    return F.cast(x, "i")


def copy(x):
    return F.copy(x, "@numpy")


def copy_by_number(x):
    return F.copy(x, -1)


CASES = [
    Case(cast_double, [(2, 3)], expected=lambda x: x * x, empty=True),
    Case(cast_to_integer, [(2, 3)], expected=np.trunc, low=-5, high=5, grad=0),
    Case(copy, [(2, 3)], expected=lambda x: x, empty=True),
    Case(copy_by_number, [()], expected=lambda x: x),
    Case(F.identity, [(2, 3)], expected=lambda x: x, empty=True),
    Case(F.identity, [(2, 3), (4,)], expected=lambda x, y: [x, y], label="two"),
]
