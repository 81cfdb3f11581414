"""AdaDelta: steps in the units of the parameters, without a rate."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["AdaDelta"]


class AdaDeltaRule(UpdateRule):
    r"""dx = √((msdx + eps) / (msg + eps)) g, p ← p - dx; running means msg of g², msdx of dx²."""

    op = "ada_delta_step"
    keys = ("msg", "msdx")
    names = ("rho", "eps")


class AdaDelta(GradientMethod):
    r"""Steps whose size comes from the sizes of earlier steps.

    .. math::
        msg \leftarrow \rho\, msg + (1 - \rho) g^2, \quad
        dx = \sqrt{(msdx + eps) / (msg + eps)}\, g, \\
        msdx \leftarrow \rho\, msdx + (1 - \rho) dx^2, \quad p \leftarrow p - dx

    Args:
        rho: how much of the running means stays in each update, ρ; may be a schedule.
        eps: keeps the quotient finite, and sets the size of the first step.

    Zeiler, "ADADELTA: an adaptive learning rate method" (2012).

    >>> model = rk.Link(w=1)
    >>> model.w.array[...] = 1
    >>> optimizer = rk.optimizers.AdaDelta(eps=1e-2).setup(model)
    >>> optimizer.update(lambda: F.sum(model.w * 2))
    >>> print(np.round(model.w.array, 3))
    [0.564]
    """

    rule = AdaDeltaRule
    rho: Any = hyperparameter()
    eps: Any = hyperparameter()

    def __init__(self, rho: Any = 0.95, eps: Any = 1e-6) -> None:
        super().__init__(rho=rho, eps=eps)
