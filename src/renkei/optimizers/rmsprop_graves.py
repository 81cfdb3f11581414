"""RMSpropGraves: RMSprop with momentum and the variance in place of the mean square."""

from __future__ import annotations

from typing import Any

from renkei.optimizers.optimizer import GradientMethod
from renkei.optimizers.update_rule import UpdateRule, hyperparameter

__all__ = ["RMSpropGraves"]


class RMSpropGravesRule(UpdateRule):
    r"""With running means n of g² and ḡ of g: delta ← momentum delta - lr g / √(n - ḡ² + eps)."""

    op = "rmsprop_graves_step"
    keys = ("n", "g", "delta")
    names = ("lr", "alpha", "momentum", "eps")


class RMSpropGraves(GradientMethod):
    r"""RMSprop as Alex Graves uses it: with the variance of the gradient, and momentum.

    .. math::
        n \leftarrow \alpha n + (1 - \alpha) g^2, \quad
        \bar g \leftarrow \alpha \bar g + (1 - \alpha) g, \\
        delta \leftarrow momentum\, delta - lr\, g / \sqrt{n - \bar g^2 + eps}, \quad
        p \leftarrow p + delta

    Args:
        lr: the learning rate; all may also be schedules ``t -> number``.
        alpha: how much of the running means stays in each update, α.
        momentum: how much of the last step stays.
        eps: added under the root.

    Graves, "Generating sequences with recurrent neural networks" (2013).

    >>> model = rk.Link(w=1)
    >>> model.w.array[...] = 1
    >>> optimizer = rk.optimizers.RMSpropGraves(lr=0.1).setup(model)
    >>> optimizer.update(lambda: F.sum(model.w * 2))
    >>> print(np.round(model.w.array, 3))
    [0.541]
    """

    rule = RMSpropGravesRule
    lr: Any = hyperparameter()
    alpha: Any = hyperparameter()
    momentum: Any = hyperparameter()
    eps: Any = hyperparameter()

    def __init__(
        self, lr: Any = 1e-4, alpha: Any = 0.95, momentum: Any = 0.9, eps: Any = 1e-4
    ) -> None:
        super().__init__(lr=lr, alpha=alpha, momentum=momentum, eps=eps)
