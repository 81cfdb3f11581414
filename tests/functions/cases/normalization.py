"""Normalizations, one channel or one example at a time."""

from __future__ import annotations

import itertools

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def standard(v, eps):
    return (v - np.mean(v)) / np.sqrt(np.var(v) + eps) if v.size else v


def by_channel(x, gamma, beta, eps=2e-5, axis=None, mean=None, var=None):
    """Each index of the axes that are kept is a channel of its own."""
    axis = (0, *range(2, x.ndim)) if axis is None else axis
    axis = (axis,) if isinstance(axis, int) else axis
    kept = [i for i in range(x.ndim) if i not in axis]
    y = np.empty_like(x)
    for place in itertools.product(*(range(x.shape[i]) for i in kept)):
        cut = [slice(None)] * x.ndim
        for i, p in zip(kept, place):
            cut[i] = p
        v = x[tuple(cut)]
        if mean is None:
            v = standard(v, eps)
        else:
            v = (v - mean[place]) / np.sqrt(var[place] + eps)
        y[tuple(cut)] = v * gamma[place] + beta[place]
    return y


def fixed(x, gamma, beta, mean, var, eps=2e-5, axis=None):
    return by_channel(x, gamma, beta, eps, axis, mean, var)


def by_example(x, gamma, beta, eps=1e-5):
    lead = x.shape[: x.ndim - gamma.ndim]
    y = np.empty_like(x)
    for place in itertools.product(*map(range, lead)):
        y[place] = standard(x[place], eps) * gamma + beta
    return y


def by_group(x, groups, gamma, beta, eps=1e-5):
    y = np.empty_like(x)
    share = x.shape[1] // groups
    for i, g in itertools.product(range(len(x)), range(groups)):
        part = slice(g * share, (g + 1) * share)
        y[i, part] = standard(x[i, part], eps)
        for c in range(part.start, part.stop):
            y[i, c] = y[i, c] * gamma[c] + beta[c]
    return y


def unit(x, eps=1e-5, axis=1):
    return x / (np.linalg.norm(x, axis=axis, keepdims=True) + eps)


def unit_of_two(x, eps, axis):
    return x / (np.sqrt((x * x).sum(axis, keepdims=True)) + eps)


def responding(x, n=5, k=2, alpha=1e-4, beta=0.75):
    y = np.empty_like(x)
    for c in range(x.shape[1]):
        near = x[:, max(0, c - n // 2) : c + n // 2 + 1]
        y[:, c] = x[:, c] / (k + alpha * (near**2).sum(1)) ** beta
    return y


def grouped(x, gamma, beta, *, groups, eps=1e-5):
    """Arrays first, as rows want them."""
    return F.group_normalization(x, groups, gamma, beta, eps)


def vector(n):
    """A parameter that stays as it is where the batch is empty."""
    return lambda rng: rng.uniform(0.5, 1.5, n)


LOOSE = {"float16": (2e-2, 2e-2)}


def rms(x, gamma, eps=1e-6):
    return gamma * x * ((x * x).mean(axis=-1, keepdims=True) + eps) ** -0.5


CASES = [
    Case(
        F.batch_normalization,
        [(6, 3), vector(3), vector(3)],
        expected=by_channel,
        label="vectors",
        empty=True,
        tol=LOOSE,
    ),
    Case(
        F.batch_normalization,
        [(3, 2, 2, 3), vector(2), vector(2)],
        {"eps": 0.01},
        expected=by_channel,
        label="images",
        tol=LOOSE,
        bench=[(32, 64, 56, 56), (64,), (64,)],
    ),
    Case(
        F.batch_normalization,
        [(3, 2, 2, 3), vector((2, 3)), vector((2, 3))],
        {"axis": (0, 2), "eps": 0.01},
        expected=by_channel,
        label="axis",
        tol=LOOSE,
    ),
    Case(
        F.batch_normalization,
        [(5, 2, 2), vector((2, 2)), vector((2, 2))],
        {"axis": 0, "eps": 0.01},
        expected=by_channel,
        label="axis 0",
        tol=LOOSE,
    ),
    Case(
        F.fixed_batch_normalization,
        [(4, 3), vector(3), vector(3), vector(3), vector(3)],
        expected=fixed,
        label="vectors",
        empty=True,
        tol=LOOSE,
    ),
    Case(
        F.fixed_batch_normalization,
        [(2, 3, 2, 2), vector((2, 2)), vector((2, 2)), vector((2, 2)), vector((2, 2))],
        {"axis": (0, 1), "eps": 0.01},
        expected=fixed,
        label="axis",
        tol=LOOSE,
    ),
    Case(
        F.layer_normalization,
        [(3, 5), vector(5), vector(5)],
        expected=by_example,
        empty=True,
        tol=LOOSE,
        bench=[(4096, 768), (768,), (768,)],
    ),
    Case(
        F.layer_normalization,
        [(2, 3, 2, 4), vector((2, 4)), vector((2, 4))],
        {"eps": 0.01},
        expected=by_example,
        label="two axes",
        tol=LOOSE,
    ),
    Case(
        grouped,
        [(2, 6, 2, 3), vector(6), vector(6)],
        {"groups": 2},
        expected=lambda x, gamma, beta, groups: by_group(x, groups, gamma, beta),
        empty=True,
        tol=LOOSE,
    ),
    Case(
        grouped,
        [(2, 4), vector(4), vector(4)],
        {"groups": 2, "eps": 0.1},
        expected=lambda x, gamma, beta, groups, eps: by_group(x, groups, gamma, beta, eps),
        label="vectors",
        tol=LOOSE,
    ),
    Case(
        F.rms_normalization,
        [(3, 5), vector(5)],
        expected=rms,
        empty=True,
        bench=[(4096, 768), (768,)],
    ),
    Case(
        F.rms_normalization,
        [(2, 3, 4), vector(4)],
        {"eps": 0.1},
        expected=rms,
        label="eps",
    ),
    Case(F.normalize, [(3, 4)], expected=unit, empty=True),
    Case(F.normalize, [(2, 3, 2, 2)], {"axis": 2, "eps": 0.1}, expected=unit, label="axis"),
    Case(F.normalize, [(2, 3, 2)], {"axis": (1, 2), "eps": 0.1}, expected=unit_of_two, label="two"),
    Case(F.local_response_normalization, [(2, 7, 2, 2)], expected=responding, empty=True),
    Case(
        F.local_response_normalization,
        [(2, 6)],
        {"n": 4, "k": 1, "alpha": 0.5, "beta": 1.5},
        expected=responding,
        label="vectors",
    ),
]
