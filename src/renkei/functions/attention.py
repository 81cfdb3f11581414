"""Attention: averages of values, weighted by how well keys fit a query."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

from renkei.core.composite import composite
from renkei.core.device import get_array_module
from renkei.core.errors import DtypeError, ShapeError, describe
from renkei.core.shapes import broadcast_shapes, need_arrays, need_number
from renkei.functions.conversion import cast
from renkei.functions.indexing import where
from renkei.functions.linalg import matmul
from renkei.functions.noise import dropout
from renkei.functions.softmax import softmax

__all__ = ["scaled_dot_product_attention"]

_CALL = "scaled_dot_product_attention(query, key, value, mask)"


@composite
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    mask: Any = None,
    *,
    causal: bool = False,
    dropout_ratio: float = 0.0,
    scale: float | None = None,
) -> Any:
    r"""Attention: :math:`y = \mathrm{softmax}(scale \cdot q k^T + mask) \, v`.

    Args:
        query: array or Variable of floats (..., m, d); the leading axes, as a rule batch and
            heads, broadcast.
        key: array or Variable (..., n, d).
        value: array or Variable (..., n, e).
        mask: what broadcasts to (..., m, n). Booleans: True where a query may look at a key;
            floats: added to the scores, and differentiable. None: all may look at all.
        causal: let each query look only at keys up to its own position; the m queries stand at the
            last m of the n positions.
        dropout_ratio: the ratio of weights that is dropped while training.
        scale: the factor of the scores; None: :math:`1 / \sqrt d`.

    Returns:
        Array or Variable (..., m, e). A query that may look at nothing gives zeros.

    Raises:
        ShapeError: the shapes do not fit together.
        DtypeError: an argument is no array of floats, or ``mask`` is one of integers.

    Vaswani et al., "Attention is all you need" (2017).

    >>> q = k = np.zeros((3, 2))
    >>> v = np.array([[3.0], [6.0], [9.0]])
    >>> F.scaled_dot_product_attention(q, k, v, causal=True).ravel()
    array([3. , 4.5, 6. ])
    """
    _check(query, key, value, scale)
    factor = 1 / sqrt(max(query.shape[-1], 1)) if scale is None else scale
    scores = matmul(query * factor, key, transb=True)  # scaled first: float16 has few large numbers
    if mask is not None:
        scores = _masked(scores, mask)
    if causal:
        scores = where(_earlier(scores), scores, -inf)
    weights = softmax(scores, axis=-1)
    if dropout_ratio:
        weights = dropout(weights, dropout_ratio)
    return matmul(weights, value)


def _check(query: Any, key: Any, value: Any, scale: Any) -> None:
    need_arrays(_CALL, query=query, key=key, value=value)
    if scale is not None:
        need_number(_CALL, "scale", scale)
    for name, array in (("query", query), ("key", key), ("value", value)):
        if array.dtype.kind != "f":
            raise DtypeError(
                _CALL, f"{name} {describe(array)}", "an array of floats", "See F.cast."
            )
        if array.ndim < 2:
            raise ShapeError(_CALL, f"{name} {array.shape}", "at least 2 axes: (length, features)")
    shapes = f"query {query.shape}, key {key.shape} and value {value.shape}"
    if query.shape[-1] != key.shape[-1]:
        raise ShapeError(_CALL, shapes, "query.shape[-1] == key.shape[-1], the features")
    if key.shape[-2] != value.shape[-2]:
        raise ShapeError(_CALL, shapes, "key.shape[-2] == value.shape[-2], the positions")
    broadcast_shapes(_CALL, query.shape[:-2], key.shape[:-2], value.shape[:-2])


def _masked(scores: Any, mask: Any) -> Any:
    need_arrays(_CALL, mask=mask)
    if mask.dtype.kind not in "bf":
        expected = "booleans, True where a query may look, or floats that are added"
        raise DtypeError(_CALL, f"mask {describe(mask)}", expected)
    broadcast_shapes(_CALL, scores.shape, mask.shape)
    return where(mask, scores, -inf) if mask.dtype == bool else scores + cast(mask, scores.dtype)


def _earlier(scores: Any) -> Any:
    """(m, n): whether key j stands at the position of query i or before it."""
    xp = get_array_module(scores)
    m, n = scores.shape[-2:]
    return xp.arange(m)[:, None] + (n - m) >= xp.arange(n)
