"""Adam and AMSGrad: rates from running means of the gradient and its square."""

from __future__ import annotations

import math
from typing import Any

from renkei.core.errors import UsageError
from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["AMSGrad", "Adam", "AdamW"]


class AdamRule(UpdateRule):
    r"""m ← m + (1 - β1)(g - m), v ← v + (1 - β2)(g² - v), p ← p - η(αₜ m / (√v + eps) + wd p)."""

    op = "adam_step"
    keys: Any = ("m", "v")
    names = ("beta1", "beta2", "eps", "eta", "weight_decay_rate")

    def scalars(self, t: int) -> dict[str, Any]:
        values = self.hyperparam.values(t)
        alpha_t = corrected_alpha(values["alpha"], values["beta1"], values["beta2"], t)
        return {"alpha_t": alpha_t, **{name: values[name] for name in self.names}}

    def fused(self, ps: list[Any], gs: list[Any], columns: list[Any], scalars: Any) -> None:
        alpha_ts = [scalars["alpha_t"]] * len(ps)
        rest = {name: value for name, value in scalars.items() if name != "alpha_t"}
        super().fused(ps, gs, columns, {"alpha_ts": alpha_ts, **rest})

    @property
    def alpha_t(self) -> float:
        """The rate of the last update with its bias correction."""
        if self.t == 0:
            raise UsageError("AdamRule.alpha_t", "no update yet")
        return self.scalars(self.t)["alpha_t"]


class AMSGradRule(AdamRule):
    r"""Adam with v̂ ← max(v̂, v) in the place of v."""

    op = "amsgrad_step"
    keys = ("m", "v", "vhat")


def corrected_alpha(alpha: float, beta1: float, beta2: float, t: int) -> float:
    """alpha √(1 - beta2ᵗ) / (1 - beta1ᵗ): the means begin with zeros and are too small at first."""
    return alpha * math.sqrt(1 - beta2**t) / (1 - beta1**t)


class Adam(GradientMethod):
    r"""Adaptive moments.

    .. math::
        m \leftarrow m + (1 - \beta_1)(g - m), \quad v \leftarrow v + (1 - \beta_2)(g^2 - v), \\
        \alpha_t = \alpha \sqrt{1 - \beta_2^t} / (1 - \beta_1^t), \quad
        p \leftarrow p - \eta (\alpha_t m / (\sqrt v + eps) + weight\_decay\_rate\, p)

    Args:
        alpha: the rate α. All numbers may also be schedules ``t -> number``.
        beta1: how much of the mean of g stays in each update, β₁.
        beta2: how much of the mean of g² stays, β₂.
        eps: added to the divisor.
        eta: multiplies the whole change, for warm restarts, η.
        weight_decay_rate: decoupled weight decay.
        amsgrad: use the largest v so far (``AMSGrad``).
        adabound: keep the rates of all elements between two bounds (``AdaBound``).
        final_lr: where the bounds meet in the end.
        gamma: how fast they do.

    Kingma and Ba, "Adam: a method for stochastic optimization" (2015).

    >>> model = L.Linear(2, 1, initialW=1)
    >>> optimizer = rk.optimizers.Adam(alpha=0.1).setup(model)
    >>> x = np.array([[1, 2]], np.float32)
    >>> optimizer.update(lambda: F.sum(model(x)))
    >>> print(np.round(model.W.array, 3))
    [[0.9 0.9]]
    """

    alpha: Any = hyperparameter()
    beta1: Any = hyperparameter()
    beta2: Any = hyperparameter()
    eps: Any = hyperparameter()
    eta: Any = hyperparameter()
    weight_decay_rate: Any = hyperparameter()
    amsgrad: Any = hyperparameter()
    adabound: Any = hyperparameter()
    final_lr: Any = hyperparameter()
    gamma: Any = hyperparameter()

    def __init__(
        self,
        alpha: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-8,
        eta: Any = 1.0,
        weight_decay_rate: Any = 0.0,
        amsgrad: bool = False,
        adabound: bool = False,
        final_lr: Any = 0.1,
        gamma: Any = 0.001,
    ) -> None:
        super().__init__(
            alpha=alpha,
            beta1=beta1,
            beta2=beta2,
            eps=eps,
            eta=eta,
            weight_decay_rate=weight_decay_rate,
            amsgrad=amsgrad,
            adabound=adabound,
            final_lr=final_lr,
            gamma=gamma,
        )

    def create_update_rule(self) -> UpdateRule:
        if self.adabound:
            from renkei.optimizers.ada_bound import AdaBoundRule, AMSBoundRule  # built on this one

            self.hyperparam.__dict__["initial_alpha"] = self.hyperparam.values(1)["alpha"]
            return (AMSBoundRule if self.amsgrad else AdaBoundRule)(self.hyperparam)
        return (AMSGradRule if self.amsgrad else AdamRule)(self.hyperparam)

    @property
    def alpha_t(self) -> float:
        """The rate of the last update with its bias correction."""
        if self.t == 0:
            raise UsageError(
                "Can't determine the learning rate of Adam",
                "no update yet",
                hint="The first rate, of update 1, is alpha * sqrt(1 - beta2) / (1 - beta1).",
            )
        values = self.hyperparam.values(self.t)
        return corrected_alpha(values["alpha"], values["beta1"], values["beta2"], self.t)

    @property
    def lr(self) -> float:
        """The same as ``alpha_t``."""
        return self.alpha_t


class AdamW(Adam):
    r"""Adam with decoupled weight decay: p also shrinks by eta · weight_decay_rate · p.

    Args:
        alpha: the rate.
        beta1: how much of the mean of g stays in each update.
        beta2: how much of the mean of g² stays.
        eps: added to the divisor.
        eta: multiplies the whole change, for warm restarts.
        weight_decay_rate: the strength of the decay.

    Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).

    >>> rk.optimizers.AdamW(weight_decay_rate=0.01).weight_decay_rate
    0.01
    """

    def __init__(
        self,
        alpha: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-8,
        eta: Any = 1.0,
        weight_decay_rate: Any = 0.0,
    ) -> None:
        super().__init__(alpha, beta1, beta2, eps, eta, weight_decay_rate)


class AMSGrad(Adam):
    r"""Adam whose divisor never shrinks: it takes the largest v so far.

    .. math:: \hat v \leftarrow \max(\hat v, v), \quad
              p \leftarrow p - \eta \alpha_t m / (\sqrt{\hat v} + eps)

    Args:
        alpha: the rate.
        beta1: how much of the mean of g stays in each update.
        beta2: how much of the mean of g² stays.
        eps: added to the divisor.
        eta: multiplies the whole change.

    Reddi et al., "On the convergence of Adam and beyond" (2018).

    >>> rk.optimizers.AMSGrad().amsgrad
    True
    """

    def __init__(
        self,
        alpha: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-8,
        eta: Any = 1.0,
    ) -> None:
        super().__init__(alpha, beta1, beta2, eps, eta, amsgrad=True)
