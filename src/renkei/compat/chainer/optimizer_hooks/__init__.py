"""Hooks around an update: our own, with noise from ``numpy.random``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from renkei.compat.chainer import _tree
from renkei.optimizers import optimizer_hooks as ours

__all__ = [
    "GradientClipping",
    "GradientHardClipping",
    "GradientLARS",
    "GradientNoise",
    "Lasso",
    "WeightDecay",
]

WeightDecay = ours.WeightDecay
Lasso = ours.Lasso
GradientClipping = ours.GradientClipping
GradientHardClipping = ours.GradientHardClipping
GradientLARS = ours.GradientLARS


def exponential_decay_noise(xp: Any, shape: Any, dtype: Any, hook: Any, opt: Any) -> Any:
    """Normal noise of variance eta / (1 + t)^0.55, from the global state of ``numpy.random``."""
    std = math.sqrt(hook.eta / (1 + opt.t) ** 0.55)
    return xp.asarray(np.random.normal(0, std, shape).astype(dtype))


class GradientNoise(ours.GradientNoise):
    """Adds noise to every gradient, less and less of it."""

    def __init__(
        self, eta: float, noise_func: Callable[..., Any] = exponential_decay_noise
    ) -> None:
        super().__init__(eta, noise_func)


__getattr__ = _tree.submodules("optimizer_hooks")
