"""Optimizer steps: each loops over a group's parameters and writes p and the state in place.

All take lists: parameters ``ps``, their gradients ``gs``, then one list per state array. Gradients
are multiplied by ``grad_scale`` first. float16 is computed in float32 and rounded once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from renkei.core.device import get_array_module
from renkei.core.dispatch import kernel

Arrays: TypeAlias = list[Any]


def _wide(a: Any) -> Any:
    return a.astype(np.float32) if a.dtype == np.float16 else a


def _sqrt(a: Any) -> Any:
    return get_array_module(a).sqrt(a)


def _each(
    formula: Callable[..., tuple[Any, ...]], ps: Arrays, gs: Arrays, *states: Arrays, scale: float
) -> None:
    """Writes formula(p, g, *state) = (new p, *new state) into the arrays of each parameter."""
    for p, g, *state in zip(ps, gs, *states, strict=True):
        gradient = _wide(g)
        if scale != 1.0:
            gradient = gradient * scale
        new = formula(_wide(p), gradient, *map(_wide, state))
        for array, value in zip((p, *state), new, strict=True):
            array[...] = value


@kernel("sgd_step", backend="reference", writes=("ps",))
def sgd_step(ps: Arrays, gs: Arrays, *, lr: float, grad_scale: float = 1.0) -> None:
    _each(lambda p, g: (p - lr * g,), ps, gs, scale=grad_scale)


@kernel("momentum_sgd_step", backend="reference", writes=("ps", "vs"))
def momentum_sgd_step(
    ps: Arrays, gs: Arrays, vs: Arrays, *, lr: float, momentum: float, grad_scale: float = 1.0
) -> None:
    def step(p: Any, g: Any, v: Any) -> tuple[Any, ...]:
        v = momentum * v - lr * g
        return p + v, v

    _each(step, ps, gs, vs, scale=grad_scale)


@kernel("corrected_momentum_sgd_step", backend="reference", writes=("ps", "vs"))
def corrected_momentum_sgd_step(
    ps: Arrays, gs: Arrays, vs: Arrays, *, lr: float, momentum: float, grad_scale: float = 1.0
) -> None:
    def step(p: Any, g: Any, v: Any) -> tuple[Any, ...]:
        v = momentum * v - g
        return p + lr * v, v

    _each(step, ps, gs, vs, scale=grad_scale)


@kernel("nesterov_ag_step", backend="reference", writes=("ps", "vs"))
def nesterov_ag_step(
    ps: Arrays, gs: Arrays, vs: Arrays, *, lr: float, momentum: float, grad_scale: float = 1.0
) -> None:
    def step(p: Any, g: Any, v: Any) -> tuple[Any, ...]:
        v = momentum * v - lr * g
        return p + (momentum * momentum) * v - ((1 + momentum) * lr) * g, v

    _each(step, ps, gs, vs, scale=grad_scale)


@kernel("ada_grad_step", backend="reference", writes=("ps", "hs"))
def ada_grad_step(
    ps: Arrays, gs: Arrays, hs: Arrays, *, lr: float, eps: float, grad_scale: float = 1.0
) -> None:
    def step(p: Any, g: Any, h: Any) -> tuple[Any, ...]:
        h = h + g * g
        return p - lr * g / (_sqrt(h) + eps), h

    _each(step, ps, gs, hs, scale=grad_scale)


@kernel("ada_delta_step", backend="reference", writes=("ps", "msgs", "msdxs"))
def ada_delta_step(
    ps: Arrays,
    gs: Arrays,
    msgs: Arrays,
    msdxs: Arrays,
    *,
    rho: float,
    eps: float,
    grad_scale: float = 1.0,
) -> None:
    def step(p: Any, g: Any, msg: Any, msdx: Any) -> tuple[Any, ...]:
        msg = rho * msg + (1 - rho) * g * g
        dx = _sqrt((msdx + eps) / (msg + eps)) * g
        return p - dx, msg, rho * msdx + (1 - rho) * dx * dx

    _each(step, ps, gs, msgs, msdxs, scale=grad_scale)


def _moments(g: Any, m: Any, v: Any, beta1: float, beta2: float) -> tuple[Any, Any]:
    return m + (1 - beta1) * (g - m), v + (1 - beta2) * (g * g - v)


# The four of Adam's family share one signature; the order of operations is the native kernel's.


@kernel("adam_step", backend="reference", writes=("ps", "ms", "vs"))
def adam_step(
    ps: Arrays,
    gs: Arrays,
    ms: Arrays,
    vs: Arrays,
    *,
    alpha_ts: Sequence[float],
    beta1: float,
    beta2: float,
    eps: float,
    eta: float = 1.0,
    weight_decay_rate: float = 0.0,
    grad_scale: float = 1.0,
) -> None:
    alphas = iter(alpha_ts)

    def step(p: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
        m, v = _moments(g, m, v, beta1, beta2)
        change = next(alphas) * m / (_sqrt(v) + eps) + weight_decay_rate * p
        return p - eta * change, m, v

    _each(step, ps, gs, ms, vs, scale=grad_scale)


@kernel("amsgrad_step", backend="reference", writes=("ps", "ms", "vs", "vhats"))
def amsgrad_step(
    ps: Arrays,
    gs: Arrays,
    ms: Arrays,
    vs: Arrays,
    vhats: Arrays,
    *,
    alpha_ts: Sequence[float],
    beta1: float,
    beta2: float,
    eps: float,
    eta: float = 1.0,
    weight_decay_rate: float = 0.0,
    grad_scale: float = 1.0,
) -> None:
    alphas = iter(alpha_ts)

    def step(p: Any, g: Any, m: Any, v: Any, vhat: Any) -> tuple[Any, ...]:
        m, v = _moments(g, m, v, beta1, beta2)
        vhat = get_array_module(v).maximum(vhat, v)
        change = next(alphas) * m / (_sqrt(vhat) + eps) + weight_decay_rate * p
        return p - eta * change, m, v, vhat

    _each(step, ps, gs, ms, vs, vhats, scale=grad_scale)


@kernel("ada_bound_step", backend="reference", writes=("ps", "ms", "vs"))
def ada_bound_step(
    ps: Arrays,
    gs: Arrays,
    ms: Arrays,
    vs: Arrays,
    *,
    alpha_ts: Sequence[float],
    lower: float,
    upper: float,
    beta1: float,
    beta2: float,
    eps: float,
    eta: float = 1.0,
    weight_decay_rate: float = 0.0,
    grad_scale: float = 1.0,
) -> None:
    alphas = iter(alpha_ts)

    def step(p: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
        m, v = _moments(g, m, v, beta1, beta2)
        rate = (next(alphas) / (_sqrt(v) + eps)).clip(lower, upper)
        return p - eta * (rate * m + weight_decay_rate * p), m, v

    _each(step, ps, gs, ms, vs, scale=grad_scale)


@kernel("ams_bound_step", backend="reference", writes=("ps", "ms", "vs", "vhats"))
def ams_bound_step(
    ps: Arrays,
    gs: Arrays,
    ms: Arrays,
    vs: Arrays,
    vhats: Arrays,
    *,
    alpha_ts: Sequence[float],
    lower: float,
    upper: float,
    beta1: float,
    beta2: float,
    eps: float,
    eta: float = 1.0,
    weight_decay_rate: float = 0.0,
    grad_scale: float = 1.0,
) -> None:
    alphas = iter(alpha_ts)

    def step(p: Any, g: Any, m: Any, v: Any, vhat: Any) -> tuple[Any, ...]:
        m, v = _moments(g, m, v, beta1, beta2)
        vhat = get_array_module(v).maximum(vhat, v)
        rate = (next(alphas) / (_sqrt(vhat) + eps)).clip(lower, upper)
        return p - eta * (rate * m + weight_decay_rate * p), m, v, vhat

    _each(step, ps, gs, ms, vs, vhats, scale=grad_scale)


@kernel("rmsprop_step", backend="reference", writes=("ps", "mss"))
def rmsprop_step(
    ps: Arrays,
    gs: Arrays,
    mss: Arrays,
    *,
    lr: float,
    alpha: float,
    eps: float,
    eps_inside_sqrt: bool = False,
    grad_scale: float = 1.0,
) -> None:
    def step(p: Any, g: Any, ms: Any) -> tuple[Any, ...]:
        ms = alpha * ms + (1 - alpha) * g * g
        root = _sqrt(ms + eps) if eps_inside_sqrt else _sqrt(ms) + eps
        return p - lr * g / root, ms

    _each(step, ps, gs, mss, scale=grad_scale)


@kernel("rmsprop_graves_step", backend="reference", writes=("ps", "ns", "means", "deltas"))
def rmsprop_graves_step(
    ps: Arrays,
    gs: Arrays,
    ns: Arrays,
    means: Arrays,
    deltas: Arrays,
    *,
    lr: float,
    alpha: float,
    momentum: float,
    eps: float,
    grad_scale: float = 1.0,
) -> None:
    def step(p: Any, g: Any, n: Any, mean: Any, delta: Any) -> tuple[Any, ...]:
        n = alpha * n + (1 - alpha) * g * g
        mean = alpha * mean + (1 - alpha) * g
        delta = momentum * delta - lr * g / _sqrt(n - mean * mean + eps)
        return p + delta, n, mean, delta

    _each(step, ps, gs, ns, means, deltas, scale=grad_scale)


@kernel("smorms3_step", backend="reference", writes=("ps", "mems", "means", "squares"))
def smorms3_step(
    ps: Arrays,
    gs: Arrays,
    mems: Arrays,
    means: Arrays,
    squares: Arrays,
    *,
    lr: float,
    eps: float,
    grad_scale: float = 1.0,
) -> None:
    def step(p: Any, g: Any, mem: Any, mean: Any, square: Any) -> tuple[Any, ...]:
        r = 1 / (mem + 1)
        mean = (1 - r) * mean + r * g
        square = (1 - r) * square + r * g * g
        x = mean * mean / (square + eps)
        change = g * get_array_module(p).minimum(x, lr) / (_sqrt(square) + eps)
        return p - change, 1 + mem * (1 - x), mean, square

    _each(step, ps, gs, mems, means, squares, scale=grad_scale)


@kernel("msvag_step", backend="reference", writes=("ps", "ms", "vs"))
def msvag_step(
    ps: Arrays,
    gs: Arrays,
    ms: Arrays,
    vs: Arrays,
    *,
    lr: float,
    beta: float,
    beta_power: float,
    rho: float,
    eta: float,
    weight_decay_rate: float,
    grad_scale: float = 1.0,
) -> None:
    def step(p: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
        m, v = _moments(g, m, v, beta, beta)
        mean, square = m / (1 - beta_power), v / (1 - beta_power)
        signal = mean * mean
        total = signal + rho * ((square - signal) / (1 - rho))
        # A gradient that was always 0 has no signal: 0 / 1, not 0 / 0.
        factor = (signal / get_array_module(p).where(total == 0, 1, total)).clip(0, 1)
        return p - eta * (lr * mean * factor + weight_decay_rate * p), m, v

    _each(step, ps, gs, ms, vs, scale=grad_scale)


@kernel("squared_norm", backend="reference")
def squared_norm(arrays: Arrays) -> float:
    """The sum of the squares of all elements of all arrays, added in float64: a Python float."""
    xp = get_array_module(*arrays)
    sums = [xp.sum(xp.square(a, dtype=xp.float64), keepdims=True).reshape(1) for a in arrays]
    return math.fsum(xp.concatenate(sums).tolist()) if sums else 0.0


@kernel("lion_step", backend="reference", writes=("ps", "ms"))
def lion_step(
    ps: Arrays,
    gs: Arrays,
    ms: Arrays,
    *,
    lr: float,
    beta1: float,
    beta2: float,
    weight_decay_rate: float,
    grad_scale: float = 1.0,
) -> None:
    def step(p: Any, g: Any, m: Any) -> tuple[Any, ...]:
        sign = get_array_module(p).sign(m + (1 - beta1) * (g - m))
        return p - lr * (sign + weight_decay_rate * p), m + (1 - beta2) * (g - m)

    _each(step, ps, gs, ms, scale=grad_scale)


@kernel("lamb_step", backend="reference", writes=("ps", "ms", "vs"))
def lamb_step(
    ps: Arrays,
    gs: Arrays,
    ms: Arrays,
    vs: Arrays,
    *,
    alpha: float,
    beta1: float,
    beta2: float,
    correction1: float,
    correction2: float,
    eps: float,
    weight_decay_rate: float,
    grad_scale: float = 1.0,
) -> None:
    def step(p: Any, g: Any, m: Any, v: Any) -> tuple[Any, ...]:
        m, v = _moments(g, m, v, beta1, beta2)
        r = (m / correction1) / (_sqrt(v / correction2) + eps) + weight_decay_rate * p
        return p - alpha * _trust(p, r) * r, m, v

    _each(step, ps, gs, ms, vs, scale=grad_scale)


def _trust(p: Any, r: Any) -> Any:
    """|p| / |r| as an array of one element; 1 where one of them is 0."""
    xp = get_array_module(p)
    of_p, of_r = (xp.sqrt(xp.sum(a * a, keepdims=True)) for a in (p, r))
    return xp.where((of_p > 0) & (of_r > 0), of_p / xp.where(of_r > 0, of_r, 1), 1)
