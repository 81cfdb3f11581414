"""Recurrent layers of other forms: LSTMs over trees, zoneout, minimal gated units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from renkei.core.errors import RangeError, ShapeError, UsageError
from renkei.core.shapes import need_integer, need_number
from renkei.core.variable import Variable, as_variable
from renkei.functions.activation import sigmoid, tanh
from renkei.functions.join_split import concat, split_axis
from renkei.functions.noise import zoneout
from renkei.functions.rnn import lstm, tree_lstm
from renkei.links.linear import Linear
from renkei.links.link import Link
from renkei.links.rnn import _Stateful
from renkei.links.sizes import check_sizes, input_shape

__all__ = [
    "ChildSumTreeLSTM",
    "NaryTreeLSTM",
    "StatefulMGU",
    "StatefulZoneoutLSTM",
    "StatelessMGU",
]


def _check_sizes(link: Link, in_size: Any, out_size: Any) -> None:
    name = type(link).__name__
    check_sizes(name, in_size=in_size, out_size=out_size)
    need_integer(f"{name}(out_size=...)", "out_size", out_size)


def _zeros(like: Any, size: int) -> Variable:
    like = as_variable(like)
    return Variable(like.xp.zeros((like.shape[0], size), like.dtype), requires_grad=False)


class _TreeLSTM(Link):
    """What LSTMs over trees share."""

    _shown: ClassVar[tuple[str, ...]] = ("in_size", "state_size")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size", "state_size")
    W_x: Linear
    state_size: int

    @property
    def in_size(self) -> int | None:
        """The number of input features; None while it is open."""
        return self.W_x.in_size

    def _parted(self, inputs: Sequence[Any]) -> tuple[list[Any], list[Any], Any]:
        """The cells and the outputs of the children, and the input, zeros where it is None."""
        n = len(inputs) // 2
        cs, hs, x = list(inputs[:n]), list(inputs[n:-1]), inputs[-1]
        given = next((v for v in (*cs, *hs) if v is not None), None)
        if x is None:
            call = f"{type(self).__name__}(...)(cs, hs, x)"
            if given is None:
                raise UsageError(f"{call}: all of cs, hs and x are None")
            if self.in_size is None:
                hint = "Give in_size, or a node with an input first."
                raise UsageError(f"{call}: x is None and its size is still open", hint=hint)
            x = _zeros(given, self.in_size)
        return cs, hs, x

    def _padded(self, states: Sequence[Any], x: Any) -> list[Any]:
        zeros = _zeros(x, self.state_size) if any(s is None for s in states) else None
        return [zeros if s is None else s for s in states]


class ChildSumTreeLSTM(_TreeLSTM):
    r"""An LSTM over trees whose nodes have any number of children, in no order.

    .. math::
        (a, i, o) &= \text{parts of } W_x x + W_{aio} \sum_k h_k, \qquad
        f_k = W_{xf} x + W_f h_k \\
        c &= \tanh(a) \, \sigma(i) + \sum_k c_k \, \sigma(f_k), \qquad h = \tanh(c) \, \sigma(o)

    Tai et al., "Improved semantic representations from tree-structured long short-term memory
    networks" (2015).

    Args:
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of ``c`` and ``h``.

    >>> tree = L.ChildSumTreeLSTM(3, 2)
    >>> x = np.ones((1, 3), np.float32)
    >>> (c1, h1), (c2, h2) = tree(x), tree(x)  # leaves
    >>> c, h = tree(c1, c2, h1, h2, x)
    >>> c.shape, h.shape
    ((1, 2), (1, 2))
    """

    def __init__(self, in_size: int | None, out_size: int) -> None:
        super().__init__()
        _check_sizes(self, in_size, out_size)
        self.state_size = out_size
        self.W_x = Linear(in_size, 4 * out_size)
        self.W_h_aio = Linear(out_size, 3 * out_size, nobias=True)
        self.W_h_f = Linear(out_size, out_size, nobias=True)

    def forward(self, *cshsx: Any) -> tuple[Variable, Variable]:
        r"""Computes a node.

        Args:
            cshsx: the cells of the children (batch, out_size), then their outputs, then the input
                (batch, in_size). None stands for zeros. A leaf has the input alone.

        Returns:
            The node's cell and its output, each (batch, out_size).

        Raises:
            ShapeError: there are more cells than outputs, or fewer.
            UsageError: everything is None.
        """
        if len(cshsx) % 2 != 1:
            call, got = "ChildSumTreeLSTM(...)(cs, hs, x)", f"{len(cshsx)} arguments"
            raise ShapeError(call, got, "a cell and an output of each child, and an input")
        cs, hs, x = self._parted(cshsx)
        of_x = self.W_x(x)
        if not hs:
            a, i, o, _ = split_axis(of_x, 4, axis=1)
            c = sigmoid(i) * tanh(a)
            return c, sigmoid(o) * tanh(c)
        aio, f = split_axis(of_x, [3 * self.state_size], axis=1)
        hs, cs = self._padded(hs, x), self._padded(cs, x)
        total = hs[0]
        for h in hs[1:]:
            total = total + h
        gates = [aio + self.W_h_aio(total), *(f + self.W_h_f(h) for h in hs)]
        return tree_lstm(*cs, concat(gates, axis=1))


class NaryTreeLSTM(_TreeLSTM):
    r"""An LSTM over trees whose nodes have N children in order, each with weights of its own.

    .. math::
        (a, i, o, f_1, ..., f_N) &= \text{parts of } W_x x + \sum_k W_{h_k} h_k \\
        c &= \tanh(a) \, \sigma(i) + \sum_k c_k \, \sigma(f_k), \qquad h = \tanh(c) \, \sigma(o)

    Tai et al., "Improved semantic representations from tree-structured long short-term memory
    networks" (2015).

    Args:
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of ``c`` and ``h``.
        n_ary: N, the number of children.

    Raises:
        RangeError: ``n_ary`` is less than 1.

    >>> tree = L.NaryTreeLSTM(3, 2, n_ary=2)
    >>> x = np.ones((1, 3), np.float32)
    >>> c1, h1 = tree(None, None, None, None, x)  # a leaf
    >>> c, h = tree(c1, None, h1, None, x)  # a node without a second child
    >>> c.shape, h.shape
    ((1, 2), (1, 2))
    """

    def __init__(self, in_size: int | None, out_size: int, n_ary: int = 2) -> None:
        super().__init__()
        _check_sizes(self, in_size, out_size)
        if need_integer("NaryTreeLSTM(n_ary=...)", "n_ary", n_ary) < 1:
            raise RangeError("NaryTreeLSTM(n_ary=...)", str(n_ary), "1 child or more")
        self.state_size, self.n_ary = out_size, n_ary
        self.W_x = Linear(in_size, (3 + n_ary) * out_size)
        for k in range(1, n_ary + 1):
            setattr(self, f"W_h{k}", Linear(out_size, (3 + n_ary) * out_size, nobias=True))

    def forward(self, *cshsx: Any) -> tuple[Variable, Variable]:
        r"""Computes a node.

        Args:
            cshsx: N cells of the children (batch, out_size), then their N outputs, then the input
                (batch, in_size). None stands for zeros, and for a child that is not there.

        Returns:
            The node's cell and its output, each (batch, out_size).

        Raises:
            ShapeError: there are not 2 N + 1 arguments.
            UsageError: everything is None.
        """
        if len(cshsx) != 2 * self.n_ary + 1:
            expected = f"{self.n_ary} cells, {self.n_ary} outputs and an input"
            raise ShapeError("NaryTreeLSTM(...)(cs, hs, x)", f"{len(cshsx)} arguments", expected)
        cs, hs, x = self._parted(cshsx)
        gates = self.W_x(x)
        for k, h in enumerate(hs, start=1):
            if h is not None:
                gates = gates + getattr(self, f"W_h{k}")(h)
        return tree_lstm(*self._padded(cs, x), gates)


class StatefulZoneoutLSTM(_Stateful):
    r"""An LSTM that keeps parts of its state at random while training; keeps state between calls.

    A step is that of ``LSTM``; then each element of the old cell stays with probability
    ``c_ratio``, and each of the old output with probability ``h_ratio``.

    Krueger et al., "Zoneout: regularizing RNNs by randomly preserving hidden activations" (2016).

    Args:
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of ``c`` and ``h``.
        c_ratio: the probability that an element of the cell stays, in [0, 1).
        h_ratio: the probability that an element of the output stays, in [0, 1).

    Raises:
        RangeError: a ratio is not in [0, 1).

    >>> rnn = L.StatefulZoneoutLSTM(3, 2)
    >>> rnn(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    _shown: ClassVar[tuple[str, ...]] = ("in_size", "out_size", "c_ratio", "h_ratio")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size", "out_size")
    _kept: ClassVar[tuple[str, ...]] = ("c", "h")
    c: Variable | None = None
    h: Variable | None = None

    def __init__(
        self, in_size: int | None, out_size: int, c_ratio: float = 0.5, h_ratio: float = 0.5
    ) -> None:
        super().__init__()
        _check_sizes(self, in_size, out_size)
        for name, ratio in (("c_ratio", c_ratio), ("h_ratio", h_ratio)):
            call = f"StatefulZoneoutLSTM({name}=...)"
            need_number(call, name, ratio)
            if not 0 <= ratio < 1:
                raise RangeError(call, str(ratio), "a number in the range [0, 1)")
        self.state_size, self.c_ratio, self.h_ratio = out_size, c_ratio, h_ratio
        self.upward = Linear(in_size, 4 * out_size)
        self.lateral = Linear(out_size, 4 * out_size, nobias=True)

    @property
    def in_size(self) -> int | None:
        """The number of input features; None while it is open."""
        return self.upward.in_size

    @property
    def out_size(self) -> int:
        """The size of ``c`` and ``h``."""
        return self.state_size

    def set_state(self, c: Any, h: Any) -> None:
        """Sets the cell and the output (batch, out_size) that the next step begins with."""
        self._set(c=c, h=h)

    def forward(self, x: Any) -> Variable:
        """Takes one step: x (batch, in_size), y (batch, out_size)."""
        gates = self.upward(x)
        if self.h is not None:
            gates = gates + self.lateral(self.h)
        before_c, before_h = (
            _zeros(gates, self.state_size) if v is None else v for v in (self.c, self.h)
        )
        c, h = lstm(before_c, gates)
        self.c = zoneout(before_c, c, self.c_ratio)
        self.h = y = zoneout(before_h, h, self.h_ratio)
        return y


class StatelessMGU(Link):
    r"""One step of a minimal gated unit: ``h = mgu(h, x)``.

    .. math::
        f = \sigma(W_f [h; x] + b_f), \qquad \bar h = \tanh(W_h [f h; x] + b_h), \qquad
        h' = f \bar h + (1 - f) h

    Zhou et al., "Minimal gated unit for recurrent neural networks" (2016).

    Args:
        n_inputs: the number of input features; None: taken from the first input.
        n_units: the size of ``h``.

    >>> mgu = L.StatelessMGU(3, 2)
    >>> mgu(np.zeros((5, 2), np.float32), np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    _shown: ClassVar[tuple[str, ...]] = ("in_size", "out_size")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size", "out_size")

    def __init__(self, n_inputs: int | None, n_units: int) -> None:
        super().__init__()
        _check_sizes(self, n_inputs, n_units)
        self.state_size = n_units
        joined = None if n_inputs is None else n_inputs + n_units
        self.W_f = Linear(joined, n_units)
        self.W_h = Linear(joined, n_units)

    @property
    def in_size(self) -> int | None:
        """The number of input features; None while it is open."""
        joined = self.W_f.in_size
        return None if joined is None else joined - self.state_size

    @property
    def out_size(self) -> int:
        """The size of ``h``."""
        return self.state_size

    def forward(self, h: Any, x: Any) -> Variable:
        r"""Takes one step.

        Args:
            h: the output of the step before (batch, n_units); None: zeros.
            x: the input (batch, n_inputs).

        Returns:
            Variable (batch, n_units).
        """
        input_shape(f"{type(self).__name__}(...)(x)", x, 2, "batch and features")
        h = _zeros(x, self.state_size) if h is None else as_variable(h)
        f = sigmoid(self.W_f(concat([h, x], axis=1)))
        new = tanh(self.W_h(concat([f * h, x], axis=1)))
        return h + f * (new - h)


class StatefulMGU(_Stateful, StatelessMGU):
    r"""A minimal gated unit that keeps its output ``h`` between calls.

    The formula is that of ``StatelessMGU``. The first call begins with zeros; ``reset_state``
    begins a new sequence.

    Zhou et al., "Minimal gated unit for recurrent neural networks" (2016).

    Args:
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of ``h``.

    >>> mgu = L.StatefulMGU(3, 2)
    >>> y = mgu(np.ones((5, 3), np.float32))
    >>> mgu.h is y
    True
    """

    h: Variable | None = None

    def __init__(self, in_size: int | None, out_size: int) -> None:
        super().__init__(in_size, out_size)

    def set_state(self, h: Any) -> None:
        """Sets the output (batch, out_size) that the next step begins with."""
        self._set(h=h)

    def forward(self, x: Any) -> Variable:  # type: ignore[override]
        """Takes one step: x (batch, in_size), y (batch, out_size)."""
        self.h = y = StatelessMGU.forward(self, self.h, x)
        return y
