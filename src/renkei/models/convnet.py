"""ConvNet: stages of 3x3 convolutions for small images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from renkei.functions.activation import relu
from renkei.functions.noise import dropout
from renkei.functions.pooling import max_pooling_2d
from renkei.links.chain import Chain
from renkei.links.conv import Convolution2D
from renkei.links.linear import Linear
from renkei.links.normalization import BatchNormalization

__all__ = ["ConvNet"]


class ConvNet(Chain):
    r"""A small convolutional classifier.

    Each stage is some blocks of a 3x3 convolution, batch normalization and a rectified linear unit,
    and halves height and width at its end; a linear layer gives the classes' scores.

    Args:
        classes: how many scores come out.
        stages: for each stage the channels of its blocks.
        dropout: the ratio that is dropped before the linear layer while training.

    >>> from renkei.models import ConvNet
    >>> model = ConvNet(10)
    >>> model(np.zeros((2, 1, 8, 8), np.float32)).shape, model.count_params()
    ((2, 10), 30762)
    """

    def __init__(
        self,
        classes: int,
        stages: Sequence[Sequence[int]] = ((32, 32), (64,)),
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.stages = [[_Block(width) for width in widths] for widths in stages]
        self.head = Linear(None, classes)
        self.dropout = dropout

    def forward(self, x: Any) -> Any:
        for stage in self.stages:
            for block in stage:
                x = block(x)
            x = max_pooling_2d(x, 2)
        return self.head(dropout(x, self.dropout))


class _Block(Chain):
    """A 3x3 convolution that keeps the size, batch normalization, a rectified linear unit."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = Convolution2D(None, width, 3, pad=1, nobias=True)
        self.norm = BatchNormalization(width)

    def forward(self, x: Any) -> Any:
        return relu(self.norm(self.conv(x)))
