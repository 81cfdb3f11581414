"""Broadcasting, made explicit, and its adjoint."""

from __future__ import annotations

from typing import Any

from renkei.core.elementwise import broadcast_to, sum_to
from renkei.core.shapes import broadcast_shapes

__all__ = ["broadcast", "broadcast_to", "sum_to"]


def broadcast(*xs: Any) -> tuple[Any, ...]:
    r"""Broadcasts several arrays to their common shape.

    Args:
        xs: arrays or Variables whose shapes broadcast.

    Returns:
        Tuple of arrays or Variables of one shape.

    Raises:
        ShapeError: the shapes do not broadcast.

    >>> [y.shape for y in F.broadcast(np.zeros((3, 1)), np.zeros(2))]
    [(3, 2), (3, 2)]
    """
    shape = broadcast_shapes("broadcast(*xs)", *[x.shape for x in xs])
    return tuple(broadcast_to(x, shape) for x in xs)
