"""Losses of sequences: connectionist temporal classification and linear-chain random fields."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from renkei.core.device import get_array_module
from renkei.core.elementwise import same_dtype
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_arrays, need_integer
from renkei.core.variable import Variable, as_variable
from renkei.functions.conversion import cast
from renkei.functions.indexing import scatter_add, select_item, where
from renkei.functions.join_split import concat, stack
from renkei.functions.recompute import gradients_of
from renkei.functions.reduction import logsumexp, max, mean
from renkei.functions.shape import expand_dims
from renkei.functions.softmax import log_softmax

__all__ = ["argmax_crf1d", "connectionist_temporal_classification", "crf1d"]

_CTC = "connectionist_temporal_classification(x, t, blank_symbol, ...)"
_NEVER = -1e30  # the logarithm of the probability of what cannot be; finite: no NaN arises


def _values(x: Any) -> Any:
    return x._values() if isinstance(x, Variable) else x


def _one_of(call: str, value: Any, *allowed: str) -> None:
    if value not in allowed:
        raise RangeError(call, f"reduce={value!r}", " or ".join(map(repr, allowed)))


# -- connectionist temporal classification ---------------------------------------------------------


class Ctc(Function):
    """The node of ``connectionist_temporal_classification``, for each example. Residual: alpha."""

    residuals = ("alpha",)

    def __init__(self, blank: int) -> None:
        self.blank = blank

    def check(self, x: Any, t: Any, input_length: Any, label_length: Any) -> Spec:
        if x.ndim != 3 or x.shape[0] == 0 or x.dtype.kind != "f":
            got = f"x {describe(x)}"
            raise ShapeError(_CTC, got, "a list of floats (batch, class), one per time step")
        n = x.shape[1]
        if t.ndim != 2 or t.shape[0] != n:
            raise ShapeError(
                _CTC, f"x[t] {x.shape[1:]} and t {t.shape}", f"t of shape ({n}, label)"
            )
        if not 0 <= self.blank < x.shape[2]:
            got = f"blank_symbol={self.blank}"
            raise RangeError(_CTC, got, f"one of the {x.shape[2]} classes")
        for name, a in (("input_length", input_length), ("label_length", label_length)):
            if a.shape != (n,) or a.dtype.kind not in "iu":
                raise ShapeError(_CTC, f"{name} {describe(a)}", f"integers of shape ({n},)")
        return Spec((n,), x.dtype)

    def forward(self, x: Any, t: Any, input_length: Any, label_length: Any) -> Any:
        return self.kernel("ctc", x, t, input_length, label_length, blank=self.blank)

    def grads(
        self, wanted: tuple[bool, ...], gy: Any,
        x: Any, t: Any, input_length: Any, label_length: Any, alpha: Any
    ) -> Any:  # fmt: skip
        inputs = (x, t, input_length, label_length)
        if isinstance(gy, Variable):
            return gradients_of(self._body, inputs, (gy,), wanted)
        gx = self.kernel("ctc_grad", *inputs, alpha, gy, blank=self.blank)
        return gx, None, None, None

    def _body(self, x: Any, t: Any, input_length: Any, label_length: Any) -> tuple[Any]:
        t, length, labels = _values(t), _values(input_length), _values(label_length)
        xp = get_array_module(t)
        wide = cast(x, xp.float32) if x.dtype == xp.float16 else x
        n_time, n_batch, _ = x.shape
        path = xp.full((n_batch, 2 * t.shape[1] + 1), self.blank, xp.int64)
        path[:, 1::2] = xp.where(xp.arange(t.shape[1]) < labels[:, None], t, self.blank)
        place = xp.arange(path.shape[1])
        batch, times = xp.arange(n_batch)[:, None], xp.arange(n_time)[:, None, None]
        emit = log_softmax(wide, axis=2)[times, batch, path]  # (time, batch, place)
        alpha = where(xp.broadcast_to(place < 2, path.shape), emit[0], _NEVER)
        for time in range(1, n_time):
            one, two = alpha[batch, place - 1], alpha[batch, place - 2]
            skip = (place >= 2) & (path != path[:, place - 2])
            one = where(xp.broadcast_to(place >= 1, path.shape), one, _NEVER)
            step = logsumexp(stack([alpha, one, where(skip, two, _NEVER)]), axis=0) + emit[time]
            running = xp.broadcast_to((time < length)[:, None], path.shape)
            alpha = where(running, step, alpha)
        last = 2 * labels[:, None]
        ends = where((place == last) | (place == last - 1), alpha, _NEVER)
        loss = -logsumexp(ends, axis=1)
        loss = where(_values(loss) < -_NEVER / 2, loss, xp.inf)
        return (cast(loss, x.dtype),)


def connectionist_temporal_classification(
    x: Any,
    t: Any,
    blank_symbol: int,
    input_length: Any = None,
    label_length: Any = None,
    reduce: str = "mean",
) -> Any:
    r"""The loss of labels without an alignment: connectionist temporal classification (CTC).

    .. math:: loss = -\ln \sum_{\pi \in B^{-1}(t)} \prod_\tau \mathrm{softmax}(x_\tau)_{\pi_\tau}

    B takes repetitions and then blanks away, so the sum is over all ways to spread the labels over
    the time steps. Scores come in before softmax.

    Args:
        x: a list of the scores at each time, arrays or Variables (batch, class), or one array
            (time, batch, class).
        t: integer array of labels (batch, label), padded at the end.
        blank_symbol: the class that stands for no label.
        input_length: integers (batch,), the time steps of each example; None: all.
        label_length: integers (batch,), the labels of each example; None: all.
        reduce: ``"mean"`` over the batch, or ``"no"``.

    Returns:
        Array or Variable () with ``"mean"``, (batch,) with ``"no"``. The loss is infinite, and its
        gradient 0, where an input is too short for its labels (a repeated label needs a blank
        between).

    Raises:
        ShapeError: a shape does not fit.
        RangeError: a label, a length, the blank or ``reduce`` lies outside its range.
        DtypeError: ``x`` is no list of floats, or ``t`` no integer array.

    >>> x = np.log(np.array([[[0.1, 0.9]], [[0.5, 0.5]]]))  # two steps of blank and one label
    >>> loss = F.connectionist_temporal_classification(x, np.array([[1]]), blank_symbol=0)
    >>> float(np.exp(-loss).round(6))  # (1, 1), (1, blank) or (blank, 1)
    0.95

    Graves et al., "Connectionist temporal classification: labelling unsegmented sequence data with
    recurrent neural networks", 2006.
    """
    _one_of(_CTC, reduce, "mean", "no")
    scores: Any = stack(x, axis=0) if isinstance(x, (list, tuple)) and x else x
    if getattr(getattr(scores, "dtype", None), "kind", "") != "f":
        raise DtypeError(_CTC, f"x {describe(x)}", "a list of arrays of floats (batch, class)")
    if scores.ndim != 3:
        got = f"scores of shape {scores.shape}"
        raise ShapeError(_CTC, got, "a list of floats (batch, class), one per time step")
    labels = _values(t)
    if getattr(getattr(labels, "dtype", None), "kind", "") not in ("i", "u"):
        raise DtypeError(_CTC, f"t {describe(t)}", "an array of integer labels (batch, label)")
    xp = get_array_module(labels)
    n_batch, n_label = (*labels.shape, 0, 0)[:2]
    lengths = []
    for given, full in ((input_length, scores.shape[0]), (label_length, n_label)):
        given = _values(given)
        try:
            lengths.append(xp.full(n_batch, full) if given is None else xp.asarray(given))
        except ValueError:
            raise DtypeError(_CTC, f"lengths {describe(given)}", "integers (batch,)") from None
    loss = Ctc(need_integer(_CTC, "blank_symbol", blank_symbol))(scores, labels, *lengths)
    return mean(loss) if reduce == "mean" else loss


# -- conditional random fields ---------------------------------------------------------------------


def crf1d(cost: Any, xs: Sequence[Any], ys: Sequence[Any], reduce: str = "mean") -> Any:
    r"""The negative log-likelihood of label sequences in a linear-chain conditional random field.

    .. math::
        s(y) = \sum_t x_{t, y_t} + \sum_{t > 0} cost_{y_{t-1}, y_t}, \qquad
        loss = \ln \sum_{y'} e^{s(y')} - s(y)

    Args:
        cost: scores of the transitions from one label to another, array or Variable (K, K).
        xs: scores of the labels at each time, a list of arrays or Variables (batch at that time,
            K). Batches never grow: sort sequences by falling length.
        ys: labels at each time, a list of integer arrays (batch at that time,).
        reduce: ``"mean"`` over the batch, or ``"no"``.

    Returns:
        Array or Variable () with ``"mean"``, (batch,) with ``"no"``.

    Raises:
        ShapeError: a shape does not fit, or batches grow.
        RangeError: a label or ``reduce`` lies outside its range.
        DtypeError: ``ys`` are no integers.

    >>> xs, ys = [np.zeros((1, 2))] * 3, [np.array([0])] * 3
    >>> float(F.crf1d(np.zeros((2, 2)), xs, ys).round(4))  # ln 8: one of 8 equal sequences
    2.0794

    Lafferty et al., "Conditional random fields: probabilistic models for segmenting and labeling
    sequence data", 2001.
    """
    call = "crf1d(cost, xs, ys)"
    _one_of(call, reduce, "mean", "no")
    _check_chain(call, cost, xs)
    if not isinstance(ys, (list, tuple)):
        raise DtypeError(call, f"ys {describe(ys)}", "a list with the labels of each time step")
    need_arrays(call, **{f"ys[{t}]": y for t, y in enumerate(ys)})
    labels = [_values(y) for y in ys]
    shapes = [y.shape for y in labels]
    if shapes != [x.shape[:1] for x in xs]:
        raise ShapeError(call, f"ys of shapes {shapes[:5]}", "a label for each row of xs")
    if any(y.dtype.kind not in "iu" for y in labels):
        raise DtypeError(call, f"ys[0] {describe(labels[0])}", "arrays of integer labels")
    alpha = _first(cost, xs)
    for x in xs[1:]:
        before = alpha[: x.shape[0]]
        alpha = _kept(logsumexp(expand_dims(before, 2) + cost, axis=1) + x, alpha)
    loss = logsumexp(alpha, axis=1) - _path_scores(cost, xs, labels)
    return mean(loss) if reduce == "mean" else loss


def _check_chain(call: str, cost: Any, xs: Any) -> None:
    if not isinstance(xs, (list, tuple)) or not xs:
        got = "an empty list" if isinstance(xs, (list, tuple)) else describe(xs)
        raise ShapeError(call, f"xs: {got}", "a list with the scores of each time step")
    need_arrays(call, cost=cost, **{f"xs[{t}]": x for t, x in enumerate(xs)})
    n = (*xs[0].shape, 0)[1] if xs[0].ndim else 0
    if cost.shape != (n, n) or any(x.ndim != 2 or x.shape[1] != n for x in xs):
        got = f"cost {cost.shape} and xs of shapes {[x.shape for x in xs[:5]]}"
        raise ShapeError(call, got, "cost (K, K) and xs[t] (batch at time t, K)")
    same_dtype(call, cost, *xs)
    if any(a.shape[0] < b.shape[0] for a, b in pairwise(xs)):
        raise ShapeError(
            call,
            f"batches of {[x.shape[0] for x in xs]}",
            "batches that never grow",
            "Sort sequences by falling length, or use the link with transpose=True.",
        )


def _first(cost: Any, xs: Any) -> Any:
    """The scores of the first step; a Variable if ``cost`` is one, even where nothing follows."""
    return as_variable(xs[0]) if isinstance(cost, Variable) else xs[0]


def _kept(first: Any, state: Any) -> Any:
    """A state whose first rows are new; the others belong to sequences that have ended."""
    n = first.shape[0]
    return first if n == state.shape[0] else concat([first, state[n:]], axis=0)


def _path_scores(cost: Any, xs: Any, ys: Any) -> Any:
    """s(y) of each sequence: all picked scores in one go, summed by sequence."""
    xp = get_array_module(ys[0])
    every, labels = concat(xs, axis=0), xp.concatenate(ys)
    rows = xp.concatenate([xp.arange(len(y)) for y in ys])
    score = scatter_add(
        xp.zeros(len(ys[0]), every.dtype), rows, select_item(every, labels)
    )  # (batch,)
    if len(ys) == 1:
        return score
    before = xp.concatenate([a[: len(b)] for a, b in pairwise(ys)])
    moves = cost[before, labels[len(ys[0]) :]]
    return scatter_add(score, rows[len(ys[0]) :], moves)


def argmax_crf1d(cost: Any, xs: Sequence[Any]) -> tuple[Any, list[Any]]:
    r"""The label sequences of highest score in a linear-chain conditional random field.

    This is the Viterbi algorithm; the score is that of ``crf1d``.

    Args:
        cost: scores of the transitions from one label to another, array or Variable (K, K).
        xs: scores of the labels at each time, a list of arrays or Variables (batch at that time,
            K). Batches never grow.

    Returns:
        The scores s(y) of the best sequences, array or Variable (batch,), and a list with their
        labels at each time, integer arrays (batch at that time,).

    Raises:
        ShapeError: a shape does not fit, or batches grow.

    >>> stay = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> xs = [np.array([[2.0, 0.0]]), np.array([[0.0, 0.5]])]
    >>> F.argmax_crf1d(stay, xs)
    (array([3.]), [array([0]), array([0])])

    Viterbi, "Error bounds for convolutional codes and an asymptotically optimum decoding
    algorithm", 1967.
    """
    _check_chain("argmax_crf1d(cost, xs)", cost, xs)
    alpha, pointers = _first(cost, xs), []
    for x in xs[1:]:
        scores = expand_dims(alpha[: x.shape[0]], 2) + cost
        pointers.append(_values(scores).argmax(axis=1))
        alpha = _kept(max(scores, axis=1) + x, alpha)
    label = _values(alpha).argmax(axis=1)
    path = [label[: xs[-1].shape[0]].copy()]
    for x, before, pointer in zip(xs[:0:-1], xs[-2::-1], pointers[::-1], strict=True):
        rows = get_array_module(label).arange(x.shape[0])
        label[: x.shape[0]] = pointer[rows, label[: x.shape[0]]]
        path.append(label[: before.shape[0]].copy())
    return max(alpha, axis=1), path[::-1]
