"""Rows of renkei.functions.loss_sequence: sums over all alignments and all label sequences."""

from __future__ import annotations

from itertools import groupby, pairwise, product

import numpy as np
from scipy.special import log_softmax

import renkei.functions as F
from renkei.testing import Case


def ctc(x, t, blank_symbol, input_length=None, label_length=None, reduce="mean"):
    """Every way to choose a class at each time, collapsed and compared with the labels."""
    losses = []
    for b in range(x.shape[1]):
        n_time = len(x) if input_length is None else input_length[b]
        n_label = t.shape[1] if label_length is None else label_length[b]
        log_p, total = log_softmax(x[:, b], axis=1), 0.0
        for path in product(range(x.shape[2]), repeat=int(n_time)):
            collapsed = [c for c, _ in groupby(path) if c != blank_symbol]
            if collapsed == list(t[b, :n_label]):
                total += np.exp(sum(log_p[time, c] for time, c in enumerate(path)))
        losses.append(-np.log(total) if total else np.inf)
    return np.mean(losses) if reduce == "mean" else np.array(losses)


LABELS = np.array([[1, 1], [0, 1], [0, -1]])
SOME = {"input_length": np.array([3, 4, 2]), "label_length": np.array([2, 2, 1])}
SIZES = (3, 2, 2)
YS = [np.array([0, 2, 1]), np.array([1, 1]), np.array([2, 1])]


def sequences(cost, xs):
    """For each example, all label sequences with their scores."""
    for example in range(len(xs[0])):
        rows = [x[example] for x in xs if len(x) > example]
        scores = {}
        for y in product(range(len(cost)), repeat=len(rows)):
            moves = sum(cost[a, b] for a, b in pairwise(y))
            scores[y] = sum(row[label] for row, label in zip(rows, y)) + moves
        yield scores


def crf1d(cost, *xs, reduce="mean"):
    losses = []
    for example, scores in enumerate(sequences(cost, xs)):
        right = tuple(int(y[example]) for y in YS if len(y) > example)
        losses.append(np.log(sum(np.exp(s) for s in scores.values())) - scores[right])
    return np.mean(losses) if reduce == "mean" else np.array(losses)


def f_crf1d(cost, *xs, reduce="mean"):
    return F.crf1d(cost, list(xs), YS, reduce)


def argmax_crf1d(cost, *xs):
    return np.array([max(scores.values()) for scores in sequences(cost, xs)])


def f_argmax_crf1d(cost, *xs):
    return F.argmax_crf1d(cost, list(xs))[0]


CTC = F.connectionist_temporal_classification
CHAIN = [(3, 3), *((n, 3) for n in SIZES)]
LOW = {"float16": (3e-3, 3e-3)}

CASES = [
    Case(CTC, [(4, 2, 3), LABELS[:2]], {"blank_symbol": 2}, expected=ctc),
    Case(
        CTC,
        [(4, 3, 3), LABELS],
        {"blank_symbol": 2, "reduce": "no", **SOME},
        label="lengths",
        low=-3.0,
        high=3.0,
        expected=ctc,
        tol={"float16": (1e-2, 1e-2)},
    ),
    Case(
        CTC,
        [(2, 2, 3), LABELS[:2]],
        {"blank_symbol": 2, "reduce": "no", "label_length": np.array([0, 2])},
        label="no labels",
        expected=ctc,
    ),
    Case(f_crf1d, CHAIN, expected=crf1d, low=-2.0, high=2.0, tol=LOW),
    Case(f_crf1d, CHAIN, {"reduce": "no"}, label="each", expected=crf1d, tol=LOW),
    Case(
        f_argmax_crf1d,
        CHAIN,
        expected=argmax_crf1d,
        low=-2.0,
        high=2.0,
        tol=LOW,
    ),
]
