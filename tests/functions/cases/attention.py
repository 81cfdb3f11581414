"""Rows of renkei.functions.attention."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

import renkei.functions as F
from renkei.testing import Case


def attention(query, key, value, mask=None, *, causal=False, scale=None):
    """One query at a time."""
    batch = np.broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    m, n = query.shape[-2], key.shape[-2]
    query, key, value = (
        np.broadcast_to(a, batch + a.shape[-2:]) for a in (query, key, value)
    )  # fmt: skip
    y = np.zeros((*batch, m, value.shape[-1]))
    if mask is not None:
        mask = np.broadcast_to(mask, (*batch, m, n))
    for index in np.ndindex(*batch, m):
        *at, i = index
        scores = key[tuple(at)] @ query[index] * (scale or query.shape[-1] ** -0.5)
        seen = np.ones(n, bool)
        if mask is not None and mask.dtype == bool:
            seen &= mask[index]
        elif mask is not None:
            scores = scores + mask[index]
        if causal:
            seen &= np.arange(n) - i <= n - m
        if seen.any():
            y[index] = softmax(scores[seen]) @ value[tuple(at)][seen]
    return y


ALLOWED = np.array([[True, False, True], [False, False, False]])

CASES = [
    Case(
        F.scaled_dot_product_attention,
        [(2, 3, 2), (2, 4, 2), (2, 4, 5)],
        expected=attention,
        empty=True,
        bench=[(8, 12, 256, 64)] * 3,
    ),
    Case(
        F.scaled_dot_product_attention,
        [(2, 1, 2, 3), (2, 3, 3), (1, 2, 3, 1)],
        {"scale": 2.0},
        expected=attention,
        label="broadcast, scale",
    ),
    Case(
        F.scaled_dot_product_attention,
        [(2, 2, 3), (2, 3, 3), (2, 3, 2), ALLOWED],
        expected=attention,
        label="mask, nothing seen",
    ),
    Case(
        F.scaled_dot_product_attention,
        [(2, 2, 3), (2, 3, 3), (2, 3, 2), (2, 1, 3)],
        expected=attention,
        label="added mask",
    ),
    Case(
        F.scaled_dot_product_attention,
        [(3, 2), (3, 2), (3, 2)],
        {"causal": True},
        expected=attention,
        label="causal",
    ),
    Case(
        F.scaled_dot_product_attention,
        [(2, 2, 2), (2, 4, 2), (2, 4, 1), np.array([[True, False, True, True]] * 2)],
        {"causal": True},
        expected=attention,
        label="last positions",
    ),
]
