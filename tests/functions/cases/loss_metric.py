"""Rows of renkei.functions.loss_metric, written for one example after the other."""

from __future__ import annotations

from itertools import combinations

import numpy as np

import renkei.functions as F
from renkei.testing import Case

KIND = np.array([1, 0, 0, 1])
LABELS = np.array([[[0, 1, 1], [2, 2, 5]], [[1, 1, 0], [2, 0, 2]], [[2, 2, 2], [0, 0, 2]]])
REDUCED = {"reduce": "no"}


def contrastive(x0, x1, y, margin=1, reduce="mean"):
    losses = []
    for a, b, same in zip(x0, x1, y):
        d = np.linalg.norm(a - b)
        losses.append(d**2 / 2 if same else max(margin - d, 0) ** 2 / 2)
    return np.mean(losses) if reduce == "mean" else np.array(losses)


def triplet(a, p, n, margin=0.2, reduce="mean"):
    losses = [
        max(np.linalg.norm(x - y) ** 2 - np.linalg.norm(x - z) ** 2 + margin, 0)
        for x, y, z in zip(a, p, n)
    ]
    return np.mean(losses) if reduce == "mean" else np.array(losses)


def cross_covariance(y, z, reduce="half_squared_sum"):
    d = y.shape[1]
    c = np.cov(y.T, z.T, bias=True)[:d, d:]
    return c if reduce == "no" else (c**2).sum() / 2


def decov(h, reduce="half_squared_sum"):
    c = np.cov(h.T, bias=True)
    c = c - np.diag(np.diag(c))
    return c if reduce == "no" else (c**2).sum() / 2


def clustering(
    x, labels, delta_v, delta_d, max_embedding_dim, norm=1, alpha=1.0, beta=1.0, gamma=0.001
):
    n_image, n, order = len(x), max_embedding_dim, norm
    pixels = x.transpose(0, 2, 3, 1)  # (image, height, width, C)
    means, within = np.zeros((n, n_image, n)), 0.0
    for c in range(n):
        outside, count = 0.0, 0
        for i in range(n_image):
            mine = pixels[i][labels[i] == c + 1]
            if len(mine):
                means[c, i] = mine.mean(axis=0)
            distances = np.linalg.norm(mine - means[c, i], order, axis=1)
            outside += (np.maximum(distances - delta_v, 0) ** 2).sum()
            count += len(mine)
        within += outside / max(count, 1) / n
    gaps = [
        np.maximum(2 * delta_d - np.linalg.norm(means[a, i] - means[b, i], order), 0) ** 2
        for a, b in combinations(range(n), 2)
        for i in range(n_image)
    ]
    size = sum(np.linalg.norm(means[c].ravel(), order) for c in range(n)) / (n * n_image)
    return alpha * within, beta * np.mean(gaps), gamma * size


CLUSTERS = [(3, 2, 2, 3), LABELS]
OPTIONS = {"delta_v": 0.2, "delta_d": 1.5, "max_embedding_dim": 2}
LOSS = F.discriminative_margin_based_clustering_loss
PAIRS, WIDE = [(4, 3), (4, 3), KIND], {"low": -0.4, "high": 0.4}
LOW = {"float16": (5e-3, 5e-3)}

CASES = [
    Case(F.contrastive, PAIRS, {"margin": 2}, expected=contrastive, tol=LOW),
    Case(F.contrastive, PAIRS, REDUCED, label="each", expected=contrastive, **WIDE),
    Case(F.triplet, [(4, 3)] * 3, expected=triplet, tol=LOW),
    Case(F.triplet, [(4, 3)] * 3, {**REDUCED, "margin": 2}, label="each", expected=triplet, **WIDE),
    Case(F.cross_covariance, [(4, 3), (4, 2)], expected=cross_covariance),
    Case(F.cross_covariance, [(4, 3), (4, 2)], REDUCED, label="no", expected=cross_covariance),
    Case(F.decov, [(4, 3)], expected=decov),
    Case(F.decov, [(4, 3)], REDUCED, label="no", expected=decov),
    Case(LOSS, CLUSTERS, {**OPTIONS, "gamma": 1.0}, expected=clustering, tol=LOW, high=1.1),
    Case(LOSS, CLUSTERS, {**OPTIONS, "norm": 2, "beta": 0.5}, label="norm 2", expected=clustering,
         tol=LOW),
]  # fmt: skip
