"""One step of an LSTM, and its gradient."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel


@kernel("lstm", backend="reference")
def lstm(c_prev: Any, x: Any) -> tuple[Any, Any]:
    r"""The new cell and output: ``c = tanh(a) s(i) + c_prev s(f)``, ``h = tanh(c) s(o)``.

    ``c_prev``: (n', d, ...) with n' >= n; ``x``: (n, 4 d, ...), whose axis 1 holds a, i, f, o of
    each unit in turn. ``c`` has the shape of ``c_prev``, whose last n' - n rows pass through;
    ``h``: (n, d, ...).
    """
    xp = get_array_module(x)
    a, i, f, o = _gates(xp, x)
    n = len(x)
    c = a * i + f * c_prev[:n]
    h = o * xp.tanh(c)
    if len(c_prev) > n:
        c = xp.concatenate([c.astype(c_prev.dtype), c_prev[n:]])
    return c.astype(c_prev.dtype, copy=False), h.astype(x.dtype, copy=False)


@kernel("lstm_grad", backend="reference")
def lstm_grad(c_prev: Any, x: Any, c: Any, gc: Any, gh: Any) -> tuple[Any, Any]:
    r"""The gradients by ``c_prev`` and ``x``; ``gc`` or ``gh`` may be None: that is zero."""
    xp = get_array_module(x)
    a, i, f, o = _gates(xp, x)
    n = len(x)
    tanh_c = xp.tanh(c[:n].astype(a.dtype, copy=False))
    cell = 0 if gc is None else gc[:n]
    gx = xp.zeros(a.shape[:2] + (4,) + a.shape[2:], a.dtype)  # (n, d, gate, ...)
    if gh is not None:
        cell = cell + gh * o * (1 - tanh_c * tanh_c)
        gx[:, :, 3] = gh * tanh_c * o * (1 - o)
    gx[:, :, 0] = cell * i * (1 - a * a)
    gx[:, :, 1] = cell * a * i * (1 - i)
    gx[:, :, 2] = cell * c_prev[:n] * f * (1 - f)
    gc_prev = xp.zeros(c_prev.shape, c_prev.dtype)
    gc_prev[:n] = cell * f
    if gc is not None:
        gc_prev[n:] = gc[n:]
    return gc_prev, gx.reshape(x.shape).astype(x.dtype, copy=False)


def _gates(xp: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    if x.dtype == xp.float16:
        x = x.astype(xp.float32)
    g = x.reshape((len(x), x.shape[1] // 4, 4) + x.shape[2:])
    # 1 / (1 + exp(-x)) with a half angle: no overflow, and one function does all gates.
    i, f, o = (xp.tanh(g[:, :, k] * 0.5) * 0.5 + 0.5 for k in (1, 2, 3))
    return xp.tanh(g[:, :, 0]), i, f, o
