"""CorrectedMomentumSGD: momentum whose velocity is free of the rate."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["CorrectedMomentumSGD"]


class CorrectedMomentumSGDRule(UpdateRule):
    r"""v ← momentum v - g, p ← p + lr v."""

    op = "corrected_momentum_sgd_step"
    keys = ("v",)
    names = ("lr", "momentum")


class CorrectedMomentumSGD(GradientMethod):
    r"""Gradient descent with momentum, the rate applied to the velocity and not to the gradient.

    .. math:: v \leftarrow momentum\, v - g, \quad p \leftarrow p + lr\, v

    Unlike in ``MomentumSGD``, a change of the rate acts at once on the whole velocity.

    Args:
        lr: the learning rate; both may also be schedules ``t -> number``.
        momentum: how much of the velocity stays in each update.

    >>> model = rk.Link(w=1)
    >>> model.w.array[...] = 1
    >>> optimizer = rk.optimizers.CorrectedMomentumSGD(lr=0.1, momentum=0.5).setup(model)
    >>> for _ in range(2):
    ...     optimizer.update(lambda: F.sum(model.w * 2))
    >>> model.w.array
    array([0.5], dtype=float32)
    """

    rule = CorrectedMomentumSGDRule
    lr: Any = hyperparameter()
    momentum: Any = hyperparameter()

    def __init__(self, lr: Any = 0.01, momentum: Any = 0.9) -> None:
        super().__init__(lr=lr, momentum=momentum)
