"""Optimizer steps over all parameters of a group in one threaded pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from renkei import _native
from renkei.core.dispatch import kernel

Arrays: TypeAlias = list[np.ndarray]

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def able(*columns: Arrays) -> bool | str:
    for column in columns:
        for a in column[:1]:  # the arrays of a group are of one dtype
            if type(a) is not np.ndarray:
                return f"wants NumPy arrays, got {type(a).__name__}"
            if a.dtype not in _FLOATS:
                return f"wants float32 or float64, got {a.dtype}"
            if a.dtype != columns[0][0].dtype:
                return f"wants one dtype, got {columns[0][0].dtype} and {a.dtype}"
    return True


@kernel("sgd_step", backend="native", when=able, writes=("ps",))
def sgd_step(ps: Arrays, gs: Arrays, *, lr: float, grad_scale: float = 1.0) -> None:
    _native.sgd_step(ps, gs, lr=lr, grad_scale=grad_scale)


@kernel("momentum_sgd_step", backend="native", when=able, writes=("ps", "vs"))
def momentum_sgd_step(
    ps: Arrays, gs: Arrays, vs: Arrays, *, lr: float, momentum: float, grad_scale: float = 1.0
) -> None:
    _native.momentum_sgd_step(ps, gs, vs, lr=lr, momentum=momentum, grad_scale=grad_scale)


@kernel("adam_step", backend="native", when=able, writes=("ps", "ms", "vs"))
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
    _native.adam_step(
        ps,
        gs,
        ms,
        vs,
        alpha_ts=list(alpha_ts),
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        eta=eta,
        weight_decay_rate=weight_decay_rate,
        grad_scale=grad_scale,
    )
