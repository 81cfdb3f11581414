"""Dropconnect with its mask given or read off a call on ones."""

from __future__ import annotations

import numpy as np

import renkei as rk
import renkei.functions as F
from renkei.testing import Case


def dropped(x, W, b=None, mask=None, *, ratio):
    return F.simplified_dropconnect(x, W, b, ratio, mask=mask)


def masked(x, W, b=None, mask=None, *, ratio):
    y = np.zeros((len(x), len(W)))
    for i, j in np.ndindex(y.shape):
        kept = mask[i, j] if mask.ndim == 3 else mask[j]
        y[i, j] = sum(W[j] * x[i].ravel() * kept) / (1 - ratio)
    return y if b is None else y + b


def seeded(x, W, *, ratio, use_batchwise_mask):
    """The same weights fall at every call, as differences need it."""
    rk.seed(11)
    return F.simplified_dropconnect(x, W, None, ratio, True, None, use_batchwise_mask)


def read_off(x, W, ratio, use_batchwise_mask):
    """Which weights fall is read off weights of one element after the other."""
    y = np.zeros((len(x), len(W)))
    for j, k in np.ndindex(W.shape):
        alone = np.zeros_like(W)
        alone[j, k] = 1
        kept = seeded(np.ones_like(x), alone, ratio=ratio, use_batchwise_mask=use_batchwise_mask)
        y[:, j] += (kept[:, j] > 0) * W[j, k] * x[:, k] / (1 - ratio)
    return y


def coins(*shape):
    return lambda rng: rng.integers(0, 2, shape).astype(bool)


CASES = [
    Case(
        F.simplified_dropconnect,
        [(4, 3), (2, 3), (2,)],
        {"train": False},
        expected=lambda x, W, b, train: x @ W.T + b,
        label="testing",
    ),
    Case(dropped, [(4, 3), (2, 3), (2,), coins(4, 2, 3)], {"ratio": 0.25}, masked, "each"),
    Case(dropped, [(4, 3, 1), (2, 3), None, coins(2, 3)], {"ratio": 0.5}, masked, "one mask"),
    Case(seeded, [(5, 3), (2, 3)], {"ratio": 0.4, "use_batchwise_mask": True}, read_off, "random"),
    Case(
        seeded,
        [(5, 3), (2, 3)],
        {"ratio": 0.4, "use_batchwise_mask": False},
        read_off,
        "random, one for all",
    ),
]
