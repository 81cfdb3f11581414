"""EmbedID: a table of vectors, looked up by integer ids."""

from __future__ import annotations

from typing import Any, ClassVar

from renkei.core.parameter import Parameter
from renkei.functions.embedding import embed_id
from renkei.initializers import Normal, get_initializer
from renkei.links.link import Link
from renkei.links.sizes import check_sizes

__all__ = ["EmbedID"]


class EmbedID(Link):
    r"""A table of vectors, one for each id: :math:`y = W_{x}`.

    Args:
        in_size: the number of ids.
        out_size: the size of each vector.
        initialW: what fills ``W`` (in_size, out_size); None: normal with standard deviation 1.
        ignore_label: an id whose vector is zero and gets no gradient; None: there is none.

    >>> embed = L.EmbedID(10, 3)
    >>> embed(np.array([[1, 2], [3, 4]])).shape
    (2, 2, 3)
    """

    _shown: ClassVar[tuple[str, ...]] = ("in_size", "out_size", "ignore_label")
    _sizes: ClassVar[tuple[str, ...]] = ("in_size", "out_size")

    def __init__(
        self,
        in_size: int,
        out_size: int,
        initialW: Any = None,
        ignore_label: int | None = None,
    ) -> None:
        super().__init__()
        check_sizes("EmbedID", in_size=in_size, out_size=out_size)
        self.in_size, self.out_size, self.ignore_label = in_size, out_size, ignore_label
        self.W = Parameter(get_initializer(initialW, Normal(1.0)), (in_size, out_size))

    def forward(self, x: Any) -> Any:
        """Looks ids up: x integer array of any shape, y that shape and ``out_size``."""
        return embed_id(x, self.W, self.ignore_label)
