"""Lion: steps of one size, in the direction of the sign of a running mean."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["Lion"]


class LionRule(UpdateRule):
    r"""p ← p - lr (sign(β1 m + (1 - β1) g) + wd p), m ← β2 m + (1 - β2) g."""

    op = "lion_step"
    keys = ("m",)
    names = ("lr", "beta1", "beta2", "weight_decay_rate")


class Lion(GradientMethod):
    r"""The sign of a running mean of gradients, with one array of state.

    .. math::
        p \leftarrow p - lr \, (\mathrm{sign}(\beta_1 m + (1 - \beta_1) g)
            + weight\_decay\_rate \, p), \quad
        m \leftarrow \beta_2 m + (1 - \beta_2) g

    A good rate is three to ten times smaller than Adam's, and a good decay as many times larger.

    Args:
        lr: the rate. All numbers may also be schedules ``t -> number``.
        beta1: how much of the mean goes into a step, β₁.
        beta2: how much of the mean stays in each update, β₂.
        weight_decay_rate: decoupled weight decay.

    Chen et al., "Symbolic discovery of optimization algorithms" (2023).

    >>> model = L.Linear(2, 1, initialW=1)
    >>> optimizer = rk.optimizers.Lion(lr=0.1).setup(model)
    >>> x = np.array([[1, -2]], np.float32)
    >>> optimizer.update(lambda: F.sum(model(x)))
    >>> model.W.array
    array([[0.9, 1.1]], dtype=float32)
    """

    rule = LionRule
    lr: Any = hyperparameter()
    beta1: Any = hyperparameter()
    beta2: Any = hyperparameter()
    weight_decay_rate: Any = hyperparameter()

    def __init__(
        self,
        lr: Any = 1e-4,
        beta1: Any = 0.9,
        beta2: Any = 0.99,
        weight_decay_rate: Any = 0.0,
    ) -> None:
        super().__init__(lr=lr, beta1=beta1, beta2=beta2, weight_decay_rate=weight_decay_rate)
