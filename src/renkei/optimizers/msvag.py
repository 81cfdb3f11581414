"""MSVAG: momentum SGD, damped where the gradient's sign is uncertain."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["MSVAG"]


class MSVAGRule(UpdateRule):
    r"""Momentum SGD times m̂² / (m̂² + ρ s) with the variance s of the gradient."""

    op = "msvag_step"
    keys = ("m", "v")
    names = ("lr", "beta", "eta", "weight_decay_rate")

    def scalars(self, t: int) -> dict[str, Any]:
        scalars = super().scalars(t)
        beta = scalars["beta"]
        power = beta**t
        rho = (1 - beta) ** 2 * (1 - power**2) / ((1 - power) ** 2 * (1 - beta**2))
        # At t = 1 it is 1: one sample has no variance.
        return {**scalars, "beta_power": power, "rho": min(rho, 0.9999)}


class MSVAG(GradientMethod):
    r"""Momentum SGD with variance adaptation: uncertain gradients are damped.

    .. math::
        m \leftarrow m + (1 - \beta)(g - m), \quad v \leftarrow v + (1 - \beta)(g^2 - v), \quad
        \hat m = m / (1 - \beta^t), \quad \hat v = v / (1 - \beta^t), \\
        \rho = \frac{(1 - \beta)^2 (1 - \beta^{2t})}{(1 - \beta^t)^2 (1 - \beta^2)}, \quad
        s = (\hat v - \hat m^2) / (1 - \rho), \\
        p \leftarrow p - \eta (lr\, \hat m\, \frac{\hat m^2}{\hat m^2 + \rho s}
        + weight\_decay\_rate\, p)

    Args:
        lr: the learning rate; all may also be schedules ``t -> number``.
        beta: how much of the running means stays in each update, β.
        eta: multiplies the whole change, for warm restarts, η.
        weight_decay_rate: decoupled weight decay.

    Balles and Hennig, "Dissecting Adam: the sign, magnitude and variance of stochastic gradients"
    (2018).

    >>> model = rk.Link(w=1)
    >>> model.w.array[...] = 1
    >>> optimizer = rk.optimizers.MSVAG(lr=0.1).setup(model)
    >>> optimizer.update(lambda: F.sum(model.w * 2))
    >>> model.w.array
    array([0.8], dtype=float32)
    """

    rule = MSVAGRule
    lr: Any = hyperparameter()
    beta: Any = hyperparameter()
    eta: Any = hyperparameter()
    weight_decay_rate: Any = hyperparameter()

    def __init__(
        self, lr: Any = 0.1, beta: Any = 0.9, eta: Any = 1.0, weight_decay_rate: Any = 0.0
    ) -> None:
        super().__init__(lr=lr, beta=beta, eta=eta, weight_decay_rate=weight_decay_rate)
