"""Rows of a table, looked up by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.config import current
from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.function import Function
from renkei.core.shapes import Spec

__all__ = ["embed_id"]

_CALL = "embed_id(x, W)"


class EmbedId(Function):
    """The rows of W that the ids name; zeros for the ignored id."""

    def __init__(self, ignore_label: int | None = None) -> None:
        self.ignore_label = ignore_label

    def check(self, x: Any, W: Any) -> Spec:
        if x.dtype.kind not in "iu":
            raise DtypeError(
                _CALL, f"x {describe(x)}", "integer ids", "Convert them: x.astype(numpy.int32)."
            )
        if W.ndim != 2:
            raise ShapeError(_CALL, f"W {W.shape}", "W (number of ids, length of a vector)")
        return Spec((*x.shape, W.shape[1]), W.dtype)

    def forward(self, x: Any, W: Any) -> Any:
        # Elsewhere than on the host a look at the values would wait for the device.
        if isinstance(x, np.ndarray) or current().debug:
            _check_ids(x, W.shape[0], self.ignore_label)
        return self.kernel("embed_id", x, W, ignore_label=self.ignore_label)

    def grad_W(self, gy: Any, x: Any) -> Any:
        return EmbedIdGrad(self.specs.W.shape[0], self.ignore_label)(gy, x)


class EmbedIdGrad(Function):
    """The sums of the gradients of equal ids, in the rows that the ids name."""

    outputs = ("gW",)

    def __init__(self, n: int, ignore_label: int | None = None) -> None:
        self.n, self.ignore_label = n, ignore_label

    def check(self, gy: Any, x: Any) -> Spec:
        return Spec((self.n, gy.shape[-1]), gy.dtype)

    def forward(self, gy: Any, x: Any) -> Any:
        return self.kernel("embed_id_grad", gy, x, n=self.n, ignore_label=self.ignore_label)

    def grad_gy(self, ggW: Any, x: Any) -> Any:
        return EmbedId(self.ignore_label)(x, ggW)


def _check_ids(x: Any, n: int, ignore_label: int | None) -> None:
    """Refuses ids outside of [0, n), naming the first of them and its place."""
    if x.size == 0 or (x.min() >= 0 and x.max() < n):
        return
    wrong = (x < 0) | (x >= n)
    if ignore_label is not None:
        wrong &= x != ignore_label
    if wrong.any():
        place = tuple(map(int, np.unravel_index(int(wrong.argmax()), x.shape)))
        at = f"[{', '.join(map(str, place))}]" if place else ""
        also = "" if ignore_label is None else f", or ignore_label={ignore_label}"
        raise RangeError(
            _CALL,
            f"x{at} = {int(x[place])}",
            f"ids in [0, {n}), the rows of W{also}",
        )


def embed_id(x: Any, W: Any, ignore_label: int | None = None) -> Any:
    r"""Looks up vectors by their number: :math:`y_{i} = W_{x_i}`.

    Args:
        x: integer array of ids of any shape, with values in [0, n).
        W: array or Variable of shape (n, d): the vectors.
        ignore_label: an id that gives zeros and no gradient; it may lie outside of [0, n).

    Returns:
        Array or Variable of shape ``x.shape + (d,)``.

    Raises:
        RangeError: an id lies outside of [0, n). On a GPU, where the check would wait for the
            device, only in debug mode.
        DtypeError: ``x`` is no integer array.
        ShapeError: ``W`` has no 2 axes.

    >>> W = np.array([[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]])
    >>> F.embed_id(np.array([2, 0, -1]), W, ignore_label=-1)
    array([[2. , 2.1],
           [0. , 0.1],
           [0. , 0. ]])
    """
    return EmbedId(ignore_label)(x, W)
