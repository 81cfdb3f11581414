"""Attention with several heads, and the encoder layer of the Transformer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from renkei.core.errors import ShapeError
from renkei.functions.activation import relu
from renkei.functions.attention import scaled_dot_product_attention
from renkei.functions.noise import dropout
from renkei.functions.shape import reshape, transpose
from renkei.links.chain import Chain
from renkei.links.linear import Linear
from renkei.links.normalization import LayerNormalization
from renkei.links.sizes import check_sizes, input_shape

__all__ = ["MultiHeadAttention", "TransformerEncoderLayer"]


class MultiHeadAttention(Chain):
    r"""Attention in several subspaces side by side, whose results are put together.

    .. math:: y = W^O [h_1 \ldots h_H], \quad
              h_i = \mathrm{attention}(W^Q_i q, W^K_i k, W^V_i v)

    Vaswani et al., "Attention is all you need" (2017).

    Args:
        n_heads: the number of heads, which divides ``size``.
        size: the number of features of queries and results.
        kv_size: the number of features of keys and values; None: ``size``.
        dropout_ratio: the ratio of weights that is dropped while training.
        nobias: leave the biases out.
        initialW: what fills the weights; None: LeCunNormal.

    Raises:
        ShapeError: ``n_heads`` does not divide ``size``.

    >>> attention = L.MultiHeadAttention(2, 6)
    >>> attention(np.zeros((4, 5, 6), np.float32)).shape
    (4, 5, 6)
    >>> attention(np.zeros((4, 5, 6), np.float32), np.ones((4, 7, 6), np.float32)).shape
    (4, 5, 6)
    """

    _shown: ClassVar[tuple[str, ...]] = ("n_heads", "size", "dropout_ratio")
    _sizes: ClassVar[tuple[str, ...]] = ("n_heads", "size")

    def __init__(
        self,
        n_heads: int,
        size: int,
        kv_size: int | None = None,
        dropout_ratio: float = 0.0,
        nobias: bool = False,
        initialW: Any = None,
    ) -> None:
        super().__init__()
        inner = size if kv_size is None else kv_size
        check_sizes("MultiHeadAttention", n_heads=n_heads, size=size, kv_size=inner)
        if n_heads < 1 or size % n_heads:
            expected = "a number of heads that divides size"
            got = f"n_heads={n_heads} and size={size}"
            raise ShapeError("MultiHeadAttention(n_heads, size)", got, expected)
        self.n_heads, self.size, self.dropout_ratio = n_heads, size, dropout_ratio
        self.query = Linear(size, size, nobias, initialW)
        self.key = Linear(inner, size, nobias, initialW)
        self.value = Linear(inner, size, nobias, initialW)
        self.out = Linear(size, size, nobias, initialW)

    def forward(
        self, x: Any, key: Any = None, value: Any = None, mask: Any = None, causal: bool = False
    ) -> Any:
        r"""Attends.

        Args:
            x: array or Variable (batch, m, size): what asks.
            key: array or Variable (batch, n, kv_size): what is looked at; None: ``x`` itself.
            value: array or Variable (batch, n, kv_size): what is averaged; None: ``key``.
            mask: (m, n), (batch, m, n) or (batch, heads, m, n), where m or n may be 1: booleans,
                True where a query may look at a key, or floats that are added to the scores.
            causal: let no query look at later positions.

        Returns:
            Variable (batch, m, size).
        """
        key = x if key is None else key
        value = key if value is None else value
        call = "MultiHeadAttention(...)(x, key, value)"
        for array in (x, key, value):
            input_shape(call, array, 3, "(batch, length, features)")
        if mask is not None and mask.ndim == 3:
            mask = reshape(mask, (mask.shape[0], 1, *mask.shape[1:]))
        y = scaled_dot_product_attention(
            self._heads(self.query(x, 2)),
            self._heads(self.key(key, 2)),
            self._heads(self.value(value, 2)),
            mask,
            causal=causal,
            dropout_ratio=self.dropout_ratio,
        )
        return self.out(reshape(transpose(y, (0, 2, 1, 3)), (*x.shape[:2], self.size)), 2)

    def _heads(self, x: Any) -> Any:
        """(batch, length, size) as (batch, heads, length, size / heads)."""
        n, length, size = x.shape
        split = reshape(x, (n, length, self.n_heads, size // self.n_heads))
        return transpose(split, (0, 2, 1, 3))


class TransformerEncoderLayer(Chain):
    r"""Attention of a sequence to itself, then two linear layers, each added to its input.

    .. math:: h = x + \mathrm{attention}(\mathrm{norm}_1(x)), \quad
              y = h + W_2 f(W_1 \mathrm{norm}_2(h))

    or, with ``norm_first=False``, as first published,

    .. math:: h = \mathrm{norm}_1(x + \mathrm{attention}(x)), \quad
              y = \mathrm{norm}_2(h + W_2 f(W_1 h)).

    Vaswani et al., "Attention is all you need" (2017); Xiong et al., "On layer normalization in the
    Transformer architecture" (2020).

    Args:
        n_heads: the number of heads, which divides ``size``.
        size: the number of features.
        hidden_size: the features between the two linear layers; None: four times ``size``.
        dropout_ratio: the ratio that is dropped of the attention's weights, of the hidden features
            and of what is added, while training.
        norm_first: normalize the inputs of both parts, not their results.
        activation: the function f.

    >>> layer = L.TransformerEncoderLayer(2, 6)
    >>> layer(np.zeros((4, 5, 6), np.float32), causal=True).shape
    (4, 5, 6)
    """

    _shown: ClassVar[tuple[str, ...]] = ("dropout_ratio", "norm_first")

    def __init__(
        self,
        n_heads: int,
        size: int,
        hidden_size: int | None = None,
        dropout_ratio: float = 0.1,
        norm_first: bool = True,
        activation: Callable[[Any], Any] = relu,
    ) -> None:
        super().__init__()
        hidden = 4 * size if hidden_size is None else hidden_size
        self.attention = MultiHeadAttention(n_heads, size, dropout_ratio=dropout_ratio)
        self.linear1, self.linear2 = Linear(size, hidden), Linear(hidden, size)
        self.norm1, self.norm2 = LayerNormalization(size), LayerNormalization(size)
        self.dropout_ratio, self.norm_first = dropout_ratio, norm_first
        self.activation = activation

    def forward(self, x: Any, mask: Any = None, causal: bool = False) -> Any:
        r"""Applies the layer.

        Args:
            x: array or Variable (batch, length, size).
            mask: which positions may look at which, as ``MultiHeadAttention`` takes it.
            causal: let no position look at later ones.

        Returns:
            Variable (batch, length, size).
        """

        def attend(h: Any) -> Any:
            return self.attention(h, mask=mask, causal=causal)

        x = self._added(x, attend, self.norm1)
        return self._added(x, self._feed_forward, self.norm2)

    def _added(self, x: Any, part: Callable[[Any], Any], norm: Any) -> Any:
        if self.norm_first:
            return x + dropout(part(norm(x)), self.dropout_ratio)
        return norm(x + dropout(part(x), self.dropout_ratio))

    def _feed_forward(self, x: Any) -> Any:
        h = dropout(self.activation(self.linear1(x, 2)), self.dropout_ratio)
        return self.linear2(h, 2)
