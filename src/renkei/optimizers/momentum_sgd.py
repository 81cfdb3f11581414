"""MomentumSGD: gradient descent with a velocity."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["MomentumSGD"]


class MomentumSGDRule(UpdateRule):
    r"""v ← momentum v - lr g, p ← p + v."""

    op = "momentum_sgd_step"
    keys = ("v",)
    names = ("lr", "momentum")


class MomentumSGD(GradientMethod):
    r"""Gradient descent with momentum.

    .. math:: v \leftarrow momentum\, v - lr\, g, \quad p \leftarrow p + v

    Args:
        lr: the learning rate; both may also be schedules ``t -> number``.
        momentum: how much of the velocity stays in each update.

    Polyak, "Some methods of speeding up the convergence of iteration methods" (1964).

    >>> model = rk.Link(w=1)
    >>> model.w.array[...] = 1
    >>> optimizer = rk.optimizers.MomentumSGD(lr=0.1, momentum=0.5).setup(model)
    >>> for _ in range(2):
    ...     optimizer.update(lambda: F.sum(model.w * 2))
    >>> model.w.array
    array([0.5], dtype=float32)
    """

    rule = MomentumSGDRule
    lr: Any = hyperparameter()
    momentum: Any = hyperparameter()

    def __init__(self, lr: Any = 0.01, momentum: Any = 0.9) -> None:
        super().__init__(lr=lr, momentum=momentum)
