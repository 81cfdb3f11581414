"""Layers of recurrent networks over packed batches, and their gradients.

A packed batch holds the rows of time 0, then those of time 1, and so on: sizes[t] rows at time t,
never more than at the time before. All inputs of a layer meet its weights in one product.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel


@kernel("lstm_layer", backend="reference")
def lstm_layer(
    x: Any, h: Any, c: Any, W: Any, U: Any, b: Any, *, sizes: tuple[int, ...], reverse: bool
) -> tuple[Any, ...]:
    r"""An LSTM over time: y, the last h and c, the gates and the cells at all times.

    ``x``: (rows, in); ``h``, ``c``: (batch, d); ``W``: (4 d, in), ``U``: (4 d, d), ``b``: (4 d,) in
    blocks i, f, o, a. ``gates``: (rows, 4 d) after their nonlinearities, ``cells``: (rows, d), both
    at least float32.
    """
    xp, d = get_array_module(x), h.shape[1]
    gates, UT = _projected(xp, x, W, b), _wide(xp, U).T
    h_now, c_now = _copied(xp, h), _copied(xp, c)
    y, cells = (xp.empty((len(x), d), gates.dtype) for _ in range(2))
    for start, n in _steps(sizes, reverse):
        g = gates[start : start + n]
        g += h_now[:n] @ UT
        _sigmoid(g[:, : 3 * d])
        xp.tanh(g[:, 3 * d :], out=g[:, 3 * d :])
        i, f, o, a = (g[:, k * d : k * d + d] for k in range(4))
        cell = cells[start : start + n]
        xp.multiply(f, c_now[:n], out=cell)
        cell += i * a
        c_now[:n] = cell
        h_now[:n] = xp.tanh(cell) * o
        y[start : start + n] = h_now[:n]
    return *_narrow(x.dtype, y, h_now, c_now), gates, cells


@kernel("lstm_layer_grad", backend="reference")
def lstm_layer_grad(
    x: Any, h: Any, c: Any, W: Any, U: Any, y: Any, gates: Any, cells: Any,
    gy: Any, gh: Any, gc: Any, *, sizes: tuple[int, ...], reverse: bool, wanted: tuple[bool, ...]
) -> tuple[Any, ...]:  # fmt: skip
    r"""The gradients by x, h, c, W, U and b; ``gy``, ``gh`` or ``gc`` may be None: that is zero."""
    xp, d = get_array_module(x), h.shape[1]
    gh, gc = _started(xp, gh, h), _started(xp, gc, c)
    g = xp.empty_like(gates)  # the gradients before the nonlinearities
    before, wide_U = _before(xp, cells, c, sizes, reverse), _wide(xp, U)
    tanh_c = xp.tanh(cells)
    for start, n in _steps(sizes, not reverse):
        rows = slice(start, start + n)
        i, f, o, a = (gates[rows, k * d : k * d + d] for k in range(4))
        t = tanh_c[rows]
        gh_t = gh[:n] if gy is None else gh[:n] + gy[rows]
        gc_t = gc[:n] + gh_t * o * (1 - t * t)
        g[rows, :d] = gc_t * a * i * (1 - i)
        g[rows, d : 2 * d] = gc_t * before[rows] * f * (1 - f)
        g[rows, 2 * d : 3 * d] = gh_t * t * o * (1 - o)
        g[rows, 3 * d :] = gc_t * i * (1 - a * a)
        gh[:n] = g[rows] @ wide_U
        gc[:n] = gc_t * f
    gx, gW, gb = _input_gradients(xp, g, x, W, (wanted[0], wanted[3], wanted[5]))
    gU = _outer(xp, g, y, h, sizes, reverse) if wanted[4] else None
    return gx, *_narrow(x.dtype, gh, gc), gW, gU, gb


@kernel("gru_layer", backend="reference")
def gru_layer(
    x: Any, h: Any, W: Any, U: Any, b: Any, bu: Any, *, sizes: tuple[int, ...], reverse: bool
) -> tuple[Any, ...]:
    r"""A GRU over time: y, the last h, and the gates at all times.

    ``x``: (rows, in); ``h``: (batch, d); ``W``: (3 d, in), ``U``: (3 d, d), ``b``, ``bu``: (3 d,)
    in blocks r, z and the candidate. ``gates``: (rows, 4 d): r, z, the candidate, and what the
    candidate's ``U h + bu`` was.
    """
    xp, d = get_array_module(x), h.shape[1]
    inputs, UT, wide_bu = _projected(xp, x, W, b), _wide(xp, U).T, _wide(xp, bu)
    h_now = _copied(xp, h)
    gates = xp.empty((len(x), 4 * d), inputs.dtype)
    y = xp.empty((len(x), d), inputs.dtype)
    for start, n in _steps(sizes, reverse):
        g, p = gates[start : start + n], inputs[start : start + n]
        u = h_now[:n] @ UT
        u += wide_bu
        xp.add(p[:, : 2 * d], u[:, : 2 * d], out=g[:, : 2 * d])
        _sigmoid(g[:, : 2 * d])
        g[:, 3 * d :] = u[:, 2 * d :]
        r, z, _, u_last = (g[:, k * d : k * d + d] for k in range(4))
        new = xp.tanh(p[:, 2 * d :] + r * u_last)
        g[:, 2 * d : 3 * d] = new
        h_now[:n] = new + z * (h_now[:n] - new)
        y[start : start + n] = h_now[:n]
    return *_narrow(x.dtype, y, h_now), gates


@kernel("gru_layer_grad", backend="reference")
def gru_layer_grad(
    x: Any, h: Any, W: Any, U: Any, y: Any, gates: Any, gy: Any, gh: Any, *,
    sizes: tuple[int, ...], reverse: bool, wanted: tuple[bool, ...]
) -> tuple[Any, ...]:  # fmt: skip
    r"""The gradients by x, h, W, U, b and bu; ``gy`` or ``gh`` may be None: that is zero."""
    xp, d = get_array_module(x), h.shape[1]
    gh = _started(xp, gh, h)
    g = xp.empty((len(x), 3 * d), gates.dtype)  # by W x + b
    gu = xp.empty_like(g)  # by U h + bu
    before, wide_U = _before(xp, _wide(xp, y), h, sizes, reverse), _wide(xp, U)
    for start, n in _steps(sizes, not reverse):
        rows = slice(start, start + n)
        r, z, new, u_last = (gates[rows, k * d : k * d + d] for k in range(4))
        gh_t = gh[:n] if gy is None else gh[:n] + gy[rows]
        g_new = gh_t * (1 - z) * (1 - new * new)
        g[rows, :d] = g_new * u_last * r * (1 - r)
        g[rows, d : 2 * d] = gh_t * (before[rows] - new) * z * (1 - z)
        g[rows, 2 * d :] = g_new
        gu[rows, : 2 * d] = g[rows, : 2 * d]
        gu[rows, 2 * d :] = g_new * r
        gh[:n] = gh_t * z + gu[rows] @ wide_U
    gx, gW, gb = _input_gradients(xp, g, x, W, (wanted[0], wanted[2], wanted[4]))
    gU = (gu.T @ before).astype(U.dtype, copy=False) if wanted[3] else None
    return gx, *_narrow(x.dtype, gh), gW, gU, gb, gu.sum(axis=0).astype(W.dtype, copy=False)


@kernel("rnn_layer", backend="reference")
def rnn_layer(
    x: Any, h: Any, W: Any, U: Any, b: Any, *,
    sizes: tuple[int, ...], reverse: bool, activation: str
) -> tuple[Any, Any]:  # fmt: skip
    r"""A plain recurrent layer over time: y and the last h.

    ``x``: (rows, in); ``h``: (batch, d); ``W``: (d, in), ``U``: (d, d), ``b``: (d,).
    """
    xp = get_array_module(x)
    y, UT = _projected(xp, x, W, b), _wide(xp, U).T
    h_now = _copied(xp, h)
    for start, n in _steps(sizes, reverse):
        g = y[start : start + n]
        g += h_now[:n] @ UT
        if activation == "tanh":
            xp.tanh(g, out=g)
        else:
            xp.maximum(g, 0, out=g)
        h_now[:n] = g
    y, h_now = _narrow(x.dtype, y, h_now)
    return y, h_now


@kernel("rnn_layer_grad", backend="reference")
def rnn_layer_grad(
    x: Any, h: Any, W: Any, U: Any, y: Any, gy: Any, gh: Any, *,
    sizes: tuple[int, ...], reverse: bool, activation: str, wanted: tuple[bool, ...]
) -> tuple[Any, ...]:  # fmt: skip
    r"""The gradients by x, h, W, U and b; ``gy`` or ``gh`` may be None: that is zero."""
    xp = get_array_module(x)
    gh, wide_U, wide_y = _started(xp, gh, h), _wide(xp, U), _wide(xp, y)
    slope = 1 - wide_y * wide_y if activation == "tanh" else (y > 0).astype(wide_y.dtype)
    g = xp.empty_like(slope)
    for start, n in _steps(sizes, not reverse):
        rows = slice(start, start + n)
        gh_t = gh[:n] if gy is None else gh[:n] + gy[rows]
        xp.multiply(gh_t, slope[rows], out=g[rows])
        gh[:n] = g[rows] @ wide_U
    gx, gW, gb = _input_gradients(xp, g, x, W, (wanted[0], wanted[2], wanted[4]))
    gU = _outer(xp, g, y, h, sizes, reverse) if wanted[3] else None
    return gx, *_narrow(x.dtype, gh), gW, gU, gb


# -- what all layers share -------------------------------------------------------------------------


def _steps(sizes: tuple[int, ...], reverse: bool) -> Iterator[tuple[int, int]]:
    """The first row and the number of rows of each time step, in the order of computation."""
    start, steps = 0, []
    for n in sizes:
        steps.append((start, n))
        start += n
    return reversed(steps) if reverse else iter(steps)


def _wide(xp: Any, a: Any) -> Any:
    return a.astype(xp.float32) if a.dtype == xp.float16 else a


def _narrow(dtype: Any, *arrays: Any) -> list[Any]:
    return [a.astype(dtype, copy=False) for a in arrays]


def _copied(xp: Any, h: Any) -> Any:
    return h.astype(xp.float32 if h.dtype == xp.float16 else h.dtype, order="C")


def _projected(xp: Any, x: Any, W: Any, b: Any) -> Any:
    y = xp.matmul(_wide(xp, x), _wide(xp, W).T)
    y += b
    return y


def _sigmoid(x: Any) -> None:
    """1 / (1 + exp(-x)) in place, with a half angle: nothing overflows."""
    xp = get_array_module(x)
    x *= 0.5
    xp.tanh(x, out=x)
    x *= 0.5
    x += 0.5


def _started(xp: Any, g: Any, like: Any) -> Any:
    """A buffer that collects the gradient of a state."""
    if g is None:
        return xp.zeros(like.shape, xp.float32 if like.dtype == xp.float16 else like.dtype)
    return _copied(xp, g)


def _before(xp: Any, y: Any, h: Any, sizes: tuple[int, ...], reverse: bool) -> Any:
    """For each row of y, the state that its step began with: (rows, d)."""
    before, now = xp.empty(y.shape, y.dtype), _copied(xp, h)
    for start, n in _steps(sizes, reverse):
        before[start : start + n] = now[:n]
        now[:n] = y[start : start + n]
    return before


def _outer(xp: Any, g: Any, y: Any, h: Any, sizes: tuple[int, ...], reverse: bool) -> Any:
    """The gradient of the weights that states are multiplied with, in one product."""
    before = _before(xp, _wide(xp, y), h, sizes, reverse)
    return (g.T @ before).astype(h.dtype, copy=False)


def _input_gradients(xp: Any, g: Any, x: Any, W: Any, wanted: tuple[bool, ...]) -> list[Any]:
    """The gradients by x, W and b, from those by ``W x + b``."""
    gx = (g @ _wide(xp, W)).astype(x.dtype, copy=False) if wanted[0] else None
    gW = (g.T @ _wide(xp, x)).astype(W.dtype, copy=False) if wanted[1] else None
    gb = g.sum(axis=0).astype(W.dtype, copy=False) if wanted[2] else None
    return [gx, gW, gb]
