"""Stacked recurrent networks over lists of sequences: LSTM, GRU and plain ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.parameter import Parameter
from renkei.core.shapes import need_arrays, need_integer, need_number
from renkei.core.variable import Variable, as_variable
from renkei.functions.indexing import Permutate
from renkei.functions.join_split import concat, split_axis
from renkei.functions.n_step import run_stack
from renkei.functions.noise import dropout
from renkei.initializers import get_initializer
from renkei.links.chain import ChainList
from renkei.links.link import Link
from renkei.links.sizes import check_sizes

__all__ = [
    "NStepBiGRU",
    "NStepBiLSTM",
    "NStepBiRNNReLU",
    "NStepBiRNNTanh",
    "NStepGRU",
    "NStepLSTM",
    "NStepRNNReLU",
    "NStepRNNTanh",
]


_MOST_LAYERS = 10_000


class _Packing:
    """How a list of sequences becomes a packed batch, longest first, and what comes back."""

    def __init__(self, call: str, xs: Any) -> None:
        if not isinstance(xs, (list, tuple)) or not xs:
            got = "an empty list" if isinstance(xs, (list, tuple)) else describe(xs)
            raise DtypeError(call, f"xs: {got}", "a list of sequences, each (length, in_size)")
        for i, x in enumerate(xs):
            if getattr(x, "ndim", 0) != 2 or x.shape[1] != xs[0].shape[1]:
                got = f"xs[{i}] {getattr(x, 'shape', describe(x))}"
                raise ShapeError(call, got, "sequences of shape (length, in_size)")
        self.lengths = [x.shape[0] for x in xs]
        self.order = np.argsort(np.negative(self.lengths), kind="stable")
        lengths = np.array(self.lengths)
        self.sizes = tuple(int((lengths > t).sum()) for t in range(max(self.lengths)))
        starts = (np.cumsum(lengths) - lengths)[self.order]
        rows = [starts[:n] + t for t, n in enumerate(self.sizes)]
        self.rows = np.concatenate(rows) if rows else np.zeros(0, np.int64)
        self.xs = tuple(as_variable(x) for x in xs)
        self.xp = self.xs[0].xp

    def packed(self) -> Any:
        joined = self.xs[0] if len(self.xs) == 1 else concat(self.xs, axis=0)
        return Permutate(0, False)(joined, self.xp.asarray(self.rows))

    def unpacked(self, y: Any) -> list[Any]:
        y = Permutate(0, True)(y, self.xp.asarray(self.rows))
        ends = [int(end) for end in np.cumsum(self.lengths)[:-1]]
        return list(split_axis(y, ends, axis=0)) if ends else [y]

    def sorted(self, state: Any, inv: bool = False) -> Any:
        """A state (layers, batch, d) in the order of falling length, or back in the list's."""
        if (self.order[1:] > self.order[:-1]).all():
            return state
        return Permutate(1, inv)(state, self.xp.asarray(self.order))


