"""Highway: a layer that may let its input pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renkei.core.variable import as_variable
from renkei.functions.activation import relu, sigmoid
from renkei.links.chain import Chain
from renkei.links.linear import Linear

__all__ = ["Highway"]


class Highway(Chain):
    r"""A layer and a gate that mixes its output with its input.

    .. math:: y = t \odot f(W_h x + b_h) + (1 - t) \odot x, \qquad t = \sigma(W_t x + b_t)

    Srivastava et al., "Highway networks" (2015).

    Args:
        in_out_size: the number of features of input and output.
        nobias: leave the biases out.
        activate: the function f.
        init_Wh: what fills :math:`W_h` (size, size), the weight of ``plain``; None: LeCunNormal.
        init_Wt: what fills :math:`W_t`, the weight of ``transform``; None: LeCunNormal.
        init_bh: what fills :math:`b_h`; None: zeros.
        init_bt: what fills :math:`b_t`; below zero the layer lets its input pass at first.

    >>> L.Highway(3)(np.ones((5, 3), np.float32)).shape
    (5, 3)
    """

    def __init__(
        self,
        in_out_size: int,
        nobias: bool = False,
        activate: Callable[[Any], Any] = relu,
        init_Wh: Any = None,
        init_Wt: Any = None,
        init_bh: Any = None,
        init_bt: Any = -1,
    ) -> None:
        super().__init__()
        self.activate = activate
        size = in_out_size
        self.plain = Linear(size, size, nobias, init_Wh, init_bh)
        self.transform = Linear(size, size, nobias, init_Wt, init_bt)

    def forward(self, x: Any) -> Any:
        """Applies the layer; the shape (batch, in_out_size) stays."""
        x = as_variable(x)
        gate = sigmoid(self.transform(x))
        return self.activate(self.plain(x)) * gate + x * (1 - gate)
