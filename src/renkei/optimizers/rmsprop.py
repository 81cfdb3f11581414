"""RMSprop: rates from the running mean of the squared gradient."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["RMSprop"]


class RMSpropRule(UpdateRule):
    r"""ms ← α ms + (1 - α) g², p ← p - lr g / (√ms + eps)."""

    op = "rmsprop_step"
    keys = ("ms",)
    names = ("lr", "alpha", "eps", "eps_inside_sqrt")


class RMSprop(GradientMethod):
    r"""Divides the gradient by the root of its running mean square.

    .. math:: ms \leftarrow \alpha\, ms + (1 - \alpha) g^2, \quad
              p \leftarrow p - lr\, g / (\sqrt{ms} + eps)

    Args:
        lr: the learning rate; all numbers may also be schedules ``t -> number``.
        alpha: how much of the mean stays in each update, α.
        eps: added to the divisor.
        eps_inside_sqrt: divide by √(ms + eps) instead.

    Tieleman and Hinton, "Lecture 6.5 - rmsprop" (2012).

    >>> model = rk.Link(w=1)
    >>> model.w.array[...] = 1
    >>> optimizer = rk.optimizers.RMSprop(lr=0.01).setup(model)
    >>> optimizer.update(lambda: F.sum(model.w * 2))
    >>> print(np.round(model.w.array, 3))
    [0.9]
    """

    rule = RMSpropRule
    lr: Any = hyperparameter()
    alpha: Any = hyperparameter()
    eps: Any = hyperparameter()
    eps_inside_sqrt: Any = hyperparameter()

    def __init__(
        self, lr: Any = 0.01, alpha: Any = 0.99, eps: Any = 1e-8, eps_inside_sqrt: bool = False
    ) -> None:
        super().__init__(lr=lr, alpha=alpha, eps=eps, eps_inside_sqrt=eps_inside_sqrt)
