"""Hooks around an update: regularization, clipping, noise, layer-wise rates.

Under loss scaling gradients are still multiplied by the scale when hooks see them; these hooks take
that into account: ``rule.loss_scale`` is 1 without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from renkei.core.device import device_of, get_array_module, using_device
from renkei.core.dispatch import run
from renkei.core.random import generator

__all__ = [
    "GradientClipping",
    "GradientHardClipping",
    "GradientLARS",
    "GradientNoise",
    "Lasso",
    "WeightDecay",
    "exponential_decay_noise",
]


class WeightDecay:
    r"""Pulls parameters towards zero: g ← g + rate p, the gradient of rate/2 Σ p².

    It goes through the rule, unlike the decoupled decay of ``AdamW``.

    Args:
        rate: the strength.

    >>> model = rk.Link(w=2)
    >>> model.w.array[...] = 10
    >>> optimizer = rk.optimizers.SGD(lr=1).setup(model)
    >>> optimizer.add_hook(rk.optimizers.WeightDecay(0.1))
    >>> model.w.grad = np.array([1, 2], np.float32)
    >>> optimizer.update()
    >>> model.w.array
    array([8., 7.], dtype=float32)
    """

    name = "WeightDecay"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, rule: Any, param: Any) -> None:
        p, g = param.array, param.grad
        if p is not None and g is not None:
            g += (self.rate * rule.loss_scale) * p


class Lasso:
    r"""Pulls parameters to zero at a constant pace: the gradient becomes ``g + rate sign(p)``.

    Args:
        rate: the strength.

    Tibshirani, "Regression shrinkage and selection via the lasso" (1996).

    >>> model = rk.Link(w=2)
    >>> model.w.array[...] = [10, -10]
    >>> optimizer = rk.optimizers.SGD(lr=1).setup(model)
    >>> optimizer.add_hook(rk.optimizers.Lasso(0.5))
    >>> optimizer.update()
    >>> model.w.array
    array([ 9.5, -9.5], dtype=float32)
    """

    name = "Lasso"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, rule: Any, param: Any) -> None:
        p, g = param.array, param.grad
        if p is not None and g is not None:
            g += (self.rate * rule.loss_scale) * get_array_module(p).sign(p)


class GradientClipping:
    r"""Shrinks all gradients by one factor, so that their common L2 norm is at most a threshold.

    Args:
        threshold: the largest norm.

    Pascanu et al., "On the difficulty of training recurrent neural networks" (2013).

    >>> model = rk.Link(w=2)
    >>> model.w.grad = np.array([30, 40], np.float32)
    >>> optimizer = rk.optimizers.SGD().setup(model)
    >>> optimizer.add_hook(rk.optimizers.GradientClipping(5))
    >>> optimizer.update()
    >>> model.w.grad
    array([3., 4.], dtype=float32)
    """

    name = "GradientClipping"
    timing = "pre"

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold

    def __call__(self, opt: Any) -> None:
        gradients = [p.grad for p in opt.target.params(False) if p.grad is not None]
        norm = math.sqrt(sum(_squared_norms(gradients))) / (opt.loss_scale or 1.0)
        if norm <= self.threshold:
            return
        rate = self.threshold / norm
        for g in gradients:
            g *= rate


def _squared_norms(arrays: list[Any]) -> list[float]:
    """The squared L2 norm of the arrays of each device, in one pass per device."""
    by_device: dict[Any, list[Any]] = {}
    for a in arrays:
        by_device.setdefault(device_of(a), []).append(a)
    norms = []
    for device, mine in by_device.items():
        with using_device(device):
            norms.append(run("squared_norm", mine))
    return norms


class GradientHardClipping:
    r"""Clips every element of every gradient to [lower_bound, upper_bound].

    Args:
        lower_bound: the smallest value.
        upper_bound: the largest value.

    >>> model = rk.Link(w=2)
    >>> model.w.grad = np.array([-30, 40], np.float32)
    >>> optimizer = rk.optimizers.SGD().setup(model)
    >>> optimizer.add_hook(rk.optimizers.GradientHardClipping(-1, 1))
    >>> optimizer.update()
    >>> model.w.grad
    array([-1.,  1.], dtype=float32)
    """

    name = "GradientHardClipping"
    call_for_each_param = True
    timing = "pre"

    def __init__(self, lower_bound: float, upper_bound: float) -> None:
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def __call__(self, rule: Any, param: Any) -> None:
        g, scale = param.grad, rule.loss_scale
        if g is not None:
            xp = get_array_module(g)
            xp.clip(g, self.lower_bound * scale, self.upper_bound * scale, out=g)


def exponential_decay_noise(xp: Any, shape: Any, dtype: Any, hook: Any, opt: Any) -> Any:
    r"""Normal noise whose variance eta / (1 + t)^0.55 shrinks with the number t of updates.

    Args:
        xp: the array module of the result.
        shape: its shape.
        dtype: its dtype.
        hook: has the attribute ``eta``.
        opt: the optimizer or rule; has the attribute ``t``.

    Returns:
        The noise, drawn on the host from Renkei's generator.

    >>> from renkei.optimizers.optimizer_hooks import exponential_decay_noise
    >>> hook, rule = rk.optimizers.GradientNoise(0.3), rk.optimizers.UpdateRule()
    >>> exponential_decay_noise(np, (2, 3), np.float32, hook, rule).shape
    (2, 3)
    """
    std = math.sqrt(hook.eta / (1 + opt.t) ** 0.55)
    return xp.asarray(generator().host.normal(0, std, shape).astype(dtype))


class GradientNoise:
    r"""Adds noise to every gradient, less and less of it: g ← g + N(0, eta / (1 + t)^0.55).

    Args:
        eta: the variance at the start; 0.01, 0.3 and 1 are usual.
        noise_func: ``noise_func(xp, shape, dtype, hook, rule)`` returns the noise.

    Neelakantan et al., "Adding gradient noise improves learning for very deep networks" (2015).

    >>> rk.seed(0)
    >>> model = rk.Link(w=2)
    >>> optimizer = rk.optimizers.SGD().setup(model)
    >>> optimizer.add_hook(rk.optimizers.GradientNoise(0.3))
    >>> model.w.grad = np.zeros(2, np.float32)
    >>> optimizer.update()
    >>> bool((model.w.grad != 0).all())
    True
    """

    name = "GradientNoise"
    call_for_each_param = True
    timing = "pre"

    def __init__(
        self, eta: float, noise_func: Callable[..., Any] = exponential_decay_noise
    ) -> None:
        self.eta = eta
        self.noise_func = noise_func

    def __call__(self, rule: Any, param: Any) -> None:
        g = param.grad
        if g is not None:
            noise = self.noise_func(get_array_module(g), g.shape, g.dtype, self, rule)
            g += noise * np.dtype(g.dtype).type(rule.loss_scale)


class GradientLARS:
    r"""Gives every layer its own rate: its gradient is scaled to the norm of its weights.

    .. math:: g \leftarrow \frac{\|p\|}{eps + \|g\| + weight\_decay \|p\|}
              (g + weight\_decay\, p) \quad\text{if } \|p\| > threshold

    Args:
        threshold: parameters of a smaller norm keep the rate 1.
        weight_decay: the strength of the weight decay, which is part of the formula.
        eps: added to the divisor.

    You et al., "Large batch training of convolutional networks" (2017).

    >>> model = rk.Link(w=2)
    >>> model.w.array[...] = [3, 4]
    >>> model.w.grad = np.array([60, 80], np.float32)
    >>> optimizer = rk.optimizers.SGD().setup(model)
    >>> optimizer.add_hook(rk.optimizers.GradientLARS())
    >>> optimizer.update()
    >>> model.w.grad
    array([3., 4.], dtype=float32)
    """

    name = "GradientLARS"
    call_for_each_param = True
    timing = "pre"

    def __init__(
        self, threshold: float = 1e-2, weight_decay: float = 0.0, eps: float = 1e-9
    ) -> None:
        self.threshold = threshold
        self.weight_decay = weight_decay
        self.eps = eps

    def __call__(self, rule: Any, param: Any) -> None:
        p, g = param.array, param.grad
        if p is None or g is None:
            return
        scale = rule.loss_scale
        p_norm, g_norm = (math.sqrt(_squared_norms([a])[0]) for a in (p, g))
        rate = p_norm / (self.eps + g_norm / scale + self.weight_decay * p_norm)
        if self.weight_decay:
            g += (self.weight_decay * scale) * p
        if p_norm > self.threshold:
            g *= rate
