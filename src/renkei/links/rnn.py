"""Recurrent layers: one step of LSTM and GRU, with the state outside or kept by the link."""

from __future__ import annotations

from typing import Any, ClassVar

from renkei.core.errors import ShapeError
from renkei.core.variable import Variable, as_variable
from renkei.functions.activation import sigmoid, tanh
from renkei.functions.join_split import concat
from renkei.functions.rnn import lstm
from renkei.functions.shape import reshape
from renkei.initializers import Initializer, get_initializer
from renkei.links.linear import Linear
from renkei.links.link import Link
from renkei.links.sizes import check_sizes

__all__ = [
    "GRU",
    "LSTM",
    "StatefulGRU",
    "StatefulPeepholeLSTM",
    "StatelessGRU",
    "StatelessLSTM",
]


class _Blocks(Initializer):
    """Fills the four blocks of a weight (4 n, m) one by one, each as a weight of its own."""

    def __init__(self, fill: Any) -> None:
        super().__init__(getattr(fill, "dtype", None))
        self.fill = fill

    def __call__(self, array: Any) -> None:
        size = len(array) // 4
        for start in range(0, 4 * size, size):
            self.fill(array[start : start + size])


class _Gates(Initializer):
    """Fills a bias (4 n,), whose gates a, i, f, o stand in turn, the forget gate differently."""

    def __init__(self, fill: Any, forget: Any) -> None:
        super().__init__(getattr(fill, "dtype", None))
        self.fills = (fill, fill, forget, fill)

    def __call__(self, array: Any) -> None:
        for gate, fill in enumerate(self.fills):
            fill(array[gate::4])


def _state_zeros(x: Any, size: int) -> Any:
    x = as_variable(x)
    return x.xp.zeros((x.shape[0], size), x.dtype)


class StatelessLSTM(Link):
    r"""One step of a long short-term memory: ``c, h = lstm(c, h, x)``.

    :math:`(a, i, f, o)` are the parts of :math:`W x + U h + b`, and
    :math:`c' = \tanh(a)\, \sigma(i) + c\, \sigma(f)`, :math:`h' = \tanh(c')\, \sigma(o)`.

    Gers et al., "Learning to forget: continual prediction with LSTM" (2000).

    Args:
        in_size: the number of input features; None: taken from the first input. ``LSTM(10)`` is
            ``LSTM(None, 10)``.
        out_size: the size of ``c`` and ``h``.
        lateral_init: what fills each of the four blocks of ``lateral.W``; None: LeCunNormal.
        upward_init: what fills each of the four blocks of ``upward.W``; None: LeCunNormal.
        bias_init: what fills the biases of a, i and o; None: zeros.
        forget_bias_init: what fills the bias of f; None: ones.

    >>> lstm = L.StatelessLSTM(3, 2)
    >>> c, h = lstm(None, None, np.ones((5, 3), np.float32))
    >>> c.shape, h.shape
    ((5, 2), (5, 2))
    """

    _shown: ClassVar[tuple[str, ...]] = ("in_size", "out_size")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size", "out_size")

    def __init__(
        self,
        in_size: int | None,
        out_size: int | None = None,
        lateral_init: Any = None,
        upward_init: Any = None,
        bias_init: Any = None,
        forget_bias_init: Any = None,
    ) -> None:
        super().__init__()
        if out_size is None:
            in_size, out_size = None, in_size
        size: int = out_size  # type: ignore[assignment]
        upward = _Blocks(get_initializer(upward_init))
        lateral = _Blocks(get_initializer(lateral_init))
        bias = _Gates(get_initializer(bias_init, 0), get_initializer(forget_bias_init, 1))
        self.state_size = size
        self.upward = Linear(in_size, 4 * size, initialW=upward, initial_bias=bias)
        self.lateral = Linear(size, 4 * size, nobias=True, initialW=lateral)

    @property
    def in_size(self) -> int | None:
        """The number of input features; None while it is open."""
        return self.upward.in_size

    @property
    def out_size(self) -> int:
        """The size of ``c`` and ``h``."""
        return self.state_size

    def forward(self, c: Any, h: Any, x: Any) -> tuple[Variable, Variable]:
        r"""Takes one step.

        Args:
            c: the cell (batch, out_size), or None for zeros.
            h: the output of the step before (batch, out_size), or None for zeros.
            x: the input (batch, in_size).

        Returns:
            The new cell and the new output.
        """
        gates = self.upward(x)
        if h is not None:
            gates = gates + self.lateral(h)
        if c is None:
            c = _state_zeros(gates, self.state_size)
        return lstm(c, gates)


