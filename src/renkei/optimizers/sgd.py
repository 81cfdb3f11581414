"""SGD: stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["SGD"]


class SGDRule(UpdateRule):
    r"""p ← p - lr g."""

    op = "sgd_step"
    names = ("lr",)


class SGD(GradientMethod):
    r"""Stochastic gradient descent.

    .. math:: p \leftarrow p - lr\, g

    Args:
        lr: the learning rate, a number or a schedule ``t -> number``.

    >>> model = L.Linear(2, 1, initialW=1)
    >>> optimizer = rk.optimizers.SGD(lr=0.5).setup(model)
    >>> x = np.array([[1, 2]], np.float32)
    >>> optimizer.update(lambda: F.sum(model(x)))
    >>> model.W.array
    array([[0.5, 0. ]], dtype=float32)
    """

    rule = SGDRule
    lr: Any = hyperparameter()

    def __init__(self, lr: Any = 0.01) -> None:
        super().__init__(lr=lr)
