"""CRF1d: both arrangements of its inputs, learning, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from renkei import functions as F
from renkei import links as L
from renkei.core.errors import ShapeError
from renkei.testing import check_link

LENGTHS = (2, 4, 1)
LABELS = [np.array([0, 1]), np.array([2, 0, 0, 1]), np.array([2])]


class Flat(L.CRF1d):
    """Takes the sequences one by one, as the checks pass inputs."""

    def forward(self, *xs):
        return super().forward(list(xs), LABELS, "no", transpose=True)


def alone(link, *xs):
    """Each sequence as a batch of one."""
    cost = link.cost.array.astype("d")
    return np.array(
        [
            F.crf1d(cost, [row[None] for row in x], [label[None] for label in y])
            for x, y in zip(xs, LABELS)
        ]
    )


def test_link():
    check_link(
        lambda: Flat(3, initial_cost=np.arange(9.0).reshape(3, 3) / 4),
        [(n, 3) for n in LENGTHS],
        expected=alone,
        tol={"float16": (5e-3, 5e-3)},
    )


def test_cost_begins_with_zeros():
    assert not L.CRF1d(4).cost.array.any()


def test_argmax_of_sequences_and_of_times_agree(rng):
    crf = L.CRF1d(3, initial_cost=rng.normal(size=(3, 3)).astype("f"))
    xs = [rng.normal(size=(n, 3)).astype("f") for n in LENGTHS]
    score, path = crf.argmax(xs, transpose=True)
    for i, x in enumerate(xs):
        one, labels = crf.argmax([row[None] for row in x])
        assert one.array[0] == pytest.approx(score.array[i])
        assert np.concatenate(labels).tolist() == path[i].tolist()


def test_labels_of_other_lengths_are_refused(rng):
    xs = [rng.normal(size=(n, 3)) for n in LENGTHS]
    with pytest.raises(ShapeError, match="a label for each row"):
        L.CRF1d(3)(xs, LABELS[::-1], transpose=True)
