"""SMORMS3: rates from the ratio of the squared mean and the mean square."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["SMORMS3"]


class SMORMS3Rule(UpdateRule):
    r"""x = ḡ² / (g2 + eps), p ← p - g min(x, lr) / (√g2 + eps), mem ← 1 + mem (1 - x)."""

    op = "smorms3_step"
    keys = ("mem", "g", "g2")
    names = ("lr", "eps")

    def init(self, p: Any) -> dict[str, Any]:
        state = super().init(p)
        state["mem"][...] = 1
        return state


class SMORMS3(GradientMethod):
    r"""The squared mean cubed over the root mean square cubed.

    .. math::
        r = 1 / (mem + 1), \quad \bar g \leftarrow (1 - r) \bar g + r g, \quad
        g_2 \leftarrow (1 - r) g_2 + r g^2, \quad x = \bar g^2 / (g_2 + eps), \\
        p \leftarrow p - g \min(x, lr) / (\sqrt{g_2} + eps), \quad mem \leftarrow 1 + mem (1 - x)

    Args:
        lr: the largest rate; both may also be schedules ``t -> number``.
        eps: added to the divisors.

    Funk, "RMSprop loses to SMORMS3" (2015).

    >>> model = rk.Link(w=1)
    >>> model.w.array[...] = 1
    >>> optimizer = rk.optimizers.SMORMS3(lr=0.1).setup(model)
    >>> optimizer.update(lambda: F.sum(model.w * 2))
    >>> print(np.round(model.w.array, 3))
    [0.859]
    """

    rule = SMORMS3Rule
    lr: Any = hyperparameter()
    eps: Any = hyperparameter()

    def __init__(self, lr: Any = 0.001, eps: Any = 1e-16) -> None:
        super().__init__(lr=lr, eps=eps)
