"""Single steps of recurrent networks: LSTM and its variants for two branches and for trees."""

from __future__ import annotations

from typing import Any

from renkei.core.elementwise import same_dtype
from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec, need_arrays
from renkei.core.variable import Variable
from renkei.functions.activation import sigmoid, tanh
from renkei.functions.join_split import concat, stack

__all__ = ["lstm", "slstm", "tree_lstm"]


def _check_step(call: str, c: Any, x: Any, c_name: str, x_name: str) -> None:
    """x has four times the units of c, alike on all other axes, and no more rows."""
    need_arrays(call, **{c_name: c, x_name: x})
    got = f"{c_name} {c.shape} and {x_name} {x.shape}"
    if x.ndim < 2 or c.ndim != x.ndim or c.shape[2:] != x.shape[2:]:
        raise ShapeError(call, got, f"{c_name} (n, d, ...) and {x_name} (n, 4 d, ...)")
    if x.shape[1] != 4 * c.shape[1]:
        raise ShapeError(
            call,
            got,
            f"{x_name}.shape[1] == 4 * {c_name}.shape[1], here {x.shape[1]} != {4 * c.shape[1]}",
            f"{x_name} holds the cell input and three gates of each unit.",
        )
    if len(c) < len(x):
        raise ShapeError(
            call,
            got,
            f"{c_name} with at least as many rows as {x_name}, here {len(c)} < {len(x)}",
            "A batch may shrink from step to step, not grow: sort sequences by length.",
        )
    if x.dtype.kind != "f":
        raise DtypeError(call, f"{x_name} {describe(x)}", "arrays of floats")
    same_dtype(call, c, x)


class Lstm(Function):
    """The node of ``lstm``. Gates are computed again in backward rather than kept."""

    outputs = ("c", "h")

    def check(self, c_prev: Any, x: Any) -> tuple[Spec, Spec]:
        _check_step("lstm(c_prev, x)", c_prev, x, "c_prev", "x")
        h = (x.shape[0], c_prev.shape[1], *x.shape[2:])
        return Spec(c_prev.shape, c_prev.dtype), Spec(h, x.dtype)

    def forward(self, c_prev: Any, x: Any) -> tuple[Any, Any]:
        return self.kernel("lstm", c_prev, x)

    def grads(
        self, wanted: tuple[bool, ...], gc: Any, gh: Any, c_prev: Any, x: Any, c: Any
    ) -> tuple[Any, Any]:
        if any(isinstance(v, Variable) for v in (gc, gh, c_prev, x)):
            return _lstm_grads(c_prev, x, gc, gh)
        return self.kernel("lstm_grad", c_prev, x, c, gc, gh)


