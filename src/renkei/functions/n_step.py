"""Stacked recurrent networks over whole sequences: LSTM, GRU and plain ones, in both directions.

Each layer and direction is one primitive over a packed batch (the rows of time 0, then those of
time 1, and so on), so that all inputs of a layer meet its weights in one product.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from renkei.core.elementwise import same_dtype
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_arrays, need_integer, need_number
from renkei.core.variable import Variable
from renkei.functions.activation import relu, sigmoid, tanh
from renkei.functions.join_split import concat, split_axis, stack
from renkei.functions.linalg import matmul
from renkei.functions.linear import linear
from renkei.functions.noise import dropout
from renkei.functions.recompute import gradients_of

__all__ = [
    "n_step_bigru",
    "n_step_bilstm",
    "n_step_birnn",
    "n_step_gru",
    "n_step_lstm",
    "n_step_rnn",
]


# -- one layer in one direction --------------------------------------------------------------------


def _recording(*gys: Any) -> bool:
    return any(isinstance(g, Variable) for g in gys)


def _check_layer(gates: int, x: Any, h: Any, W: Any, U: Any) -> None:
    d = h.shape[1]
    if W.shape != (gates * d, x.shape[1]) or U.shape != (gates * d, d):
        raise ShapeError(
            "a recurrent layer",
            f"inputs of size {x.shape[1]}, states of size {d}, weights "
            f"{(W.shape[0] // gates, *W.shape[1:])} and {(U.shape[0] // gates, *U.shape[1:])}",
            f"weights ({d}, {x.shape[1]}) for inputs and ({d}, {d}) for states",
        )
    same_dtype("a recurrent layer", x, h, W, U)


class _Layer(Function):
    """What the primitives of a layer share. ``sizes``: the rows of each time step."""

    def __init__(self, sizes: tuple[int, ...], reverse: bool) -> None:
        self.sizes, self.reverse = sizes, reverse

    def _steps(self) -> list[tuple[int, int]]:
        ends, steps = 0, []
        for n in self.sizes:
            steps.append((ends, n))
            ends += n
        return steps[::-1] if self.reverse else steps

    def _joined(self, ys: list[Any]) -> Any:
        return concat(ys[::-1] if self.reverse else ys, axis=0)


def _replaced(state: Any, first: Any) -> Any:
    """A state whose first rows are new; the others belong to sequences that are not running."""
    n = first.shape[0]
    return first if n == state.shape[0] else concat([first, state[n:]], axis=0)


class LstmLayer(_Layer):
    """An LSTM over time. Weights in blocks i, f, o, a."""

    outputs = ("y", "hn", "cn")
    residuals = ("gates", "cells")

    def check(self, x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> tuple[Spec, ...]:
        _check_layer(4, x, h, W, U)
        y = Spec((x.shape[0], h.shape[1]), x.dtype)
        return y, Spec(h.shape, h.dtype), Spec(c.shape, c.dtype)

    def forward(self, x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> Any:
        return self.kernel("lstm_layer", x, h, c, W, U, b, sizes=self.sizes, reverse=self.reverse)

    def grads(
        self, wanted: tuple[bool, ...], gy: Any, ghn: Any, gcn: Any,
        x: Any, h: Any, c: Any, W: Any, U: Any, b: Any, y: Any, gates: Any, cells: Any
    ) -> Any:  # fmt: skip
        if _recording(gy, ghn, gcn):
            return gradients_of(self._body, (x, h, c, W, U, b), (gy, ghn, gcn), wanted)
        return self.kernel(
            "lstm_layer_grad", x, h, c, W, U, y, gates, cells, gy, ghn, gcn,
            sizes=self.sizes, reverse=self.reverse, wanted=wanted,
        )  # fmt: skip

    def _body(self, x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> tuple[Any, ...]:
        inputs, d, ys = linear(x, W, b), h.shape[1], []
        for start, n in self._steps():
            g = inputs[start : start + n] + matmul(h[:n], U, transb=True)
            i, f, o, a = split_axis(g, 4, axis=1) if d else (g, g, g, g)
            cell = sigmoid(f) * c[:n] + sigmoid(i) * tanh(a)
            y = sigmoid(o) * tanh(cell)
            ys.append(y)
            h, c = _replaced(h, y), _replaced(c, cell)
        return self._joined(ys), h, c


class GruLayer(_Layer):
    """A GRU over time. Weights in blocks r, z and the candidate."""

    outputs = ("y", "hn")
    residuals = ("gates",)

    def check(self, x: Any, h: Any, W: Any, U: Any, b: Any, bu: Any) -> tuple[Spec, ...]:
        _check_layer(3, x, h, W, U)
        return Spec((x.shape[0], h.shape[1]), x.dtype), Spec(h.shape, h.dtype)

    def forward(self, x: Any, h: Any, W: Any, U: Any, b: Any, bu: Any) -> Any:
        return self.kernel("gru_layer", x, h, W, U, b, bu, sizes=self.sizes, reverse=self.reverse)

    def grads(
        self, wanted: tuple[bool, ...], gy: Any, ghn: Any,
        x: Any, h: Any, W: Any, U: Any, b: Any, bu: Any, y: Any, gates: Any
    ) -> Any:  # fmt: skip
        if _recording(gy, ghn):
            return gradients_of(self._body, (x, h, W, U, b, bu), (gy, ghn), wanted)
        return self.kernel(
            "gru_layer_grad", x, h, W, U, y, gates, gy, ghn,
            sizes=self.sizes, reverse=self.reverse, wanted=wanted,
        )  # fmt: skip

    def _body(self, x: Any, h: Any, W: Any, U: Any, b: Any, bu: Any) -> tuple[Any, ...]:
        inputs, d, ys = linear(x, W, b), h.shape[1], []
        for start, n in self._steps():
            p, u = inputs[start : start + n], linear(h[:n], U, bu)
            r, z = (sigmoid(p[:, k : k + d] + u[:, k : k + d]) for k in (0, d))
            new = tanh(p[:, 2 * d :] + r * u[:, 2 * d :])
            y = new + z * (h[:n] - new)
            ys.append(y)
            h = _replaced(h, y)
        return self._joined(ys), h


class RnnLayer(_Layer):
    """A plain recurrent layer over time, with tanh or relu."""

    outputs = ("y", "hn")

    def __init__(self, sizes: tuple[int, ...], reverse: bool, activation: str) -> None:
        super().__init__(sizes, reverse)
        self.activation = activation

    def check(self, x: Any, h: Any, W: Any, U: Any, b: Any) -> tuple[Spec, ...]:
        _check_layer(1, x, h, W, U)
        return Spec((x.shape[0], h.shape[1]), x.dtype), Spec(h.shape, h.dtype)

    def forward(self, x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
        return self.kernel("rnn_layer", x, h, W, U, b, **self.attrs)

    def grads(
        self, wanted: tuple[bool, ...], gy: Any, ghn: Any,
        x: Any, h: Any, W: Any, U: Any, b: Any, y: Any
    ) -> Any:  # fmt: skip
        if _recording(gy, ghn):
            return gradients_of(self._body, (x, h, W, U, b), (gy, ghn), wanted)
        return self.kernel(
            "rnn_layer_grad", x, h, W, U, y, gy, ghn, wanted=wanted, **self.attrs
        )  # fmt: skip

    def _body(self, x: Any, h: Any, W: Any, U: Any, b: Any) -> tuple[Any, ...]:
        inputs, ys = linear(x, W, b), []
        activate = tanh if self.activation == "tanh" else relu
        for start, n in self._steps():
            y = activate(inputs[start : start + n] + matmul(h[:n], U, transb=True))
            ys.append(y)
            h = _replaced(h, y)
        return self._joined(ys), h


# -- stacks of layers ------------------------------------------------------------------------------

_GATES = {"lstm": 4, "gru": 3, "tanh": 1, "relu": 1}


def run_stack(
    mode: str, n_layers: int, ratio: float, states: Sequence[Any],
    ws: Any, bs: Any, x: Any, sizes: tuple[int, ...], directions: int, drop: Any = dropout,
) -> tuple[tuple[Any, ...], Any]:  # fmt: skip
    """Runs all layers over a packed batch; links call this too.

    Args:
        mode: ``"lstm"``, ``"gru"``, ``"tanh"`` or ``"relu"``.
        n_layers: the number of layers.
        ratio: the ratio of dropout between layers.
        states: hx, and cx of an LSTM, each (layers * directions, batch, d).
        ws: for each layer and direction, its weights: those for inputs, then those for states.
        bs: the biases in the same order.
        x: the packed batch (rows, in).
        sizes: the rows of each time step, never growing.
        directions: 1 or 2.
        drop: the dropout between layers.

    Returns:
        The last states, of the shapes of ``states``, and y (rows, d * directions), packed.
    """
    last: list[tuple[Any, ...]] = []
    for layer in range(n_layers):
        ys = []
        for direction in range(directions):
            k = directions * layer + direction
            inputs = drop(x, ratio) if layer else x
            now = [s[k] for s in states]
            weights = _weights(mode, ws[k], bs[k])
            y, *after = _node(mode, sizes, direction == 1)(inputs, *now, *weights)
            ys.append(y)
            last.append(tuple(after))
        x = ys[0] if directions == 1 else concat(ys, axis=1)
    return tuple(stack(s, axis=0) for s in zip(*last, strict=True)), x


def _node(mode: str, sizes: tuple[int, ...], reverse: bool) -> Function:
    if mode == "lstm":
        return LstmLayer(sizes, reverse)
    return GruLayer(sizes, reverse) if mode == "gru" else RnnLayer(sizes, reverse, mode)


def _weights(mode: str, ws: Any, bs: Any) -> tuple[Any, ...]:
    """The blocks of a layer's weights joined, as its primitive wants them."""
    n = _GATES[mode]
    if n == 1:
        return ws[0], ws[1], bs[0] + bs[1]
    order = (0, 1, 3, 2) if mode == "lstm" else (0, 1, 2)
    W, U = (concat([ws[k + i] for i in order], axis=0) for k in (0, n))
    b, bu = (concat([bs[k + i] for i in order], axis=0) for k in (0, n))
    return (W, U, b + bu) if mode == "lstm" else (W, U, b, bu)


