"""SimplifiedDropconnect: a fully connected layer that drops connections at random."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from renkei.core.parameter import Parameter
from renkei.functions.dropconnect import simplified_dropconnect
from renkei.initializers import get_initializer
from renkei.links.link import Link
from renkei.links.sizes import check_sizes, input_shape

__all__ = ["SimplifiedDropconnect"]


class SimplifiedDropconnect(Link):
    r"""The fully connected layer :math:`y = x (m \odot W)^T / (1 - ratio) + b`, m at random.

    Wan et al., "Regularization of neural networks using DropConnect" (2013).

    Args:
        in_size: the number of input features; None: taken from the first input.
        out_size: the number of output features.
        ratio: the probability that a connection is dropped.
        nobias: leave ``b`` out.
        initialW: what fills ``W`` (out_size, in_size); None: LeCunNormal.
        initial_bias: what fills ``b`` (out_size,); None: zeros.

    >>> L.SimplifiedDropconnect(3, 2)(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    _shown: ClassVar[tuple[str, ...]] = ("in_size", "out_size", "ratio", "nobias")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size", "out_size")

    def __init__(
        self,
        in_size: int | None,
        out_size: int,
        ratio: float = 0.5,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        check_sizes("SimplifiedDropconnect", in_size=in_size, out_size=out_size)
        self.out_size, self.ratio = out_size, ratio
        self.W = Parameter(get_initializer(initialW))
        if in_size is not None:
            self.W.initialize((out_size, in_size))
        self.b = None if nobias else Parameter(get_initializer(initial_bias, 0), out_size)

    @property
    def in_size(self) -> int | None:
        """The number of input features; None while it is open."""
        return self.W.shape[1] if self.W.is_initialized else None

    @property
    def nobias(self) -> bool:
        """Whether there is no bias."""
        return self.b is None

    def forward(
        self, x: Any, train: bool = True, mask: Any = None, use_batchwise_mask: bool = True
    ) -> Any:
        r"""Applies the layer.

        Args:
            x: array or Variable (batch, ...); the axes behind the first are taken as one.
            train: False: no connection is dropped. The configuration does not count.
            mask: array (batch, out_size, in_size) or (out_size, in_size) to take instead of a
                random one.
            use_batchwise_mask: choose anew for each example.

        Returns:
            Variable (batch, out_size).
        """
        if self.W._array is None:
            shape = input_shape("SimplifiedDropconnect(...)(x)", x, 2, "(batch, features)")
            self.W.initialize((self.out_size, math.prod(shape[1:])))
        return simplified_dropconnect(
            x, self.W, self.b, self.ratio, train, mask, use_batchwise_mask
        )
