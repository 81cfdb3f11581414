"""Rows of renkei.functions.math."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case

LARGE = [(1000, 1000)]


def _off_integers(rng):
    """Numbers of either sign whose fractions stay away from 0."""
    return rng.integers(-3, 4, (3, 4)) + rng.uniform(0.1, 0.9, (3, 4))


CASES = [
    Case(F.exp, [(3, 4)], expected=lambda x: np.e**x, empty=True, bench=LARGE),
    Case(F.exp, [()], label="0-d", expected=lambda x: np.e**x),
    Case(F.expm1, [(3, 4)], expected=lambda x: np.exp(x) - 1, empty=True),
    Case(
        F.log, [(3, 4)], low=0.5, high=3.0, expected=lambda x: np.log2(x) * np.log(2), bench=LARGE
    ),
    Case(F.log2, [(3, 4)], low=0.5, high=3.0, expected=lambda x: np.log(x) / np.log(2)),
    Case(F.log10, [(3, 4)], low=0.5, high=3.0, expected=lambda x: np.log(x) / np.log(10)),
    Case(F.log1p, [(3, 4)], low=-0.5, high=2.0, expected=lambda x: np.log(1 + x)),
    Case(F.sqrt, [(3, 4)], low=0.5, high=3.0, expected=lambda x: x**0.5, bench=LARGE),
    Case(F.rsqrt, [(3, 4)], low=0.5, high=3.0, expected=lambda x: x**-0.5),
    Case(F.square, [(3, 4)], expected=lambda x: x**2, empty=True),
    Case(F.squared_difference, [(3, 4), (3, 4)], expected=lambda a, b: a**2 - 2 * a * b + b**2),
    Case(
        F.squared_difference,
        [(3, 1), (4,)],
        label="broadcast",
        expected=lambda a, b: a**2 - 2 * a * b + b**2,
    ),
    Case(F.sin, [(3, 4)], low=-3.0, high=3.0, expected=lambda x: np.imag(np.exp(1j * x))),
    Case(F.cos, [(3, 4)], low=-3.0, high=3.0, expected=lambda x: np.real(np.exp(1j * x))),
    Case(F.tan, [(3, 4)], expected=lambda x: np.sin(x) / np.cos(x)),
    Case(
        F.arcsin, [(3, 4)], low=-0.9, high=0.9, expected=lambda x: np.arctan2(x, np.sqrt(1 - x**2))
    ),
    Case(
        F.arccos, [(3, 4)], low=-0.9, high=0.9, expected=lambda x: np.arctan2(np.sqrt(1 - x**2), x)
    ),
    Case(F.arctan, [(3, 4)], low=-3.0, high=3.0, expected=lambda x: np.angle(1 + 1j * x)),
    Case(F.arctan2, [_off_integers, _off_integers], expected=lambda a, b: np.angle(b + 1j * a)),
    Case(
        F.arctan2,
        [(3, 1), (4,)],
        label="broadcast",
        low=0.2,
        expected=lambda a, b: np.arctan(a / b),
    ),
    Case(F.sinh, [(3, 4)], expected=lambda x: (np.exp(x) - np.exp(-x)) / 2),
    Case(F.cosh, [(3, 4)], expected=lambda x: (np.exp(x) + np.exp(-x)) / 2),
    Case(F.arctanh, [(3, 4)], low=-0.9, high=0.9, expected=lambda x: np.log((1 + x) / (1 - x)) / 2),
    Case(F.ceil, [_off_integers], grad=0, expected=lambda x: -(-x // 1)),
    Case(F.floor, [_off_integers], grad=0, expected=lambda x: x // 1),
    Case(F.fix, [_off_integers], grad=0, expected=lambda x: np.sign(x) * (abs(x) // 1)),
    Case(F.sign, [_off_integers], grad=0, expected=lambda x: x / abs(x)),
    Case(
        F.clip,
        [(3, 4)],
        {"x_min": -0.5, "x_max": 0.25},
        empty=True,
        expected=lambda x, x_min, x_max: np.where(x < x_min, x_min, np.where(x > x_max, x_max, x)),
    ),
]
