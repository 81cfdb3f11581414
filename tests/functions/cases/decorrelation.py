"""Whitening by singular values of the data, where the code takes eigenvalues of covariances."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def each_group(x, groups):
    """Pairs of an index of channels and their values (channels, values)."""
    size = x.shape[1] // groups
    for g in range(groups):
        channels = slice(g * size, (g + 1) * size)
        yield channels, np.moveaxis(x[:, channels], 1, 0).reshape(size, -1)


def put_back(values, like):
    shape = (values.shape[0], like.shape[0], *like.shape[2:])
    return np.moveaxis(values.reshape(shape), 0, 1)


def whitened(x, groups=16, eps=2e-5):
    y = np.empty_like(x)
    for channels, values in each_group(x, groups):
        u, s, vt = np.linalg.svd(values - values.mean(axis=1, keepdims=True), full_matrices=False)
        scale = s / np.sqrt(s**2 / values.shape[1] + eps)
        y[:, channels] = put_back((u * scale) @ vt, x)
    return y


def projected(x, mean, projection, groups=16):
    y = np.empty_like(x)
    for g, (channels, values) in enumerate(each_group(x, groups)):
        y[:, channels] = put_back(projection[g] @ (values.T - mean[g]).T, x)
    return y


CASES = [
    Case(
        F.decorrelated_batch_normalization,
        [(5, 6, 2, 2)],
        {"groups": 2, "eps": 1e-2},
        expected=whitened,
        label="images",
        tol={"float16": (5e-3, 5e-3)},
    ),
    Case(
        F.decorrelated_batch_normalization,
        [(9, 4)],
        {"groups": 1, "eps": 1e-2},
        expected=whitened,
        label="vectors",
        tol={"float16": (5e-3, 5e-3)},
    ),
    Case(
        F.decorrelated_batch_normalization,
        [(4, 16, 3)],
        {"eps": 1e-2},
        expected=whitened,
        label="single channels",
        tol={"float16": (5e-3, 5e-3)},
    ),
    Case(
        F.fixed_decorrelated_batch_normalization,
        [(3, 6, 2, 2), (2, 3), (2, 3, 3)],
        {"groups": 2},
        expected=projected,
        tol={"float16": (5e-3, 5e-3)},
    ),
    Case(
        F.fixed_decorrelated_batch_normalization,
        [(4, 16), (16, 1), (16, 1, 1)],
        expected=projected,
        label="vectors",
        tol={"float16": (5e-3, 5e-3)},
    ),
]
