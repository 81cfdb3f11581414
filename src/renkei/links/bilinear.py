"""Bilinear: a layer of two inputs."""

from __future__ import annotations

from typing import Any, ClassVar

from renkei.core.errors import DtypeError, describe
from renkei.core.parameter import Parameter
from renkei.functions.bilinear import bilinear
from renkei.initializers import get_initializer
from renkei.links.link import Link
from renkei.links.sizes import check_sizes

__all__ = ["Bilinear"]


class Bilinear(Link):
    r"""A bilinear function of two inputs, with linear parts: a neural tensor layer.

    .. math:: y_{i l} = \sum_{j k} e^1_{i j} e^2_{i k} W_{j k l}
        + \sum_j e^1_{i j} V^1_{j l} + \sum_k e^2_{i k} V^2_{k l} + b_l

    Socher et al., "Reasoning with neural tensor networks for knowledge base completion" (2013).

    Args:
        left_size: the number of features of the first input.
        right_size: the number of features of the second input.
        out_size: the number of outputs.
        nobias: leave ``V1``, ``V2`` and ``b`` out.
        initialW: what fills ``W`` (left_size, right_size, out_size); None: LeCunNormal.
        initial_bias: a tuple of what fills ``V1`` (left_size, out_size), ``V2``
            (right_size, out_size) and ``b`` (out_size,); None: LeCunNormal and zeros.

    Raises:
        DtypeError: ``initial_bias`` is neither a tuple of three nor None.

    >>> L.Bilinear(3, 4, 5)(np.ones((2, 3), np.float32), np.ones((2, 4), np.float32)).shape
    (2, 5)
    """

    _shown: ClassVar[tuple[str, ...]] = ("left_size", "right_size", "out_size", "nobias")
    _sizes: ClassVar[tuple[str, ...]] = ("left_size", "right_size", "out_size")

    def __init__(
        self,
        left_size: int,
        right_size: int,
        out_size: int,
        nobias: bool = False,
        initialW: Any = None,
        initial_bias: Any = None,
    ) -> None:
        super().__init__()
        check_sizes("Bilinear", left_size=left_size, right_size=right_size, out_size=out_size)
        self.left_size, self.right_size, self.out_size = left_size, right_size, out_size
        self.W = Parameter(get_initializer(initialW), (left_size, right_size, out_size))
        fills = (None, None, 0) if initial_bias is None else initial_bias
        if not isinstance(fills, (tuple, list)) or len(fills) != 3:
            got = f"initial_bias={describe(initial_bias)}"
            raise DtypeError("Bilinear(...)", got, "a tuple of three, or None")
        shapes = (left_size, out_size), (right_size, out_size), (out_size,)
        self.V1, self.V2, self.b = (
            None if nobias else Parameter(get_initializer(fill), shape)
            for fill, shape in zip(fills, shapes)
        )

    @property
    def nobias(self) -> bool:
        """Whether there are no linear parts and no bias."""
        return self.b is None

    def forward(self, e1: Any, e2: Any) -> Any:
        """Applies the layer: e1 (batch, left_size), e2 (batch, right_size), y (batch, out_size)."""
        return bilinear(e1, e2, self.W, self.V1, self.V2, self.b)