class _NStep(ChainList):
    """What the stacks share. ``/0``, ``/1`` ...: the weights w0, b0, w1 ... of each layer and
    direction."""

    _shown: ClassVar[tuple[str, ...]] = ("n_layers", "in_size", "out_size", "dropout")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size", "out_size")
    _mode: ClassVar[str]
    n_weights: ClassVar[int]
    use_bi_direction: ClassVar[bool]
    n_cells: ClassVar[int] = 1
    _drop = staticmethod(dropout)

    def __init__(
        self,
        n_layers: int,
        in_size: int | None,
        out_size: int,
        dropout: float,
        *,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        check_sizes(name, n_layers=n_layers, in_size=in_size, out_size=out_size)
        for key, size in (("n_layers", n_layers), ("out_size", out_size)):
            need_integer(f"{name}({key}=...)", key, size)
        if n_layers > _MOST_LAYERS:  # they would be made until memory ends
            raise RangeError(f"{name}(n_layers=...)", str(n_layers), f"at most {_MOST_LAYERS}")
        need_number(f"{name}(dropout=...)", "dropout", dropout)
        if not 0 <= dropout < 1:
            raise RangeError(f"{name}(dropout=...)", str(dropout), "a ratio in the range [0, 1)")
        self.n_layers, self.out_size, self.dropout = n_layers, out_size, dropout
        self.direction = 2 if self.use_bi_direction else 1
        W, b = get_initializer(initialW), get_initializer(initial_bias, 0)
        for k in range(n_layers * self.direction):
            n_in = in_size if k < self.direction else out_size * self.direction
            self.append(self._layer(W, b, n_in))

    def _layer(self, W: Any, b: Any, n_in: int | None) -> Link:
        layer = Link()
        for j in range(self.n_weights):
            columns = n_in if j < self.n_weights // 2 else self.out_size
            shape = None if columns is None else (self.out_size, columns)
            setattr(layer, f"w{j}", Parameter(W, shape))
            setattr(layer, f"b{j}", Parameter(b, self.out_size))
        return layer

    @property
    def in_size(self) -> int | None:
        """The number of input features; None while it is open."""
        if not len(self):
            return None
        first = self[0].w0
        return first.shape[1] if first.is_initialized else None

    @property
    def ws(self) -> list[list[Parameter]]:
        """The weights of each layer and direction."""
        return [[getattr(layer, f"w{j}") for j in range(self.n_weights)] for layer in self]

    @property
    def bs(self) -> list[list[Parameter]]:
        """The biases of each layer and direction."""
        return [[getattr(layer, f"b{j}") for j in range(self.n_weights)] for layer in self]

    def init_hx(self, xs: Sequence[Any]) -> Variable:
        """Zeros (layers * directions, batch, out_size) for a list of sequences."""
        first = as_variable(xs[0])
        shape = (self.n_layers * self.direction, len(xs), self.out_size)
        return Variable(first.xp.zeros(shape, first.dtype), requires_grad=False)

    def _fill(self, n_in: int) -> None:
        for layer in list(self)[: self.direction]:
            for j in range(self.n_weights // 2):
                weight = getattr(layer, f"w{j}")
                if not weight.is_initialized:
                    weight.initialize((self.out_size, n_in))

    def _run(self, states: Sequence[Any], xs: Any) -> tuple[tuple[Any, ...], list[Any]]:
        call = f"{type(self).__name__}(...)({'hx, cx, xs' if len(states) > 1 else 'hx, xs'})"
        packing = _Packing(call, xs)
        self._fill(packing.xs[0].shape[1])
        shape = (self.n_layers * self.direction, len(xs), self.out_size)
        ready = []
        for name, state in zip(("hx", "cx"), states):
            if state is not None:
                need_arrays(call, **{name: state})
            if state is not None and state.shape != shape:
                raise ShapeError(call, f"{name} {state.shape}", f"{name} of shape {shape}")
            zeros = state is None
            ready.append(self.init_hx(packing.xs) if zeros else packing.sorted(as_variable(state)))
        last, y = run_stack(
            self._mode, self.n_layers, self.dropout, ready, self.ws, self.bs,
            packing.packed(), packing.sizes, self.direction, self._drop,
        )  # fmt: skip
        return tuple(packing.sorted(s, inv=True) for s in last), packing.unpacked(y)

    def forward(self, hx: Any, xs: Sequence[Any]) -> tuple[Any, ...]:
        r"""Runs over sequences of any lengths, in any order.

        Args:
            hx: first outputs (layers * directions, batch, out_size); None: zeros.
            xs: a list of arrays or Variables, each (its length, in_size).

        Returns:
            The last outputs, of the shape of ``hx``, and a list with the outputs of the last layer
            for each sequence, each (its length, out_size * directions).

        Raises:
            ShapeError: a shape does not fit.
        """
        (hy,), ys = self._run([hx], xs)
        return hy, ys


class _NStepLSTM(_NStep):
    """What LSTMs in one and two directions share."""

    _mode = "lstm"
    n_weights = 8
    n_cells = 2

    def forward(self, hx: Any, cx: Any, xs: Sequence[Any]) -> tuple[Any, ...]:  # type: ignore[override]
        r"""Runs over sequences of any lengths, in any order.

        Args:
            hx: first outputs (layers * directions, batch, out_size); None: zeros.
            cx: first cells, of the same shape; None: zeros.
            xs: a list of arrays or Variables, each (its length, in_size).

        Returns:
            The last outputs and the last cells, of the shape of ``hx``, and a list with the outputs
            of the last layer for each sequence, each (its length, out_size * directions).

        Raises:
            ShapeError: a shape does not fit.
        """
        (hy, cy), ys = self._run([hx, cx], xs)
        return hy, cy, ys


class NStepLSTM(_NStepLSTM):
    r"""A stack of LSTMs over sequences.

    The formula is that of ``F.n_step_lstm``: gates i, f, o and the input a have the weights
    w0, w1, w3 and w2 for inputs, w4, w5, w7 and w6 for states. ``lstm(hx, cx, xs)`` returns
    the last outputs, the last cells and the outputs at all times.

    Sequences may have any lengths and come in any order. All inputs of a layer meet its weights in
    one product.

    Hochreiter and Schmidhuber, "Long short-term memory" (1997).

    Args:
        n_layers: the number of layers.
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of outputs and cells.
        dropout: the ratio of dropout between layers, while training.
        initialW: what fills each weight; None: LeCunNormal.
        initial_bias: what fills each bias; None: zeros.

    Raises:
        RangeError: ``dropout`` is not in [0, 1), or a size is negative.

    >>> rnn = L.NStepLSTM(2, 3, 5, 0.0)
    >>> xs = [np.ones((length, 3), np.float32) for length in (2, 4)]
    >>> hy, cy, ys = rnn(None, None, xs)
    >>> hy.shape, [y.shape for y in ys]
    ((2, 2, 5), [(2, 5), (4, 5)])
    """

    use_bi_direction = False


class NStepBiLSTM(_NStepLSTM):
    r"""A stack of LSTMs that run over sequences in both directions.

    The formula is that of ``F.n_step_lstm``: gates i, f, o and the input a have the weights
    w0, w1, w3 and w2 for inputs, w4, w5, w7 and w6 for states. ``lstm(hx, cx, xs)`` returns
    the last outputs, the last cells and the outputs at all times.

    The outputs of both directions, joined, are the inputs of the next layer.

    Sequences may have any lengths and come in any order. All inputs of a layer meet its weights in
    one product.

    Graves and Schmidhuber, "Framewise phoneme classification with bidirectional LSTM" (2005).

    Args:
        n_layers: the number of layers.
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of outputs and cells.
        dropout: the ratio of dropout between layers, while training.
        initialW: what fills each weight; None: LeCunNormal.
        initial_bias: what fills each bias; None: zeros.

    Raises:
        RangeError: ``dropout`` is not in [0, 1), or a size is negative.

    >>> rnn = L.NStepBiLSTM(2, 3, 5, 0.0)
    >>> xs = [np.ones((length, 3), np.float32) for length in (2, 4)]
    >>> hy, cy, ys = rnn(None, None, xs)
    >>> hy.shape, [y.shape for y in ys]
    ((4, 2, 5), [(2, 10), (4, 10)])
    """

    use_bi_direction = True


class NStepGRU(_NStep):
    r"""A stack of gated recurrent units over sequences.

    The formula is that of ``F.n_step_gru``: gates r and z and the candidate have the weights w0, w1
    and w2 for inputs, w3, w4 and w5 for states. ``gru(hx, xs)`` returns the last outputs and
    those at all times.

    Sequences may have any lengths and come in any order. All inputs of a layer meet its weights in
    one product.

    Cho et al., "Learning phrase representations using RNN encoder-decoder" (2014).

    Args:
        n_layers: the number of layers.
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of outputs.
        dropout: the ratio of dropout between layers, while training.
        initialW: what fills each weight; None: LeCunNormal.
        initial_bias: what fills each bias; None: zeros.

    Raises:
        RangeError: ``dropout`` is not in [0, 1), or a size is negative.

    >>> rnn = L.NStepGRU(2, 3, 5, 0.0)
    >>> xs = [np.ones((length, 3), np.float32) for length in (2, 4)]
    >>> hy, ys = rnn(None, xs)
    >>> hy.shape, [y.shape for y in ys]
    ((2, 2, 5), [(2, 5), (4, 5)])
    """

    _mode = "gru"
    n_weights = 6
    use_bi_direction = False


class NStepBiGRU(_NStep):
    r"""A stack of gated recurrent units that run in both directions.

    The formula is that of ``F.n_step_gru``: gates r and z and the candidate have the weights w0, w1
    and w2 for inputs, w3, w4 and w5 for states. ``gru(hx, xs)`` returns the last outputs and
    those at all times.

    The outputs of both directions, joined, are the inputs of the next layer.

    Sequences may have any lengths and come in any order. All inputs of a layer meet its weights in
    one product.

    Cho et al., "Learning phrase representations using RNN encoder-decoder" (2014).

    Args:
        n_layers: the number of layers.
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of outputs.
        dropout: the ratio of dropout between layers, while training.
        initialW: what fills each weight; None: LeCunNormal.
        initial_bias: what fills each bias; None: zeros.

    Raises:
        RangeError: ``dropout`` is not in [0, 1), or a size is negative.

    >>> rnn = L.NStepBiGRU(2, 3, 5, 0.0)
    >>> xs = [np.ones((length, 3), np.float32) for length in (2, 4)]
    >>> hy, ys = rnn(None, xs)
    >>> hy.shape, [y.shape for y in ys]
    ((4, 2, 5), [(2, 10), (4, 10)])
    """

    _mode = "gru"
    n_weights = 6
    use_bi_direction = True


class NStepRNNTanh(_NStep):
    r"""A stack of plain recurrent layers with tanh.

    :math:`h_t = \tanh(w_0 x_t + w_1 h_{t-1} + b_0 + b_1)`.

    ``rnn(hx, xs)`` returns the last outputs and those at all times.

    Sequences may have any lengths and come in any order. All inputs of a layer meet its weights in
    one product.

    Elman, "Finding structure in time" (1990).

    Args:
        n_layers: the number of layers.
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of outputs.
        dropout: the ratio of dropout between layers, while training.
        initialW: what fills each weight; None: LeCunNormal.
        initial_bias: what fills each bias; None: zeros.

    Raises:
        RangeError: ``dropout`` is not in [0, 1), or a size is negative.

    >>> rnn = L.NStepRNNTanh(2, 3, 5, 0.0)
    >>> xs = [np.ones((length, 3), np.float32) for length in (2, 4)]
    >>> hy, ys = rnn(None, xs)
    >>> hy.shape, [y.shape for y in ys]
    ((2, 2, 5), [(2, 5), (4, 5)])
    """

    _mode = "tanh"
    n_weights = 2
    use_bi_direction = False


class NStepBiRNNTanh(_NStep):
    r"""A stack of plain recurrent layers with tanh, in both directions.

    :math:`h_t = \tanh(w_0 x_t + w_1 h_{t-1} + b_0 + b_1)`.

    ``rnn(hx, xs)`` returns the last outputs and those at all times.

    The outputs of both directions, joined, are the inputs of the next layer.

    Sequences may have any lengths and come in any order. All inputs of a layer meet its weights in
    one product.

    Schuster and Paliwal, "Bidirectional recurrent neural networks" (1997).

    Args:
        n_layers: the number of layers.
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of outputs.
        dropout: the ratio of dropout between layers, while training.
        initialW: what fills each weight; None: LeCunNormal.
        initial_bias: what fills each bias; None: zeros.

    Raises:
        RangeError: ``dropout`` is not in [0, 1), or a size is negative.

    >>> rnn = L.NStepBiRNNTanh(2, 3, 5, 0.0)
    >>> xs = [np.ones((length, 3), np.float32) for length in (2, 4)]
    >>> hy, ys = rnn(None, xs)
    >>> hy.shape, [y.shape for y in ys]
    ((4, 2, 5), [(2, 10), (4, 10)])
    """

    _mode = "tanh"
    n_weights = 2
    use_bi_direction = True


class NStepRNNReLU(_NStep):
    r"""A stack of plain recurrent layers with relu.

    :math:`h_t = \mathrm{relu}(w_0 x_t + w_1 h_{t-1} + b_0 + b_1)`.

    ``rnn(hx, xs)`` returns the last outputs and those at all times.

    Sequences may have any lengths and come in any order. All inputs of a layer meet its weights in
    one product.

    Elman, "Finding structure in time" (1990).

    Args:
        n_layers: the number of layers.
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of outputs.
        dropout: the ratio of dropout between layers, while training.
        initialW: what fills each weight; None: LeCunNormal.
        initial_bias: what fills each bias; None: zeros.

    Raises:
        RangeError: ``dropout`` is not in [0, 1), or a size is negative.

    >>> rnn = L.NStepRNNReLU(2, 3, 5, 0.0)
    >>> xs = [np.ones((length, 3), np.float32) for length in (2, 4)]
    >>> hy, ys = rnn(None, xs)
    >>> hy.shape, [y.shape for y in ys]
    ((2, 2, 5), [(2, 5), (4, 5)])
    """

    _mode = "relu"
    n_weights = 2
    use_bi_direction = False


class NStepBiRNNReLU(_NStep):
    r"""A stack of plain recurrent layers with relu, in both directions.

    :math:`h_t = \mathrm{relu}(w_0 x_t + w_1 h_{t-1} + b_0 + b_1)`.

    ``rnn(hx, xs)`` returns the last outputs and those at all times.

    The outputs of both directions, joined, are the inputs of the next layer.

    Sequences may have any lengths and come in any order. All inputs of a layer meet its weights in
    one product.

    Schuster and Paliwal, "Bidirectional recurrent neural networks" (1997).

    Args:
        n_layers: the number of layers.
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of outputs.
        dropout: the ratio of dropout between layers, while training.
        initialW: what fills each weight; None: LeCunNormal.
        initial_bias: what fills each bias; None: zeros.

    Raises:
        RangeError: ``dropout`` is not in [0, 1), or a size is negative.

    >>> rnn = L.NStepBiRNNReLU(2, 3, 5, 0.0)
    >>> xs = [np.ones((length, 3), np.float32) for length in (2, 4)]
    >>> hy, ys = rnn(None, xs)
    >>> hy.shape, [y.shape for y in ys]
    ((4, 2, 5), [(2, 10), (4, 10)])
    """

    _mode = "relu"
    n_weights = 2
    use_bi_direction = True
