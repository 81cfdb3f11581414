"""Rows of renkei.functions.matrix."""

from __future__ import annotations

import itertools

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def _regular(*shape):
    """Matrices that are far from singular."""
    return lambda rng: rng.uniform(-0.5, 0.5, shape) + np.eye(shape[-1]) * (1 + shape[-1] / 2)


def _definite(a):
    """The factor as a function of any matrix: gradients by symmetric ones cannot be probed."""
    return F.cholesky(F.matmul(a, a, transb=True) + np.eye(a.shape[-1], dtype=a.dtype))


def _factored(a):
    """Cholesky's factors, column by column."""
    a = a @ np.swapaxes(a, -1, -2) + np.eye(a.shape[-1])
    y = np.zeros_like(a)
    for j in range(a.shape[-1]):
        rest = a[..., j:, j] - (y[..., j:, :j] * y[..., j : j + 1, :j]).sum(-1)
        y[..., j:, j] = rest / np.sqrt(rest[..., :1])
    return y


def _leibniz(a):
    """The determinant as the sum over all permutations."""
    n, result = a.shape[-1], 0
    for p in itertools.permutations(range(n)):
        swaps = sum(p[i] > p[j] for i in range(n) for j in range(i + 1, n))
        result = result + (-1) ** swaps * np.prod([a[..., i, p[i]] for i in range(n)], axis=0)
    return np.asarray(result)


def _adjugate(a):
    """The inverse by Cramer's rule."""
    n = a.shape[-1]
    y = np.empty_like(a)
    for i, j in itertools.product(range(n), repeat=2):
        minor = np.delete(np.delete(a, j, -2), i, -1)
        y[..., i, j] = (-1) ** (i + j) * _leibniz(minor)
    return y / _leibniz(a)[..., None, None]


CASES = [
    Case(F.inv, [_regular(4, 4)], expected=_adjugate),
    Case(F.inv, [_regular(1, 1)], label="number", expected=lambda a: 1 / a),
    Case(F.batch_inv, [_regular(3, 4, 4)], expected=_adjugate),
    Case(F.batch_inv, [(3, 1, 1)], label="numbers", low=1.0, high=2.0, empty=True,
         expected=lambda a: 1 / a),
    Case(F.det, [_regular(4, 4)], expected=_leibniz),
    Case(F.det, [_regular(1, 1)], label="number", expected=lambda a: a[0, 0]),
    Case(F.det, [np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, -1.0, 0.5]])], grad=1,
         label="singular", dtypes=("float64",), tol={"float64": (1e-12, 1e-12)},
         expected=lambda a: np.zeros(())),
    Case(F.batch_det, [_regular(3, 4, 4)], expected=_leibniz),
    Case(_definite, [(4, 4)], label="cholesky", expected=_factored),
    Case(_definite, [(2, 3, 3, 3)], label="cholesky-batch", expected=_factored, empty=True),
]  # fmt: skip
