"""softsign: the operation. Its kernels are in kernels.py."""

from __future__ import annotations

from typing import Any

import renkei as rk
import renkei.functions as F

__all__ = ["softsign"]


class Softsign(rk.Function):
    def check(self, x: Any) -> rk.Spec:
        return rk.Spec(x.shape, x.dtype)

    def forward(self, x: Any) -> Any:
        return self.kernel("softsign", x)

    def grad_x(self, gy: Any, x: Any) -> Any:
        return softsign_grad(x, gy)


@rk.composite
def softsign_grad(x: Any, gy: Any) -> Any:
    # The body gives the second gradient; where none is wanted, the C++ kernel runs instead.
    denominator = 1 + F.absolute(x)
    return gy / (denominator * denominator)


def softsign(x: Any) -> Any:
    r"""A sigmoid with heavy tails: :math:`y = x / (1 + |x|)`.

    Args:
        x: array or Variable of any shape.

    Returns:
        Array or Variable of the shape of ``x``.

    >>> softsign(np.array([0.0, 1.0, -3.0]))
    array([ 0.  ,  0.5 , -0.75])
    """
    return Softsign()(x)
