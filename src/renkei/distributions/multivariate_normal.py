"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any

from renkei.core.broadcast import broadcast_to
from renkei.core.errors import ShapeError, UsageError
from renkei.core.shapes import broadcast_shapes
from renkei.distributions.distribution import (
    Distribution,
    check_event,
    point,
    repeated,
    variables_of,
)
from renkei.functions.arithmetic import absolute
from renkei.functions.linalg import matmul
from renkei.functions.math import log, square
from renkei.functions.matrix import batch_inv
from renkei.functions.noise import random_like
from renkei.functions.rearrange import diagonal
from renkei.functions.reduction import sum

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    r"""The normal distribution of vectors.

    .. math::
       p(x) = \frac{1}{\sqrt{\det(2 \pi V)}}
       \exp\left(-\frac12 (x - \mu)^\top V^{-1} (x - \mu)\right), \qquad V = L L^\top

    Args:
        loc: the mean :math:`\mu`, array or Variable of shape (..., d).
        scale_tril: the lower triangular factor :math:`L` of the covariance matrix, of shape
            (..., d, d), as ``F.cholesky`` gives it.

    Raises:
        ShapeError: the shapes do not fit together.
        UsageError: ``scale_tril`` is missing.

    >>> import renkei.distributions as D
    >>> d = D.MultivariateNormal(np.zeros(2), scale_tril=np.array([[2.0, 0.0], [1.0, 3.0]]))
    >>> d.covariance
    variable([[ 4.,  2.],
              [ 2., 10.]])
    """

    def __init__(self, loc: Any, *, scale_tril: Any = None) -> None:
        call = "MultivariateNormal(loc, scale_tril)"
        if scale_tril is None:
            raise UsageError(call, "no scale_tril", "the factor of the covariance matrix")
        loc, scale = variables_of(call, loc=loc, scale_tril=scale_tril)
        d = loc.shape[-1] if loc.ndim else -1
        if scale.shape[-2:] != (d, d):
            got = f"loc {loc.shape} and scale_tril {scale.shape}"
            raise ShapeError(call, got, "shapes (..., d) and (..., d, d)")
        batch = broadcast_shapes(call, loc.shape[:-1], scale.shape[:-2])
        self._loc: Any = broadcast_to(loc, (*batch, d))
        self._scale_tril: Any = broadcast_to(scale, (*batch, d, d))

    @property
    def loc(self) -> Any:
        """The mean."""
        return self._loc

    @property
    def scale_tril(self) -> Any:
        """The factor of the covariance matrix."""
        return self._scale_tril

    @property
    def d(self) -> int:
        """The number of elements of a vector."""
        return self._loc.shape[-1]

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._loc.shape[:-1]

    @property
    def event_shape(self) -> tuple[int, ...]:
        return self._loc.shape[-1:]

    @property
    def params(self) -> dict[str, Any]:
        return {"loc": self._loc, "scale_tril": self._scale_tril}

    @property
    def support(self) -> str:
        return "real"

    @property
    def inverse_scale(self) -> Any:
        """The inverse of ``scale_tril``."""
        shape = self._scale_tril.shape
        return batch_inv(self._scale_tril.reshape((-1, *shape[-2:]))).reshape(shape)

    @property
    def log_det_scale(self) -> Any:
        """The logarithm of the determinant of ``scale_tril``, of shape ``batch_shape``."""
        return sum(log(absolute(diagonal(self._scale_tril, 0, -2, -1))), -1)

    def sample_n(self, n: int) -> Any:
        loc = repeated(n, self._loc)
        return loc + _times(self._scale_tril, random_like("normal", loc))

    def log_prob(self, x: Any) -> Any:
        call = "MultivariateNormal.log_prob(x)"
        x = point(call, x, self._loc)
        check_event(call, x, self.event_shape)
        z = _times(self.inverse_scale, x - self._loc)
        constant = -0.5 * self.d * math.log(2 * math.pi)
        return sum(square(z), -1) * -0.5 - self.log_det_scale + constant

    @property
    def mean(self) -> Any:
        return self._loc

    @property
    def mode(self) -> Any:
        return self._loc

    @property
    def variance(self) -> Any:
        return sum(square(self._scale_tril), -1)

    @property
    def covariance(self) -> Any:
        return matmul(self._scale_tril, self._scale_tril, transb=True)

    @property
    def entropy(self) -> Any:
        return self.log_det_scale + 0.5 * self.d * (1 + math.log(2 * math.pi))


def _times(matrix: Any, vector: Any) -> Any:
    """The product of stacks of matrices and vectors."""
    return matmul(matrix, vector.reshape((*vector.shape, 1))).reshape(vector.shape)
