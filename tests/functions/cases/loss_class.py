"""Rows of renkei.functions.loss_class."""

from __future__ import annotations

import numpy as np
from scipy import special

import renkei.functions as F
from renkei.testing import Case

T = np.array([2, 0, -1, 3, 3])
T_IMAGE = np.array([[[0, 1], [2, -1]], [[1, 1], [0, 2]]], np.int32)
BITS = np.array([[0, 1, -1, 1], [1, 0, 0, -1]])
WEIGHT = np.array([0.5, 2.0, 1.5, 0.25])


def cross_entropy(x, t, normalize=True, ignore_label=-1, class_weight=None, reduce="mean"):
    """One row after another, in logarithms of SciPy's softmax."""
    loss = np.zeros(t.shape)
    for place in np.ndindex(t.shape):
        label = t[place]
        if label != ignore_label:
            scores = x[(place[0], slice(None), *place[1:])]
            weight = 1 if class_weight is None else class_weight[label]
            loss[place] = -weight * np.log(special.softmax(scores)[label])
    if reduce == "no":
        return loss
    count = np.count_nonzero(t != ignore_label) if normalize else t.shape[0]
    return loss.sum() / max(count, 1)


def probabilities(rng):
    p = rng.uniform(0.1, 1, (3, 4, 2))
    return p / p.sum(axis=1, keepdims=True)


def soft(x, t, class_weight=None, reduce="mean", soft_target_loss="cross-entropy"):
    q = special.softmax(x, axis=1)
    weight = 1 if class_weight is None else class_weight[:, None]
    terms = t * np.log(q) * weight
    if soft_target_loss == "kl-divergence":
        terms = -t * np.log((t + 1e-7) / q)
    loss = -terms.sum(axis=1)
    return loss.mean() if reduce == "mean" else loss


def bitwise(x, t, normalize=True, reduce="mean"):
    p = special.expit(x)
    loss = np.where(t == 1, -np.log(p), np.where(t == 0, -np.log(1 - p), 0))
    if reduce == "no":
        return loss
    return loss.sum() / (np.count_nonzero(t >= 0) if normalize else len(t))


def margins(x, t, norm="L1", reduce="mean"):
    loss = np.empty_like(x)
    for i, j in np.ndindex(x.shape):
        loss[i, j] = max(0, 1 - x[i, j] if t[i] == j else 1 + x[i, j])
    loss **= 2 if norm == "L2" else 1
    return loss if reduce == "no" else loss.sum() / len(x)


def scores(rng):
    """Away from -1 and 1, where hinges have their corner."""
    return rng.choice([-1, 1], (3, 4)) * rng.choice([0.5, 1.5], (3, 4)) + rng.uniform(
        -0.3, 0.3, (3, 4)
    )


ONE_OF_THREE = np.array([0, 3, 1])
LOSS = F.softmax_cross_entropy
KL = {"soft_target_loss": "kl-divergence"}


def smoothed(t, n_classes, smoothing=0.1):
    p = np.zeros((t.shape[0], n_classes, *t.shape[1:]))
    for place in np.ndindex(t.shape):
        if t[place] >= 0:
            column = np.full(n_classes, smoothing / n_classes)
            column[t[place]] += 1 - smoothing
            p[(place[0], slice(None), *place[1:])] = column
    return p


CASES = [
    Case(LOSS, [(5, 4), T], low=-3.0, high=3.0, expected=cross_entropy),
    Case(
        LOSS,
        [(5, 4), T],
        {"normalize": False},
        label="by batch",
        low=-3.0,
        high=3.0,
        expected=cross_entropy,
    ),
    Case(LOSS, [(5, 4), T], {"reduce": "no"}, label="each", expected=cross_entropy),
    Case(
        LOSS,
        [(5, 4), T],
        {"class_weight": WEIGHT},
        label="weights",
        low=-2.0,
        high=2.0,
        expected=cross_entropy,
    ),
    Case(
        LOSS,
        [(5, 4), T],
        {"class_weight": WEIGHT, "reduce": "no"},
        label="weights, each",
        expected=cross_entropy,
    ),
    Case(
        LOSS,
        [(5, 4), np.array([0, 1, 2, 3, 0], np.uint8)],
        {"ignore_label": 0},
        label="ignore 0",
        expected=cross_entropy,
    ),
    Case(LOSS, [(2, 3, 2, 2), T_IMAGE], label="images", expected=cross_entropy),
    Case(
        LOSS,
        [(2, 3, 2, 2), T_IMAGE],
        {"reduce": "no", "class_weight": WEIGHT[:3]},
        label="images, each",
        expected=cross_entropy,
    ),
    Case(
        LOSS,
        [(2, 3, 2, 2), T_IMAGE],
        {"normalize": False},
        label="images, by batch",
        expected=cross_entropy,
    ),
    Case(LOSS, [(3, 4), np.full(3, -1)], label="all ignored", expected=cross_entropy),
    Case(LOSS, [(0, 4), np.zeros(0, int)], label="empty batch", expected=cross_entropy),
    Case(LOSS, [(3, 4, 2), probabilities], label="soft", expected=soft),
    Case(LOSS, [(3, 4, 2), probabilities], {"reduce": "no"}, label="soft, each", expected=soft),
    Case(
        LOSS,
        [(3, 4, 2), probabilities],
        {"class_weight": WEIGHT},
        label="soft, weights",
        expected=soft,
    ),
    Case(LOSS, [(3, 4, 2), probabilities], KL, label="divergence", expected=soft),
    Case(
        LOSS,
        [(3, 4, 2), probabilities],
        {**KL, "reduce": "no"},
        label="divergence, each",
        expected=soft,
    ),
    Case(F.sigmoid_cross_entropy, [(2, 4), BITS], low=-3.0, high=3.0, expected=bitwise),
    Case(
        F.sigmoid_cross_entropy,
        [(2, 4), BITS],
        {"normalize": False},
        label="by batch",
        expected=bitwise,
    ),
    Case(F.sigmoid_cross_entropy, [(2, 4), BITS], {"reduce": "no"}, label="each", expected=bitwise),
    Case(F.hinge, [scores, ONE_OF_THREE], expected=margins),
    Case(F.hinge, [scores, ONE_OF_THREE], {"norm": "L2"}, label="L2", expected=margins),
    Case(F.hinge, [scores, ONE_OF_THREE], {"reduce": "no"}, label="each", expected=margins),
    Case(
        F.bernoulli_nll,
        [(3, 4), (3, 4)],
        low=0.1,
        expected=lambda x, y: (
            -np.sum(x * np.log(special.expit(y)) + (1 - x) * np.log(special.expit(-y)))
        ),
    ),
    Case(
        F.bernoulli_nll,
        [(3, 4), (3, 4)],
        {"reduce": "mean"},
        label="mean",
        expected=lambda x, y, reduce: np.mean(np.log(1 + np.exp(y)) - x * y),
    ),
    Case(
        F.bernoulli_nll,
        [(3, 4), (3, 4)],
        {"reduce": "no"},
        label="each",
        expected=lambda x, y, reduce: np.log(1 + np.exp(y)) - x * y,
    ),
    Case(
        F.smooth_labels,
        [T],
        {"n_classes": 4},
        expected=smoothed,
        grad=0,
        dtypes=("float32",),
    ),
    Case(
        F.smooth_labels,
        [T_IMAGE],
        {"n_classes": 3, "smoothing": 0.3},
        expected=smoothed,
        label="images",
        grad=0,
        dtypes=("float32",),
    ),
]
