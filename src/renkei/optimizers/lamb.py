"""LAMB: Adam whose step is in proportion to the length of each parameter, for large batches."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["LAMB"]


class LAMBRule(UpdateRule):
    r"""m, v as in Adam, r = m̂ / (√v̂ + eps) + wd p, p ← p - α (‖p‖ / ‖r‖) r."""

    op = "lamb_step"
    keys = ("m", "v")
    names = ("alpha", "beta1", "beta2", "eps", "weight_decay_rate")

    def scalars(self, t: int) -> dict[str, Any]:
        values = super().scalars(t)
        corrections = {f"correction{i}": 1 - values[f"beta{i}"] ** t for i in (1, 2)}
        return {**values, **corrections}


class LAMB(GradientMethod):
    r"""Adam with a rate for each parameter array: its length over that of the step.

    .. math::
        m \leftarrow m + (1 - \beta_1)(g - m), \quad v \leftarrow v + (1 - \beta_2)(g^2 - v), \\
        r = \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + eps}
            + weight\_decay\_rate \, p, \quad
        p \leftarrow p - \alpha \frac{\|p\|}{\|r\|} r

    Where p or r is zero throughout, the ratio is 1.

    Args:
        alpha: the rate α. All numbers may also be schedules ``t -> number``.
        beta1: how much of the mean of g stays in each update, β₁.
        beta2: how much of the mean of g² stays, β₂.
        eps: added to the divisor.
        weight_decay_rate: decoupled weight decay.

    You et al., "Large batch optimization for deep learning: training BERT in 76 minutes" (2020).

    >>> model = L.Linear(2, 1, initialW=2)
    >>> optimizer = rk.optimizers.LAMB(alpha=0.1).setup(model)
    >>> x = np.array([[1, -2]], np.float32)
    >>> optimizer.update(lambda: F.sum(model(x)))
    >>> print(np.round(model.W.array, 3))
    [[1.8 2.2]]
    """

    rule = LAMBRule
    alpha: Any = hyperparameter()
    beta1: Any = hyperparameter()
    beta2: Any = hyperparameter()
    eps: Any = hyperparameter()
    weight_decay_rate: Any = hyperparameter()

    def __init__(
        self,
        alpha: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-6,
        weight_decay_rate: Any = 0.0,
    ) -> None:
        super().__init__(
            alpha=alpha, beta1=beta1, beta2=beta2, eps=eps, weight_decay_rate=weight_decay_rate
        )
