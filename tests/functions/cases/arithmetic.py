"""Rows of renkei.functions.arithmetic."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case

WIDE = ("float32", "float64")


def _where_nonzero(rng):
    """Numbers between 0.5 and 2 of either sign."""
    return rng.uniform(0.5, 2.0, (3, 4)) * rng.choice([-1.0, 1.0], (3, 4))


CASES = [
    Case(
        F.add,
        [(3, 4), (3, 4)],
        expected=lambda x, y: x - (-y),
        empty=True,
        bench=[(1000, 1000)] * 2,
    ),
    Case(
        F.add,
        [(2, 3, 1), (4,)],
        label="broadcast",
        expected=lambda x, y: np.add.outer(x[..., 0], y),
    ),
    Case(F.add, [(), (2, 3)], label="0-d", expected=lambda x, y: y + x.item()),
    Case(lambda x: F.add(x, 2.5), [(3, 4)], label="add-number", expected=lambda x: x + 2.5),
    Case(F.subtract, [(3, 4), (3, 4)], expected=lambda x, y: x + -1 * y, empty=True),
    Case(F.subtract, [(3, 1), (1, 4)], label="broadcast", expected=lambda x, y: -(y - x)),
    Case(lambda x: F.subtract(1, x), [(3, 4)], label="number-subtract", expected=lambda x: -x + 1),
    Case(F.multiply, [(3, 4), (3, 4)], expected=lambda x, y: x / (1 / y), empty=True),
    Case(F.multiply, [(2, 3), ()], label="0-d", expected=lambda x, y: np.multiply.outer(y, x)),
    Case(
        F.divide,
        [(3, 4), _where_nonzero],
        expected=lambda x, y: x * y**-1,
        empty=False,
    ),
    Case(
        F.divide,
        [(2, 3, 4), (3, 1)],
        label="broadcast",
        low=0.5,
        high=2.0,
        expected=lambda x, y: x * y**-1,
    ),
    Case(
        lambda x: F.divide(2, x),
        [_where_nonzero],
        label="number-divide",
        expected=lambda x: 2 * x**-1,
    ),
    Case(F.negative, [(3, 4)], expected=lambda x: 0 - x, empty=True),
    Case(F.power, [(3, 4), (3, 4)], low=0.5, high=2.0, expected=lambda x, y: np.exp(y * np.log(x))),
    Case(
        F.power,
        [(3, 1), (4,)],
        label="broadcast",
        low=0.5,
        high=2.0,
        expected=lambda x, y: np.exp(y * np.log(x)),
    ),
    Case(lambda x: F.power(x, 2), [(3, 4)], label="power-2", expected=lambda x: x * x, empty=True),
    Case(lambda x: F.power(x, 3), [(3, 4)], label="power-3", expected=lambda x: x * x * x),
    Case(lambda x: F.power(x, 4), [(3, 4)], label="power-4", expected=lambda x: (x * x) ** 2),
    Case(
        lambda x: F.power(x, 0),
        [(3, 4)],
        label="power-0",
        grad=1,
        expected=lambda x: np.ones_like(x),
    ),
    Case(lambda x: F.power(x, 1), [(3, 4)], label="power-1", expected=lambda x: x),
    Case(
        lambda x: F.power(x, 0.5), [(3, 4)], label="power-root", low=0.5, high=2.0, expected=np.sqrt
    ),
    Case(
        lambda x: F.power(x, -0.5),
        [(3, 4)],
        label="power-rsqrt",
        low=0.5,
        high=2.0,
        expected=lambda x: 1 / np.sqrt(x),
    ),
    Case(
        lambda x: F.power(x, -1), [_where_nonzero], label="power-reciprocal", expected=np.reciprocal
    ),
    Case(
        lambda x: F.power(x, -2),
        [_where_nonzero],
        label="power-minus-2",
        expected=lambda x: 1 / x / x,
    ),
    Case(lambda x: F.power(2, x), [(3, 4)], label="number-power", expected=np.exp2),
    Case(F.absolute, [_where_nonzero], expected=lambda x: np.sqrt(x * x)),
    Case(
        F.fmod,
        [_where_nonzero, lambda rng: rng.uniform(2.1, 3.0, (3, 4))],
        label="smaller",
        expected=lambda x, d: x,
    ),
    Case(
        F.fmod,
        [lambda rng: np.array([5.25, -5.25, 7.5]), lambda rng: np.array([3.0, 3.0, -2.0])],
        expected=lambda x, d: np.sign(x) * (np.abs(x) % np.abs(d)),
    ),
    Case(F.maximum, [(3, 4), (3, 4)], expected=lambda x, y: (x + y + abs(x - y)) / 2, empty=True),
    Case(F.maximum, [(3, 4), (4,)], label="broadcast", expected=lambda x, y: np.where(x > y, x, y)),
    Case(
        lambda x: F.maximum(x, 0.25),
        [(3, 4)],
        label="maximum-number",
        expected=lambda x: np.where(x > 0.25, x, 0.25),
    ),
    Case(F.minimum, [(3, 4), (3, 4)], expected=lambda x, y: (x + y - abs(x - y)) / 2, empty=True),
    Case(F.minimum, [(4,), (3, 4)], label="broadcast", expected=lambda x, y: np.where(x < y, x, y)),
    Case(
        F.linear_interpolate,
        [(3, 4), (3, 4), (3, 4)],
        low=0.1,
        expected=lambda p, x, y: y + p * (x - y),
        empty=True,
    ),
    Case(
        F.linear_interpolate,
        [(3, 1), (4,), (2, 3, 4)],
        label="broadcast",
        expected=lambda p, x, y: y + p * (x - y),
    ),
]