class _Stateful(Link):
    """What links that keep ``h``, and perhaps ``c``, between calls have in common."""

    _kept: ClassVar[tuple[str, ...]] = ("h",)

    def reset_state(self) -> None:
        """Forgets the state: the next input begins a new sequence."""
        for name in self._kept:
            setattr(self, name, None)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            kept = as_variable(value)
            if kept.device != self.device:
                kept = Variable(self.device.send(kept.array))
            setattr(self, name, kept)

    def _move(self, device: Any) -> None:
        super()._move(device)
        for name in self._kept:
            value = getattr(self, name)
            if value is not None:
                value.to_device(device)


class LSTM(_Stateful, StatelessLSTM):
    r"""A long short-term memory that keeps its state ``c`` and ``h`` between calls.

    The first call begins with zeros; ``reset_state`` begins a new sequence. Batches may become
    shorter from step to step, when sequences are sorted by falling length: the states of those that
    have ended stay.

    Gers et al., "Learning to forget: continual prediction with LSTM" (2000).

    Args:
        in_size: the number of input features; None: taken from the first input. ``LSTM(10)`` is
            ``LSTM(None, 10)``.
        out_size: the size of ``c`` and ``h``.
        lateral_init: what fills each of the four blocks of ``lateral.W``; None: LeCunNormal.
        upward_init: what fills each of the four blocks of ``upward.W``; None: LeCunNormal.
        bias_init: what fills the biases of a, i and o; None: zeros.
        forget_bias_init: what fills the bias of f; None: ones.

    >>> lstm = L.LSTM(3, 2)
    >>> x = np.ones((5, 3), np.float32)
    >>> y1, y2 = lstm(x), lstm(x)
    >>> lstm.h is y2
    True
    >>> lstm.reset_state()
    >>> bool((lstm(x).array == y1.array).all())
    True
    """

    _kept: ClassVar[tuple[str, ...]] = ("c", "h")
    c: Variable | None = None
    h: Variable | None = None

    def set_state(self, c: Any, h: Any) -> None:
        """Sets the cell and the output (batch, out_size) that the next step begins with."""
        self._set(c=c, h=h)

    def forward(self, x: Any) -> Variable:  # type: ignore[override]
        r"""Takes one step.

        Args:
            x: the input (batch, in_size).

        Returns:
            Variable (batch, out_size).

        Raises:
            ShapeError: the batch is larger than that of the state.
        """
        gates, n = self.upward(x), len(x)
        h: Any = self.h
        if h is not None:
            if len(h) < n:
                raise ShapeError(
                    "LSTM(...)(x)",
                    f"x {x.shape} after a state of batch size {len(h)}",
                    "a batch no larger than the one before",
                    "Sort sequences by falling length; call reset_state() between batches.",
                )
            gates = gates + self.lateral(h if len(h) == n else h[:n])
        c = _state_zeros(gates, self.state_size) if self.c is None else self.c
        self.c, y = lstm(c, gates)
        self.h = y if h is None or len(h) == n else concat([y, h[n:]], axis=0)
        return y