def _interleaved(x: Any) -> list[Any]:
    """Cell input, input gate, forget gate, output gate, before their nonlinearities."""
    g = x.reshape((x.shape[0], x.shape[1] // 4, 4, *x.shape[2:]))
    return [g[:, :, k] for k in range(4)]


def _lstm_grads(c_prev: Any, x: Any, gc: Any, gh: Any) -> tuple[Any, Any]:
    """What the kernel ``lstm_grad`` computes, in functions that can be differentiated again."""
    n = x.shape[0]
    a, i, f, o = _interleaved(x)
    a, i, f, o = tanh(a), sigmoid(i), sigmoid(f), sigmoid(o)
    shown = c_prev[:n]
    tanh_c = tanh(a * i + f * shown)
    go = a * 0
    cell = a * 0 if gc is None else gc[:n]
    if gh is not None:
        go = gh * tanh_c * o * (1 - o)
        cell = cell + gh * o * (1 - tanh_c * tanh_c)
    parts = [cell * i * (1 - a * a), cell * a * i * (1 - i), cell * shown * f * (1 - f), go]
    rest = c_prev[n:] * 0 if gc is None else gc[n:]
    return concat([cell * f, rest], axis=0), stack(parts, axis=2).reshape(x.shape)


def lstm(c_prev: Any, x: Any) -> tuple[Any, Any]:
    r"""One step of a long short-term memory.

    .. math::
        c = \tanh(a) \, \sigma(i) + c_{prev} \, \sigma(f), \qquad h = \tanh(c) \, \sigma(o)

    Axis 1 of ``x`` holds a, i, f, o of the first unit, then those of the second, and so on.

    Args:
        c_prev: cell states, array or Variable of shape (n', d, ...).
        x: cell inputs and gates before their nonlinearities, of shape (n, 4 d, ...) with n <= n'.

    Returns:
        The new cell states, of the shape of ``c_prev``, of which the last n' - n rows pass through;
        and the outputs, of shape (n, d, ...).

    Raises:
        ShapeError: the shapes do not fit, or ``x`` has more rows than ``c_prev``.
        DtypeError: the dtypes differ or are no floats.

    >>> c, h = F.lstm(np.array([[1.0]]), np.array([[0.0, 0.0, 100.0, 100.0]]))
    >>> c, h.round(4)
    (array([[1.]]), array([[0.7616]]))

    Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997; the forget gate is from Gers et al.,
    "Learning to Forget", 2000.
    """
    return Lstm()(c_prev, x)


def slstm(c_prev1: Any, c_prev2: Any, x1: Any, x2: Any) -> tuple[Any, Any]:
    r"""One step of an S-LSTM, which joins two branches of a binary tree.

    .. math::
        c &= \tanh(a_1) \, \sigma(i_1) + c_{prev1} \, \sigma(f_1)
             + \tanh(a_2) \, \sigma(i_2) + c_{prev2} \, \sigma(f_2) \\
        h &= \tanh(c) \, \sigma(o_1 + o_2)

    Args:
        c_prev1: cell states of the first branch, array or Variable of shape (n, d, ...).
        c_prev2: cell states of the second branch, of the same shape.
        x1: cell inputs and gates of the first branch, interleaved as for ``lstm``, of shape
            (n, 4 d, ...).
        x2: those of the second branch, of the same shape.

    Returns:
        The new cell states and the outputs, both of shape (n, d, ...).

    Raises:
        ShapeError: the shapes do not fit.
        DtypeError: the dtypes differ or are no floats.

    >>> zeros = np.zeros((1, 1))
    >>> c, h = F.slstm(zeros + 2, zeros + 4, np.zeros((1, 4)), np.zeros((1, 4)))
    >>> c, h.round(4)
    (array([[3.]]), array([[0.4975]]))

    Zhu et al., "Long Short-Term Memory Over Tree Structures", 2015.
    """
    call = "slstm(c_prev1, c_prev2, x1, x2)"
    for c, x, c_name, x_name in ((c_prev1, x1, "c_prev1", "x1"), (c_prev2, x2, "c_prev2", "x2")):
        _check_step(call, c, x, c_name, x_name)
    shapes = [v.shape for v in (c_prev1, c_prev2, x1, x2)]
    if shapes[0] != shapes[1] or shapes[2] != shapes[3] or shapes[0][0] != shapes[2][0]:
        got = ", ".join(map(str, shapes))
        raise ShapeError(call, got, "both branches alike, with as many rows in c as in x")
    (a1, i1, f1, o1), (a2, i2, f2, o2) = _interleaved(x1), _interleaved(x2)
    c = tanh(a1) * sigmoid(i1) + c_prev1 * sigmoid(f1)
    c = c + tanh(a2) * sigmoid(i2) + c_prev2 * sigmoid(f2)
    return c, tanh(c) * sigmoid(o1 + o2)


def tree_lstm(*inputs: Any) -> tuple[Any, Any]:
    r"""One step of an N-ary tree LSTM, which joins the branches of a node.

    .. math::
        c = \tanh(a) \, \sigma(i) + \sum_k c_k \, \sigma(f_k), \qquad h = \tanh(c) \, \sigma(o)

    Args:
        inputs: the cell states :math:`c_1, ..., c_N` of the branches, arrays or Variables of shape
            (n, d, ...); then ``x`` of shape (n, (3 + N) d, ...), whose axis 1 holds a of all units,
            then i, o, :math:`f_1, ..., f_N` (not interleaved, other than for ``lstm``).

    Returns:
        The new cell states and the outputs, both of shape (n, d, ...).

    Raises:
        ShapeError: there is no branch, or the shapes do not fit.
        DtypeError: the dtypes differ or are no floats.

    >>> c = np.array([[2.0]])
    >>> c, h = F.tree_lstm(c, c, np.array([[0.0, 0.0, 100.0, 0.0, 0.0]]))
    >>> c, h.round(4)
    (array([[2.]]), array([[0.964]]))

    Tai et al., "Improved Semantic Representations From Tree-Structured Long Short-Term Memory
    Networks", 2015.
    """
    call = "tree_lstm(c1, ..., cN, x)"
    if len(inputs) < 2:
        raise ShapeError(call, f"{len(inputs)} arrays", "at least one branch, and x")
    need_arrays(call, **{f"inputs[{i}]": value for i, value in enumerate(inputs)})
    *cs, x = inputs
    first = cs[0]
    n = 3 + len(cs)
    wanted = (first.shape[0], n * first.shape[1], *first.shape[2:]) if first.ndim > 1 else None
    if x.shape != wanted or any(c.shape != first.shape for c in cs):
        got = ", ".join(str(v.shape) for v in inputs)
        raise ShapeError(call, got, f"branches (n, d, ...) alike, and x (n, {n} d, ...)")
    if x.dtype.kind != "f":
        raise DtypeError(call, f"x {describe(x)}", "arrays of floats")
    same_dtype(call, *inputs)
    g = x.reshape((x.shape[0], n, first.shape[1], *x.shape[2:]))
    a, i, o, *fs = (g[:, k] for k in range(n))
    c = tanh(a) * sigmoid(i)
    for branch, f in zip(cs, fs):
        c = c + branch * sigmoid(f)
    return c, tanh(c) * sigmoid(o)
