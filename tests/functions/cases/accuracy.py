"""Rows of renkei.functions.accuracy."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case

T = np.array([0, 2, 1, 1, -1, 2])
BITS = np.array([[0, 1, -1], [1, 1, 0]])
SCORES = np.array(
    [[3, 1, 2], [1, 2, 3], [1, 3, 2], [3, 2, 1], [2, 1, 3], [3, 2, 1]], float
)  # predicts 0, 2, 1, 0, 2, 0


def fraction(y, t, ignore_label=None):
    used = [place for place in np.ndindex(t.shape) if t[place] != ignore_label]
    right = [t[p] == np.argmax(y[(p[0], slice(None), *p[1:])]) for p in used]
    return np.mean(right) if used else 0.0


def by_class(y, t, label_num=None, beta=1.0, ignore_label=-1):
    """Counts members of sets."""
    guess = np.argmax(y, axis=1)
    rows = []
    for k in range(label_num or t.max() + 1):
        present = {i for i, label in enumerate(t) if label == k != ignore_label}
        guessed = {i for i, g in enumerate(guess) if g == k and t[i] != ignore_label}
        right = len(present & guessed)
        p = right / len(guessed) if guessed else np.nan
        r = right / len(present) if present else np.nan
        score = 1 / ((1 / (1 + beta**2)) / p + (beta**2 / (1 + beta**2)) / r) if right else np.nan
        rows.append((p, r, score, len(present)))
    return tuple(np.array(column) for column in zip(*rows))


CASES = [
    Case(F.accuracy, [SCORES, T], grad=0, expected=fraction),
    Case(
        F.accuracy, [SCORES, T], {"ignore_label": -1}, label="ignoring", grad=0, expected=fraction
    ),
    Case(
        F.accuracy, [SCORES, T], {"ignore_label": 2}, label="ignored 2", grad=0, expected=fraction
    ),
    Case(
        F.accuracy,
        [(2, 3, 4), np.array([[0, 1, 2, 0], [2, 2, 1, 0]])],
        label="positions",
        grad=0,
        expected=fraction,
    ),
    Case(
        F.accuracy,
        [SCORES, np.full(6, 7)],
        {"ignore_label": 7},
        label="nothing counts",
        grad=0,
        expected=fraction,
    ),
    Case(F.accuracy, [(0, 3), np.zeros(0, int)], label="empty", grad=0, expected=fraction),
    Case(
        F.binary_accuracy,
        [(2, 3), BITS],
        grad=0,
        expected=lambda y, t: np.mean([(a >= 0) == b for a, b in zip(y.flat, t.flat) if b >= 0]),
    ),
    Case(
        F.r2_score,
        [(5,), (5,)],
        grad=0,
        tol={"float16": (1e-2, 1e-2)},
        expected=lambda p, t: 1 - np.mean((t - p) ** 2) / np.var(t),
    ),
    Case(
        F.r2_score,
        [(5, 2), (5, 2)],
        {"multioutput": "raw_values"},
        label="each",
        grad=0,
        tol={"float16": (1e-2, 1e-2)},
        expected=lambda p, t, multioutput: 1 - np.mean((t - p) ** 2, 0) / np.var(t, 0),
    ),
    Case(F.precision, [SCORES, T], grad=0, expected=lambda *a: by_class(*a)[::3]),
    Case(F.recall, [SCORES, T], grad=0, expected=lambda *a: by_class(*a)[1::2]),
    Case(F.f1_score, [SCORES, T], grad=0, expected=lambda *a: by_class(*a)[2:]),
    Case(F.classification_summary, [SCORES, T], grad=0, expected=by_class),
    Case(
        F.classification_summary,
        [SCORES, T],
        {"beta": 2.0, "label_num": 4, "ignore_label": 0},
        label="options",
        grad=0,
        expected=by_class,
    ),
]
