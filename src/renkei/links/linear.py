"""Linear: the fully connected layer."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from renkei.core.errors import UsageError
from renkei.core.parameter import Parameter
from renkei.functions.linear import linear
from renkei.initializers import get_initializer
from renkei.links.link import Link
from renkei.links.sizes import check_sizes, input_shape

__all__ = ["Linear"]


class Linear(Link):
    r"""The fully connected layer :math:`y = x W^T + b`.

    Args:
        in_size: the number of input features; None: taken from the first input. ``Linear(10)`` is
            ``Linear(None, 10)``.
        out_size: the number of output features.
        nobias: leave ``b`` out.
        initialW: what fills ``W`` (out_size, in_size); None: LeCunNormal.
        initial_bias: what fills ``b`` (out_size,); None: zeros.

    >>> layer = L.Linear(3, 2)
    >>> layer(np.ones((5, 3), np.float32)).shape
    (5, 2)
    >>> layer
    Linear(in_size=3, out_size=2, nobias=False)
    >>> L.Linear(10).W.is_initialized
    False
    """

    _shown: ClassVar[tuple[str, ...]] = ("in_size", "out_size", "nobias")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size", "out_size")

    def __init__(
        self,
        in_size: int | None,
        out_size: int | None = None,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        if out_size is None:
            in_size, out_size = None, in_size
        if out_size is None:
            raise UsageError("Linear()", "no size", "at least out_size")
        check_sizes("Linear", in_size=in_size, out_size=out_size)
        self.out_size = out_size
        self.W = Parameter(get_initializer(initialW))
        if in_size is not None:
            self.W.initialize((self.out_size, in_size))
        self.b = None
        if not nobias:
            self.b = Parameter(get_initializer(initial_bias, 0), self.out_size)

    @property
    def in_size(self) -> int | None:
        """The number of input features; None while it is open."""
        return self.W.shape[1] if self.W.is_initialized else None

    @property
    def nobias(self) -> bool:
        """Whether there is no bias."""
        return self.b is None

    def forward(self, x: Any, n_batch_axes: int = 1) -> Any:
        r"""Applies the layer.

        Args:
            x: array or Variable; the axes after the batch axes are taken as one.
            n_batch_axes: how many leading axes are batch axes.

        Returns:
            Variable of the batch axes of ``x`` and ``out_size``.
        """
        W = self.W
        if W._array is None:
            shape = input_shape("Linear(...)(x)", x, n_batch_axes + 1, "batch axes and features")
            W.initialize((self.out_size, math.prod(shape[n_batch_axes:])))
        return linear(x, W, self.b, n_batch_axes)
