"""Activations with parameters."""

from __future__ import annotations

from typing import Any, ClassVar

from renkei.core.device import get_array_types
from renkei.core.parameter import Parameter
from renkei.functions.activation import maxout, prelu, swish
from renkei.initializers import get_initializer
from renkei.links.linear import Linear
from renkei.links.link import Link
from renkei.links.sizes import check_sizes

__all__ = ["Maxout", "PReLU", "Swish"]


class PReLU(Link):
    r"""Parametric ReLU: :math:`\max(x, 0) + W \min(x, 0)`, its slope learned.

    He et al., "Delving deep into rectifiers" (2015).

    Args:
        shape: of ``W``; it stands beside the axes of x that follow the batch. ``()`` is one slope
            for all.
        init: what fills ``W``.

    >>> L.PReLU()(np.array([[-4.0, 4.0]], np.float32)).array.tolist()
    [[-1.0, 4.0]]
    """

    _shown: ClassVar[tuple[str, ...]] = ("shape",)

    def __init__(self, shape: tuple[int, ...] = (), init: Any = 0.25) -> None:
        super().__init__()
        self.W = Parameter(get_initializer(init), shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of ``W``."""
        return self.W.shape

    def forward(self, x: Any) -> Any:
        """Applies the activation; the shape stays."""
        return prelu(x, self.W)


class Swish(Link):
    r"""Swish: :math:`x\, \sigma(\beta x)`, its slope learned.

    Ramachandran et al., "Searching for activation functions" (2017).

    Args:
        beta_shape: the shape of ``beta``; it stands beside the axes of x that follow the batch;
            None: the whole shape of the first input without its batch axis.
        beta_init: what fills ``beta``.

    >>> L.Swish(())(np.array([[0.0, 20.0]], np.float32)).array.round(3).tolist()
    [[0.0, 20.0]]
    """

    def __init__(self, beta_shape: tuple[int, ...] | None, beta_init: Any = 1.0) -> None:
        super().__init__()
        self.beta = Parameter(get_initializer(beta_init), beta_shape)

    def forward(self, x: Any) -> Any:
        """Applies the activation; the shape stays."""
        if self.beta._array is None:
            self.beta.initialize(x.shape[1:])
        return swish(x, self.beta)


class Maxout(Link):
    r"""The largest of ``pool_size`` linear functions, for each output.

    Goodfellow et al., "Maxout networks" (2013).

    Args:
        in_size: the number of input features; None: taken from the first input.
        out_size: the number of outputs.
        pool_size: how many linear functions each output chooses from.
        initialW: what fills the weights (out_size * pool_size, in_size), or an array
            (out_size, pool_size, in_size); None: LeCunNormal.
        initial_bias: what fills the biases (out_size * pool_size,), or an array
            (out_size, pool_size).

    >>> L.Maxout(4, 3, 2)(np.ones((5, 4), np.float32)).shape
    (5, 3)
    """

    def __init__(
        self,
        in_size: int | None,
        out_size: int,
        pool_size: int,
        initialW: Any = None,
        initial_bias: Any = 0,
    ) -> None:
        super().__init__()
        check_sizes("Maxout", in_size=in_size, out_size=out_size, pool_size=pool_size)
        self.out_size, self.pool_size = out_size, pool_size
        n = out_size * pool_size
        if isinstance(initialW, get_array_types()):
            initialW = initialW.reshape(n, -1)
        if isinstance(initial_bias, get_array_types()):
            initial_bias = initial_bias.reshape(n)
        self.linear = Linear(in_size, n, initialW=initialW, initial_bias=initial_bias)

    def forward(self, x: Any) -> Any:
        """Applies the layer: x (batch, in_size), y (batch, out_size)."""
        return maxout(self.linear(x), self.pool_size)
