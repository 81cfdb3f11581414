"""AdaBound: Adam whose rates are drawn between two bounds that close."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.adam import Adam, AdamRule

__all__ = ["AMSBound", "AdaBound"]


class AdaBoundRule(AdamRule):
    r"""p ← p - η(clip(αₜ / (√v + eps), lower, upper) m + wd p), with Adam's m and v."""

    op = "ada_bound_step"

    def scalars(self, t: int) -> dict[str, Any]:
        values = self.hyperparam.values(t)
        # Lowering alpha lowers the bounds in proportion: to what it was at first.
        initial_alpha = values.get("initial_alpha", values["alpha"])
        final_lr = values["final_lr"] * values["alpha"] / initial_alpha
        gamma = values["gamma"]
        bounds = {
            "lower": final_lr * (1 - 1 / (gamma * t + 1)),
            "upper": final_lr * (1 + 1 / (gamma * t)),
        }
        return {**super().scalars(t), **bounds}


class AMSBoundRule(AdaBoundRule):
    r"""AdaBound with v̂ ← max(v̂, v) in the place of v."""

    op = "ams_bound_step"
    keys = ("m", "v", "vhat")


class AdaBound(Adam):
    r"""Begins as Adam and ends as SGD: the rate of each element is kept between two bounds.

    .. math::
        p \leftarrow p - \eta\, m\, \mathrm{clip}(\alpha_t / (\sqrt v + eps),
        final\_lr (1 - 1 / (\gamma t + 1)), final\_lr (1 + 1 / (\gamma t)))

    Args:
        alpha: the rate of Adam; changing it later changes the bounds in proportion.
        beta1: how much of the mean of g stays in each update.
        beta2: how much of the mean of g² stays.
        final_lr: where the bounds meet in the end.
        gamma: how fast they do.
        eps: added to the divisor.
        eta: multiplies the whole change.

    Luo et al., "Adaptive gradient methods with dynamic bound of learning rate" (2019).

    >>> rk.optimizers.AdaBound().final_lr
    0.1
    """

    def __init__(
        self,
        alpha: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        final_lr: Any = 0.1,
        gamma: Any = 0.001,
        eps: Any = 1e-8,
        eta: Any = 1.0,
    ) -> None:
        super().__init__(
            alpha, beta1, beta2, eps, eta, adabound=True, final_lr=final_lr, gamma=gamma
        )


class AMSBound(Adam):
    r"""AdaBound whose divisor never shrinks: it takes the largest v so far.

    Args:
        alpha: the rate of Adam; changing it later changes the bounds in proportion.
        beta1: how much of the mean of g stays in each update.
        beta2: how much of the mean of g² stays.
        final_lr: where the bounds meet in the end.
        gamma: how fast they do.
        eps: added to the divisor.
        eta: multiplies the whole change.

    Luo et al., "Adaptive gradient methods with dynamic bound of learning rate" (2019).

    >>> optimizer = rk.optimizers.AMSBound()
    >>> optimizer.amsgrad, optimizer.adabound
    (True, True)
    """

    def __init__(
        self,
        alpha: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        final_lr: Any = 0.1,
        gamma: Any = 0.001,
        eps: Any = 1e-8,
        eta: Any = 1.0,
    ) -> None:
        super().__init__(
            alpha, beta1, beta2, eps, eta, 0.0, True, True, final_lr=final_lr, gamma=gamma
        )
