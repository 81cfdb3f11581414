"""AdaGrad: rates that fall with the gradients seen so far."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["AdaGrad"]


class AdaGradRule(UpdateRule):
    r"""h ← h + g², p ← p - lr g / (√h + eps)."""

    op = "ada_grad_step"
    keys = ("h",)
    names = ("lr", "eps")


class AdaGrad(GradientMethod):
    r"""Each element's rate falls with the sum of its squared gradients.

    .. math:: h \leftarrow h + g^2, \quad p \leftarrow p - lr\, g / (\sqrt h + eps)

    Args:
        lr: the learning rate; both may also be schedules ``t -> number``.
        eps: added to the divisor.

    Duchi et al., "Adaptive subgradient methods" (2011).

    >>> model = rk.Link(w=1)
    >>> model.w.array[...] = 1
    >>> optimizer = rk.optimizers.AdaGrad(lr=0.1).setup(model)
    >>> optimizer.update(lambda: F.sum(model.w * 2))
    >>> model.w.array
    array([0.9], dtype=float32)
    """

    rule = AdaGradRule
    lr: Any = hyperparameter()
    eps: Any = hyperparameter()

    def __init__(self, lr: Any = 0.001, eps: Any = 1e-8) -> None:
        super().__init__(lr=lr, eps=eps)
