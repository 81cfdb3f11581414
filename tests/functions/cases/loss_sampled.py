"""Rows of renkei.functions.loss_sampled."""

from __future__ import annotations

import numpy as np
from scipy.special import log_expit, log_softmax

import renkei.functions as F
from renkei.testing import Case

T = np.array([1, 0, 3])
SAMPLES = np.array([[0, 2, 3], [1, 1, 2], [0, 0, 3]])  # some twice, and a right one
# The tree ((0, 2), (3, 1)): nodes and codes on the way to each class.
TREE = {0: [(0, 1), (1, 1)], 1: [(0, -1), (2, -1)], 2: [(0, 1), (1, -1)], 3: [(0, -1), (2, 1)]}
NODES = np.array([node for c in range(4) for node, _ in TREE[c]])
CODES = np.array([code for c in range(4) for _, code in TREE[c]], float)
BEGINS = np.array([0, 2, 4, 6, 8])


def f_negative_sampling(x, W, t=T, reduce="sum"):
    def sampler(shape):
        return np.concatenate([np.zeros((3, 1), int), SAMPLES], axis=1)

    return F.negative_sampling(x, t, W, sampler, 3, reduce)


def negative_sampling(x, W, t=T, reduce="sum"):
    losses = [
        -log_expit(W[right] @ row) - sum(log_expit(-W[s] @ row) for s in wrong) if right >= 0 else 0
        for row, right, wrong in zip(x, t, SAMPLES)
    ]
    return np.sum(losses) if reduce == "sum" else np.array(losses)


def f_black_out(x, W, reduce="mean"):
    return F.black_out(x, T, W, SAMPLES, reduce)


def black_out(x, W, reduce="mean"):
    losses = []
    for row, right, wrong in zip(x, T, SAMPLES):
        log_p = log_softmax(W[[right, *wrong]] @ row)
        losses.append(-log_p[0] - np.log(1 - np.exp(log_p[1:])).sum())
    return np.mean(losses) if reduce == "mean" else np.array(losses)


def f_hierarchical(x, W):
    return F.binary_hierarchical_softmax(x, T, W, NODES, CODES, BEGINS)


def hierarchical(x, W):
    return -sum(
        log_expit(code * W[node] @ row) for row, t in zip(x, T) for node, code in TREE[int(t)]
    )


LOW = {"float16": (5e-3, 5e-3)}
SOME = np.array([1, -1, 3])
CASES = [
    Case(f_negative_sampling, [(3, 2), (4, 2)], expected=negative_sampling, tol=LOW),
    Case(
        f_negative_sampling,
        [(3, 2), (4, 2)],
        {"reduce": "no", "t": SOME},
        label="each",
        low=-3.0,
        high=3.0,
        expected=negative_sampling,
        tol={"float16": (2e-2, 2e-2)},
    ),
    Case(f_black_out, [(3, 2), (4, 2)], expected=black_out, tol=LOW),
    Case(
        f_black_out, [(3, 2), (4, 2)], {"reduce": "no"}, label="each", expected=black_out, tol=LOW
    ),
    Case(f_hierarchical, [(3, 2), (3, 2)], expected=hierarchical, tol=LOW),
]
