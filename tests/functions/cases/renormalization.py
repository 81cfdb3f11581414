"""Batch renormalization by its definition, with stretch and move held fixed."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case

# running averages near the batch's, so that some factors are at their limits and some are not
MEAN, VAR = np.array([0.125, -0.75, 0.25]), np.array([0.5, 0.25, 2.0])


def renormalized(x, gamma, beta, rmax, dmax, eps, running_mean, running_var):
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        values, sigma = x[:, c], np.sqrt(running_var[c] + eps)
        std = np.sqrt(values.var() + eps)
        r = min(max(std / sigma, 1 / rmax), rmax)
        d = min(max((values.mean() - running_mean[c]) / sigma, -dmax), dmax)
        y[:, c] = gamma[c] * ((values - values.mean()) / std * r + d) + beta[c]
    return y


def scaled(x, gamma, beta, mean, var, eps=2e-5):
    shape = (1, -1) + (1,) * (x.ndim - 2)
    gamma, beta, mean, var = (a.reshape(shape) for a in (gamma, beta, mean, var))
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def positive(*shape):
    return lambda rng: rng.uniform(0.5, 1.5, shape)


def row(label, shape, rmax, dmax, **options):
    attrs = {"rmax": rmax, "dmax": dmax, "eps": 1e-3, "running_mean": MEAN, "running_var": VAR}
    inputs = [shape, (3,), (3,)]
    return Case(F.batch_renormalization, inputs, attrs, renormalized, label, **options)


CASES = [
    # at their limits all factors are constant, so that differences agree with gradients
    row("images", (4, 3, 2, 3), 1.01, 0.02, tol={"float16": (5e-3, 5e-3)}),
    row("vectors", (8, 3), 1.0, 0.0, tol={"float16": (5e-3, 5e-3)}),
    row("inside the limits", (5, 3, 4), 9.0, 9.0, grad=0, tol={"float16": (5e-3, 5e-3)}),
    Case(
        F.fixed_batch_renormalization,
        [(4, 3, 2), (3,), (3,), (3,), positive(3)],
        expected=scaled,
        tol={"float16": (1e-2, 1e-2)},
    ),
]