class StatefulPeepholeLSTM(_Stateful):
    r"""An LSTM whose gates also see the cell; keeps its state between calls.

    :math:`(a, i, f, o)` are the parts of :math:`W x + U h + b`, and
    :math:`c' = \tanh(a)\, \sigma(i + P_i c) + c\, \sigma(f + P_f c)`,
    :math:`h' = \tanh(c')\, \sigma(o + P_o c')`.

    Gers et al., "Learning precise timing with LSTM recurrent networks" (2002).

    Args:
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of ``c`` and ``h``.

    >>> lstm = L.StatefulPeepholeLSTM(3, 2)
    >>> lstm(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    _shown: ClassVar[tuple[str, ...]] = ("in_size", "out_size")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size", "out_size")
    _kept: ClassVar[tuple[str, ...]] = ("c", "h")
    c: Variable | None = None
    h: Variable | None = None

    def __init__(self, in_size: int | None, out_size: int) -> None:
        super().__init__()
        check_sizes("StatefulPeepholeLSTM", in_size=in_size, out_size=out_size)
        self.state_size = out_size
        self.upward = Linear(in_size, 4 * out_size)
        self.lateral = Linear(out_size, 4 * out_size, nobias=True)
        self.peep_i = Linear(out_size, out_size, nobias=True)
        self.peep_f = Linear(out_size, out_size, nobias=True)
        self.peep_o = Linear(out_size, out_size, nobias=True)

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
        gates = reshape(gates, (len(gates), self.state_size, 4))
        a, i, f, o = (gates[:, :, k] for k in range(4))
        if self.c is None:
            self.c = as_variable(_state_zeros(a, self.state_size))
        c = self.c
        c = tanh(a) * sigmoid(i + self.peep_i(c)) + c * sigmoid(f + self.peep_f(c))
        y = sigmoid(o + self.peep_o(c)) * tanh(c)
        self.c, self.h = c, y
        return y


class StatelessGRU(Link):
    r"""One step of a gated recurrent unit: ``h = gru(h, x)``.

    :math:`r = \sigma(W_r x + U_r h)`, :math:`z = \sigma(W_z x + U_z h)`,
    :math:`h' = (1 - z) h + z \tanh(W x + U (r h))`; every product has its bias.

    Cho et al., "On the properties of neural machine translation" (2014).

    Args:
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of ``h``.
        init: what fills ``W_r.W``, ``W_z.W`` and ``W.W``; None: LeCunNormal.
        inner_init: what fills ``U_r.W``, ``U_z.W`` and ``U.W``; None: LeCunNormal.
        bias_init: what fills all biases; None: zeros.

    >>> gru = L.StatelessGRU(3, 2)
    >>> gru(None, np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    _shown: ClassVar[tuple[str, ...]] = ("in_size", "out_size")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size", "out_size")

    def __init__(
        self,
        in_size: int | None,
        out_size: int,
        init: Any = None,
        inner_init: Any = None,
        bias_init: Any = None,
    ) -> None:
        super().__init__()
        self.state_size = out_size
        for gate in ("_r", "_z", ""):
            upward = Linear(in_size, out_size, initialW=init, initial_bias=bias_init)
            inner = Linear(out_size, out_size, initialW=inner_init, initial_bias=bias_init)
            setattr(self, "W" + gate, upward)
            setattr(self, "U" + gate, inner)

    W_r: Linear
    W_z: Linear
    W: Linear
    U_r: Linear
    U_z: Linear
    U: Linear

    @property
    def in_size(self) -> int | None:
        """The number of input features; None while it is open."""
        return self.W.in_size

    @property
    def out_size(self) -> int:
        """The size of ``h``."""
        return self.state_size

    def forward(self, h: Any, x: Any) -> Variable:
        r"""Takes one step.

        Args:
            h: the output of the step before (batch, out_size); None: no term with it is taken.
            x: the input (batch, in_size).

        Returns:
            Variable (batch, out_size).
        """
        z, h_bar = self.W_z(x), self.W(x)
        if h is None:
            return sigmoid(z) * tanh(h_bar)
        h = as_variable(h)
        r = sigmoid(self.W_r(x) + self.U_r(h))
        z = sigmoid(z + self.U_z(h))
        h_bar = tanh(h_bar + self.U(r * h))
        return h + z * (h_bar - h)


class StatefulGRU(_Stateful, StatelessGRU):
    r"""A gated recurrent unit that keeps its output ``h`` between calls.

    The formula is that of ``StatelessGRU``. The first call begins without ``h``; ``reset_state``
    begins a new sequence.

    Args:
        in_size: the number of input features; None: taken from the first input.
        out_size: the size of ``h``.
        init: what fills ``W_r.W``, ``W_z.W`` and ``W.W``; None: LeCunNormal.
        inner_init: what fills ``U_r.W``, ``U_z.W`` and ``U.W``; None: LeCunNormal.
        bias_init: what fills all biases; None: zeros.

    >>> gru = L.GRU(3, 2)
    >>> y = gru(np.ones((5, 3), np.float32))
    >>> gru.h is y
    True
    """

    h: Variable | None = None

    def set_state(self, h: Any) -> None:
        """Sets the output (batch, out_size) that the next step begins with."""
        self._set(h=h)

    def forward(self, x: Any) -> Variable:  # type: ignore[override]
        """Takes one step: x (batch, in_size), y (batch, out_size)."""
        self.h = h = StatelessGRU.forward(self, self.h, x)
        return h


GRU = StatefulGRU
