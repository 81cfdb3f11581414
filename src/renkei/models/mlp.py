"""MLP: fully connected layers with rectified linear units between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from renkei.functions.activation import relu
from renkei.functions.noise import dropout
from renkei.links.chain import Chain
from renkei.links.linear import Linear

__all__ = ["MLP"]


class MLP(Chain):
    r"""A multi-layer perceptron: :math:`h_{i+1} = \max(0, W_i h_i + b_i)`, the last layer linear.

    Args:
        classes: how many numbers come out.
        hidden: the widths of the layers between.
        dropout: the ratio that is dropped after each of them while training.

    >>> from renkei.models import MLP
    >>> MLP(10, hidden=[16])(np.zeros((2, 1, 8, 8), np.float32)).shape
    (2, 10)
    """

    def __init__(self, classes: int, hidden: Sequence[int] = (100,), dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = [Linear(None, width) for width in hidden]
        self.head = Linear(None, classes)
        self.dropout = dropout

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = relu(layer(x))
            if self.dropout:
                x = dropout(x, self.dropout)
        return self.head(x)
