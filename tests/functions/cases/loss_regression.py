"""Rows of renkei.functions.loss_regression."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

import renkei.functions as F
from renkei.testing import Case

REDUCED = {"sum": np.sum, "mean": np.mean, "no": lambda loss: loss}


def shifted(rng):
    """Differences from a number below 1 stay away from 0, and from 2."""
    return rng.choice([-1, 1], (3, 4)) * rng.uniform(0.1, 0.7, (3, 4)) + rng.choice(
        [0, 3], (3, 4)
    ) * rng.choice([-1, 1], (3, 4))


def zeros(rng):
    return np.zeros((3, 4))


def huber(x, t, delta, reduce="sum_along_second_axis"):
    loss = special.huber(delta, x - t)
    return loss if reduce == "no" else loss.sum(axis=1)


def normal(x, mean, ln_var, reduce="sum"):
    return REDUCED[reduce](-stats.norm.logpdf(x, mean, np.exp(ln_var / 2)))


def divergence(mean, ln_var, reduce="sum"):
    """The difference of two entropies, with the second moment."""
    cross = (np.log(2 * np.pi) + mean**2 + np.exp(ln_var)) / 2
    return REDUCED[reduce](cross - stats.norm.entropy(0, np.exp(ln_var / 2)))


CASES = [
    Case(
        F.mean_squared_error,
        [(3, 4), (3, 4)],
        expected=lambda a, b: np.linalg.norm(a - b) ** 2 / a.size,
        bench=[(128, 1000), (128, 1000)],
    ),
    Case(
        F.mean_squared_error,
        [(2, 3, 2), (2, 3, 2)],
        label="3-d",
        expected=lambda a, b: np.mean(a * a - 2 * a * b + b * b),
    ),
    Case(F.mean_squared_error, [(0, 4), (0, 4)], label="empty", expected=lambda a, b: np.zeros(())),
    Case(
        F.mean_absolute_error,
        [shifted, zeros],
        expected=lambda a, b: np.linalg.norm((a - b).ravel(), 1) / a.size,
    ),
    Case(F.squared_error, [(3, 4), (3, 4)], expected=lambda a, b: (a - b) ** 2, empty=True),
    Case(F.absolute_error, [shifted, zeros], expected=lambda a, b: np.fmax(a - b, b - a)),
    Case(F.huber_loss, [shifted, zeros], {"delta": 2.0}, expected=huber),
    Case(
        F.huber_loss,
        [shifted, zeros],
        {"delta": 2.0, "reduce": "no"},
        label="each",
        expected=huber,
    ),
    *[
        Case(
            F.gaussian_nll,
            [(3, 4), (3, 4), (3, 4)],
            {"reduce": reduce},
            label=reduce,
            expected=normal,
        )
        for reduce in REDUCED
    ],
    *[
        Case(
            F.gaussian_kl_divergence,
            [(3, 4), (3, 4)],
            {"reduce": reduce},
            label=reduce,
            expected=divergence,
        )
        for reduce in REDUCED
    ],
]
