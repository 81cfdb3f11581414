"""NesterovAG: momentum that looks one step ahead."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["NesterovAG"]


class NesterovAGRule(UpdateRule):
    r"""v ← momentum v - lr g, p ← p + momentum² v - (1 + momentum) lr g."""

    op = "nesterov_ag_step"
    keys = ("v",)
    names = ("lr", "momentum")


class NesterovAG(GradientMethod):
    r"""Nesterov's accelerated gradient.

    .. math::
        v \leftarrow momentum\, v - lr\, g, \quad
        p \leftarrow p + momentum^2 v - (1 + momentum)\, lr\, g

    Args:
        lr: the learning rate; both may also be schedules ``t -> number``.
        momentum: how much of the velocity stays in each update.

    Bengio et al., "Advances in optimizing recurrent networks" (2013), whose v lags by one update:
    this is the same sequence of parameters.

    >>> model = rk.Link(w=1)
    >>> model.w.array[...] = 1
    >>> optimizer = rk.optimizers.NesterovAG(lr=0.1, momentum=0.5).setup(model)
    >>> optimizer.update(lambda: F.sum(model.w * 2))
    >>> model.w.array
    array([0.65], dtype=float32)
    """

    rule = NesterovAGRule
    lr: Any = hyperparameter()
    momentum: Any = hyperparameter()

    def __init__(self, lr: Any = 0.01, momentum: Any = 0.9) -> None:
        super().__init__(lr=lr, momentum=momentum)
