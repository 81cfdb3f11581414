"""CRF1d: a linear-chain conditional random field with its transition scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from renkei.core.errors import ShapeError
from renkei.core.parameter import Parameter
from renkei.core.variable import Variable
from renkei.functions.indexing import Permutate
from renkei.functions.join_split import transpose_sequence
from renkei.functions.loss_sequence import argmax_crf1d, crf1d
from renkei.initializers import get_initializer
from renkei.links.link import Link
from renkei.links.sizes import check_sizes

__all__ = ["CRF1d"]


class CRF1d(Link):
    r"""The loss of label sequences in a linear-chain conditional random field.

    The formula is that of ``F.crf1d``; the transition scores are the parameter ``cost``.

    Lafferty et al., "Conditional random fields: probabilistic models for segmenting and labeling
    sequence data" (2001).

    Args:
        n_label: K, the number of labels.
        initial_cost: what fills ``cost`` (K, K); None: zeros.

    >>> crf = L.CRF1d(2)
    >>> xs = [np.array([[1, 0], [0, 0.5], [0, 1]], np.float32), np.array([[1, 0]], np.float32)]
    >>> loss = crf(xs, [np.array([0, 1, 1]), np.array([0])], transpose=True)
    >>> crf.argmax(xs, transpose=True)[1]
    [array([0, 1, 1]), array([0])]
    """

    _shown: ClassVar[tuple[str, ...]] = ("n_label",)
    _sizes: ClassVar[tuple[str, ...]] = ("n_label",)

    def __init__(self, n_label: int, initial_cost: Any = None) -> None:
        super().__init__()
        check_sizes("CRF1d", n_label=n_label)
        self.n_label = n_label
        self.cost = Parameter(get_initializer(initial_cost, 0), (n_label, n_label))

    def forward(
        self, xs: Sequence[Any], ys: Sequence[Any], reduce: str = "mean", transpose: bool = False
    ) -> Variable:
        r"""Computes the loss.

        Args:
            xs: scores of the labels at each time, a list of arrays or Variables (batch at that
                time, K) whose batches never grow; with ``transpose`` a list of sequences, each (its
                length, K), in any order.
            ys: labels, a list of integer arrays in the same arrangement, without the last axis.
            reduce: ``"mean"`` over the batch, or ``"no"``.
            transpose: whether the lists hold a sequence each, rather than a time step.

        Returns:
            Variable (), or with ``"no"`` (batch,), in the order of the batch.

        Raises:
            ShapeError: a shape does not fit.
        """
        if not transpose:
            return crf1d(self.cost, xs, ys, reduce)
        if [x.shape[:1] for x in xs] != [y.shape for y in ys]:
            got = f"sequences {[x.shape for x in xs[:5]]} and labels {[y.shape for y in ys[:5]]}"
            raise ShapeError("CRF1d(...)(xs, ys)", got, "a label for each row of xs")
        order = _longest_first(xs)
        scores, labels = (transpose_sequence([seqs[i] for i in order]) for seqs in (xs, ys))
        loss = crf1d(self.cost, scores, labels, reduce)
        return loss if reduce == "mean" else _back(loss, order)

    def argmax(self, xs: Sequence[Any], transpose: bool = False) -> tuple[Variable, list[Any]]:
        r"""Finds the label sequences of highest score.

        Args:
            xs: scores of the labels, as ``forward`` takes them.
            transpose: whether the list holds a sequence each, rather than a time step.

        Returns:
            The scores of the best sequences, Variable (batch,), and a list of integer arrays: their
            labels at each time, or with ``transpose`` of each sequence.
        """
        if not transpose:
            return argmax_crf1d(self.cost, xs)
        order = _longest_first(xs)
        score, path = argmax_crf1d(self.cost, transpose_sequence([xs[i] for i in order]))
        labels = transpose_sequence(path)
        places = np.argsort(order)
        return _back(score, order), [labels[i] for i in places]


def _longest_first(xs: Sequence[Any]) -> np.ndarray[Any, Any]:
    return np.argsort([-x.shape[0] for x in xs], kind="stable")


def _back(x: Variable, order: np.ndarray[Any, Any]) -> Variable:
    """From the order of falling length to that of the batch."""
    return Permutate(0, True)(x, x.xp.asarray(order))