def _n_step(
    call: str, mode: str, n_layers: int, ratio: float, states: Sequence[Any],
    ws: Any, bs: Any, xs: Any, directions: int,
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:  # fmt: skip
    if need_integer(call, "n_layers", n_layers) < 1:
        raise RangeError(call, f"n_layers={n_layers}", "1 layer or more")
    need_number(call, "dropout_ratio", ratio)
    if not 0 <= ratio < 1:
        raise RangeError(call, f"dropout_ratio={ratio!r}", "a number in the range [0, 1)")
    sizes = _check_inputs(call, xs)
    _check_states(call, states, n_layers * directions, sizes[0])
    _check_weights(call, mode, ws, bs, n_layers, directions, (xs[0].shape[1], states[0].shape[2]))
    x = xs[0] if len(xs) == 1 else concat(xs, axis=0)
    last, y = run_stack(mode, n_layers, ratio, states, ws, bs, x, sizes, directions)
    ends, end = [], 0
    for n in sizes[:-1]:
        end += n
        ends.append(end)
    return last, split_axis(y, ends, axis=0) if ends else (y,)


def _check_inputs(call: str, xs: Any) -> tuple[int, ...]:
    if not isinstance(xs, (list, tuple)) or not xs:
        got = "an empty list" if isinstance(xs, (list, tuple)) else f"xs {describe(xs)}"
        raise ShapeError(call, got, "a list with the inputs of each time step")
    need_arrays(call, **{f"xs[{t}]": x for t, x in enumerate(xs)})
    if any(x.ndim != 2 or x.shape[1:] != xs[0].shape[1:] for x in xs):
        got = ", ".join(str(x.shape) for x in xs[:5])
        raise ShapeError(call, f"xs of shapes {got}", "xs[t] of shape (batch at time t, in)")
    if xs[0].dtype.kind != "f":
        raise DtypeError(call, f"xs[0] {describe(xs[0])}", "arrays of floats")
    sizes = tuple(x.shape[0] for x in xs)
    if any(a < b for a, b in pairwise(sizes)):
        raise ShapeError(
            call,
            f"batches of {sizes}",
            "batches that never grow",
            "Sort sequences by falling length, then F.transpose_sequence; the links do it for you.",
        )
    return sizes


def _check_states(call: str, states: Sequence[Any], n: int, batch: int) -> None:
    for name, state in zip(("hx", "cx"), states):
        need_arrays(call, **{name: state})
        if state.ndim != 3 or state.shape[:2] != (n, batch):
            raise ShapeError(call, f"{name} {state.shape}", f"{name} of shape ({n}, {batch}, d)")
    if states[-1].shape != states[0].shape:
        raise ShapeError(call, f"hx {states[0].shape}, cx {states[-1].shape}", "one shape")


def _check_weights(
    call: str, mode: str, ws: Any, bs: Any, n_layers: int, directions: int, size: tuple[int, int]
) -> None:
    n, d = 2 * _GATES[mode], size[1]
    lists = (list, tuple)
    if not all(isinstance(v, lists) and all(isinstance(w, lists) for w in v) for v in (ws, bs)):
        raise DtypeError(call, f"ws {describe(ws)}, bs {describe(bs)}", "lists of lists of arrays")
    if len(ws) != n_layers * directions or len(bs) != len(ws):
        raise ShapeError(
            call, f"{len(ws)} lists of weights and {len(bs)} of biases",
            f"{n_layers * directions} of each: one per layer and direction",
        )  # fmt: skip
    for k, (w, b) in enumerate(zip(ws, bs, strict=True)):
        need_arrays(call, **{f"ws[{k}][{j}]": v for j, v in enumerate(w)})
        need_arrays(call, **{f"bs[{k}][{j}]": v for j, v in enumerate(b)})
        n_in = size[0] if k < directions else d * directions
        wanted = [(d, n_in)] * (n // 2) + [(d, d)] * (n // 2)
        if [v.shape for v in w] != wanted:
            got = f"ws[{k}] of shapes {[v.shape for v in w]}"
            raise ShapeError(
                call, got, f"{n // 2} of shape ({d}, {n_in}), then {n // 2} ({d}, {d})"
            )
        if [v.shape for v in b] != [(d,)] * n:
            raise ShapeError(call, f"bs[{k}] of shapes {[v.shape for v in b]}", f"{n} of ({d},)")
        same_dtype(call, w[0], *w, *b)


def n_step_lstm(
    n_layers: int, dropout_ratio: float, hx: Any, cx: Any, ws: Any, bs: Any, xs: Any
) -> tuple[Any, Any, tuple[Any, ...]]:
    r"""A stack of LSTMs over sequences.

    .. math::
        i_t &= \sigma(W_0 x_t + W_4 h_{t-1} + b_0 + b_4) \\
        f_t &= \sigma(W_1 x_t + W_5 h_{t-1} + b_1 + b_5) \\
        a_t &= \tanh(W_2 x_t + W_6 h_{t-1} + b_2 + b_6) \\
        o_t &= \sigma(W_3 x_t + W_7 h_{t-1} + b_3 + b_7) \\
        c_t &= f_t c_{t-1} + i_t a_t, \qquad h_t = o_t \tanh(c_t)

    The outputs of a layer are the inputs of the next.

    Args:
        n_layers: S, the number of layers.
        dropout_ratio: the ratio of dropout between layers, while training.
        hx: first outputs h, array or Variable (S, batch, d).
        cx: first cells c (S, batch, d).
        ws: for each layer, eight weights: four (d, in), where in is d from the second layer on,
            then four (d, d).
        bs: for each layer, eight biases (d,).
        xs: the inputs at each time, each (batch at that time, in). Batches never grow: sort
            sequences by falling length and use ``transpose_sequence``, or the link, which does it.

    Returns:
        The last outputs (S, batch, d), the last cells (S, batch, d), and a tuple with the outputs
        of the last layer at each time, each (batch at that time, d).

    Raises:
        ShapeError: a shape does not fit, or batches grow.
        DtypeError: the dtypes differ or are no floats.

    >>> h, zeros = np.zeros((1, 2, 1)), [[np.zeros(1)] * 8]
    >>> ws = [[np.ones((1, 3))] * 4 + [np.ones((1, 1))] * 4]
    >>> hy, cy, ys = F.n_step_lstm(1, 0.0, h, h, ws, zeros, [np.ones((2, 3)), np.ones((1, 3))])
    >>> [y.shape for y in ys], hy.round(3).ravel()
    ([(2, 1), (1, 1)], array([0.933, 0.704]))

    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; Zaremba et al., "Recurrent Neural
    Network Regularization", 2014, for dropout between layers.
    """
    call = "n_step_lstm(n_layers, dropout_ratio, hx, cx, ws, bs, xs)"
    (hy, cy), ys = _n_step(call, "lstm", n_layers, dropout_ratio, (hx, cx), ws, bs, xs, 1)
    return hy, cy, ys


def n_step_bilstm(
    n_layers: int, dropout_ratio: float, hx: Any, cx: Any, ws: Any, bs: Any, xs: Any
) -> tuple[Any, Any, tuple[Any, ...]]:
    r"""A stack of LSTMs that run over sequences in both directions.

    The formula of each direction is that of ``n_step_lstm``; the outputs of both, joined, are the
    inputs of the next layer.

    Args:
        n_layers: S, the number of layers.
        dropout_ratio: the ratio of dropout between layers, while training.
        hx: first outputs, array or Variable (2 S, batch, d): forward and backward in turn.
        cx: first cells (2 S, batch, d).
        ws: for each layer, forward and backward in turn, eight weights: four (d, in), where in is
            2 d from the second layer on, then four (d, d).
        bs: for each of them, eight biases (d,).
        xs: the inputs at each time, each (batch at that time, in); batches never grow.

    Returns:
        The last outputs and the last cells (2 S, batch, d), and a tuple with the outputs of the
        last layer at each time, each (batch at that time, 2 d).

    Raises:
        ShapeError: a shape does not fit, or batches grow.
        DtypeError: the dtypes differ or are no floats.

    >>> h, zeros = np.zeros((2, 2, 1)), [[np.zeros(1)] * 8] * 2
    >>> ws = [[np.ones((1, 3))] * 4 + [np.ones((1, 1))] * 4] * 2
    >>> hy, cy, ys = F.n_step_bilstm(1, 0.0, h, h, ws, zeros, [np.ones((2, 3)), np.ones((1, 3))])
    >>> [y.shape for y in ys]
    [(2, 2), (1, 2)]

    Graves and Schmidhuber, "Framewise phoneme classification with bidirectional LSTM and other
    neural network architectures", 2005.
    """
    call = "n_step_bilstm(n_layers, dropout_ratio, hx, cx, ws, bs, xs)"
    (hy, cy), ys = _n_step(call, "lstm", n_layers, dropout_ratio, (hx, cx), ws, bs, xs, 2)
    return hy, cy, ys


def n_step_gru(
    n_layers: int, dropout_ratio: float, hx: Any, ws: Any, bs: Any, xs: Any
) -> tuple[Any, tuple[Any, ...]]:
    r"""A stack of gated recurrent units over sequences.

    .. math::
        r_t &= \sigma(W_0 x_t + W_3 h_{t-1} + b_0 + b_3) \\
        z_t &= \sigma(W_1 x_t + W_4 h_{t-1} + b_1 + b_4) \\
        \bar h_t &= \tanh(W_2 x_t + b_2 + r_t (W_5 h_{t-1} + b_5)) \\
        h_t &= (1 - z_t) \bar h_t + z_t h_{t-1}

    Args:
        n_layers: S, the number of layers.
        dropout_ratio: the ratio of dropout between layers, while training.
        hx: first outputs, array or Variable (S, batch, d).
        ws: for each layer, six weights: three (d, in), where in is d from the second layer on, then
            three (d, d).
        bs: for each layer, six biases (d,).
        xs: the inputs at each time, each (batch at that time, in); batches never grow.

    Returns:
        The last outputs (S, batch, d), and a tuple with the outputs of the last layer at each time,
        each (batch at that time, d).

    Raises:
        ShapeError: a shape does not fit, or batches grow.
        DtypeError: the dtypes differ or are no floats.

    >>> ws, bs = [[np.ones((1, 3))] * 3 + [np.ones((1, 1))] * 3], [[np.zeros(1)] * 6]
    >>> hy, ys = F.n_step_gru(1, 0.0, np.zeros((1, 2, 1)), ws, bs, [np.ones((2, 3))])
    >>> hy.round(3).ravel()
    array([0.047, 0.047])

    Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014, with the reset
    gate behind the product as in cuDNN.
    """
    call = "n_step_gru(n_layers, dropout_ratio, hx, ws, bs, xs)"
    (hy,), ys = _n_step(call, "gru", n_layers, dropout_ratio, (hx,), ws, bs, xs, 1)
    return hy, ys


def n_step_bigru(
    n_layers: int, dropout_ratio: float, hx: Any, ws: Any, bs: Any, xs: Any
) -> tuple[Any, tuple[Any, ...]]:
    r"""A stack of gated recurrent units that run over sequences in both directions.

    The formula of each direction is that of ``n_step_gru``; the outputs of both, joined, are the
    inputs of the next layer.

    Args:
        n_layers: S, the number of layers.
        dropout_ratio: the ratio of dropout between layers, while training.
        hx: first outputs, array or Variable (2 S, batch, d): forward and backward in turn.
        ws: for each layer, forward and backward in turn, six weights: three (d, in), where in is
            2 d from the second layer on, then three (d, d).
        bs: for each of them, six biases (d,).
        xs: the inputs at each time, each (batch at that time, in); batches never grow.

    Returns:
        The last outputs (2 S, batch, d), and a tuple with the outputs of the last layer at each
        time, each (batch at that time, 2 d).

    Raises:
        ShapeError: a shape does not fit, or batches grow.
        DtypeError: the dtypes differ or are no floats.

    >>> ws, bs = [[np.ones((1, 1))] * 6] * 2, [[np.zeros(1)] * 6] * 2
    >>> hy, ys = F.n_step_bigru(1, 0.0, np.zeros((2, 2, 1)), ws, bs, [np.ones((2, 1))] * 3)
    >>> hy.shape, ys[0].shape
    ((2, 2, 1), (2, 2))

    Bahdanau et al., "Neural machine translation by jointly learning to align and translate", 2015.
    """
    call = "n_step_bigru(n_layers, dropout_ratio, hx, ws, bs, xs)"
    (hy,), ys = _n_step(call, "gru", n_layers, dropout_ratio, (hx,), ws, bs, xs, 2)
    return hy, ys


def n_step_rnn(
    n_layers: int, dropout_ratio: float, hx: Any, ws: Any, bs: Any, xs: Any,
    activation: str = "tanh",
) -> tuple[Any, tuple[Any, ...]]:  # fmt: skip
    r"""A stack of plain recurrent layers over sequences.

    .. math:: h_t = f(W_0 x_t + W_1 h_{t-1} + b_0 + b_1)

    Args:
        n_layers: S, the number of layers.
        dropout_ratio: the ratio of dropout between layers, while training.
        hx: first outputs, array or Variable (S, batch, d).
        ws: for each layer, two weights: (d, in), where in is d from the second layer on, and
            (d, d).
        bs: for each layer, two biases (d,).
        xs: the inputs at each time, each (batch at that time, in); batches never grow.
        activation: f, ``"tanh"`` or ``"relu"``.

    Returns:
        The last outputs (S, batch, d), and a tuple with the outputs of the last layer at each time,
        each (batch at that time, d).

    Raises:
        ShapeError: a shape does not fit, or batches grow.
        RangeError: the activation is another.
        DtypeError: the dtypes differ or are no floats.

    >>> ws, bs = [[np.ones((1, 1)), np.ones((1, 1))]], [[np.zeros(1)] * 2]
    >>> xs = [np.ones((2, 1)), np.ones((1, 1))]
    >>> hy, ys = F.n_step_rnn(1, 0.0, np.zeros((1, 2, 1)), ws, bs, xs, "relu")
    >>> hy.ravel()
    array([2., 1.])

    Elman, "Finding structure in time", 1990.
    """
    call = "n_step_rnn(n_layers, dropout_ratio, hx, ws, bs, xs, activation)"
    _check_activation(call, activation)
    (hy,), ys = _n_step(call, activation, n_layers, dropout_ratio, (hx,), ws, bs, xs, 1)
    return hy, ys


def n_step_birnn(
    n_layers: int, dropout_ratio: float, hx: Any, ws: Any, bs: Any, xs: Any,
    activation: str = "tanh",
) -> tuple[Any, tuple[Any, ...]]:  # fmt: skip
    r"""A stack of plain recurrent layers that run over sequences in both directions.

    The formula of each direction is that of ``n_step_rnn``; the outputs of both, joined, are the
    inputs of the next layer.

    Args:
        n_layers: S, the number of layers.
        dropout_ratio: the ratio of dropout between layers, while training.
        hx: first outputs, array or Variable (2 S, batch, d): forward and backward in turn.
        ws: for each layer, forward and backward in turn, two weights: (d, in), where in is 2 d from
            the second layer on, and (d, d).
        bs: for each of them, two biases (d,).
        xs: the inputs at each time, each (batch at that time, in); batches never grow.
        activation: f, ``"tanh"`` or ``"relu"``.

    Returns:
        The last outputs (2 S, batch, d), and a tuple with the outputs of the last layer at each
        time, each (batch at that time, 2 d).

    Raises:
        ShapeError: a shape does not fit, or batches grow.
        RangeError: the activation is another.
        DtypeError: the dtypes differ or are no floats.

    >>> ws, bs = [[np.ones((1, 1)), np.ones((1, 1))]] * 2, [[np.zeros(1)] * 2] * 2
    >>> hy, ys = F.n_step_birnn(1, 0.0, np.zeros((2, 1, 1)), ws, bs, [np.ones((1, 1))] * 3, "relu")
    >>> np.concatenate(ys)
    array([[1., 3.],
           [2., 2.],
           [3., 1.]])

    Schuster and Paliwal, "Bidirectional recurrent neural networks", 1997.
    """
    call = "n_step_birnn(n_layers, dropout_ratio, hx, ws, bs, xs, activation)"
    _check_activation(call, activation)
    (hy,), ys = _n_step(call, activation, n_layers, dropout_ratio, (hx,), ws, bs, xs, 2)
    return hy, ys


def _check_activation(call: str, activation: str) -> None:
    if activation not in ("tanh", "relu"):
        raise RangeError(call, f"activation={activation!r}", "'tanh' or 'relu'")
