"""Several independent distributions seen as one of arrays."""

from __future__ import annotations

from math import prod
from typing import Any

from renkei.core.errors import RangeError, UsageError
from renkei.distributions.distribution import Distribution
from renkei.functions.broadcast import broadcast_to
from renkei.functions.cumulative import prod as product
from renkei.functions.reduction import sum

__all__ = ["Independent"]


class Independent(Distribution):
    r"""Several independent distributions seen as one: batch axes become axes of an event.

    .. math:: p(x) = \prod_i p_i(x_i)

    Args:
        distribution: the distributions.
        reinterpreted_batch_ndims: how many of the last batch axes become axes of an event; None:
            all but the first.

    Raises:
        RangeError: there are not so many batch axes.

    >>> import renkei.distributions as D
    >>> d = D.Independent(D.Normal(np.zeros((4, 3)), 1.0))
    >>> d.batch_shape, d.event_shape, d.log_prob(np.zeros((4, 3))).shape
    ((4,), (3,), (4,))
    """

    def __init__(
        self, distribution: Distribution, reinterpreted_batch_ndims: int | None = None
    ) -> None:
        axes = len(distribution.batch_shape)
        n = max(axes - 1, 0) if reinterpreted_batch_ndims is None else reinterpreted_batch_ndims
        if not 0 <= n <= axes:
            call = "Independent(distribution, reinterpreted_batch_ndims)"
            raise RangeError(call, str(n), f"at most {axes}, as many as there are batch axes")
        self._distribution, self._n = distribution, n

    @property
    def distribution(self) -> Distribution:
        """The distributions that were given."""
        return self._distribution

    @property
    def reinterpreted_batch_ndims(self) -> int:
        """How many batch axes became axes of an event."""
        return self._n

    @property
    def batch_shape(self) -> tuple[int, ...]:
        shape = self._distribution.batch_shape
        return shape[: len(shape) - self._n]

    @property
    def event_shape(self) -> tuple[int, ...]:
        shape = self._distribution.batch_shape
        return shape[len(shape) - self._n :] + self._distribution.event_shape

    @property
    def params(self) -> dict[str, Any]:
        return self._distribution.params

    @property
    def support(self) -> str:
        return self._distribution.support

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(-self._n, 0))

    def summed(self, y: Any) -> Any:
        """The sum over the axes of the distributions that became one."""
        return sum(y, self._axes) if self._n else y

    def _multiplied(self, y: Any) -> Any:
        return product(y, self._axes) if self._n else y

    def sample_n(self, n: int) -> Any:
        return self._distribution.sample_n(n)

    def log_prob(self, x: Any) -> Any:
        return self.summed(self._distribution.log_prob(x))

    def cdf(self, x: Any) -> Any:
        """The probability that no element is greater than that of ``x``."""
        return self._multiplied(self._distribution.cdf(x))

    def log_cdf(self, x: Any) -> Any:
        return self.summed(self._distribution.log_cdf(x))

    def icdf(self, x: Any) -> Any:
        raise UsageError("Independent.icdf(x)", "", "", "A cdf of several numbers has no inverse.")

    def survival_function(self, x: Any) -> Any:
        """The probability that each element is greater than that of ``x``."""
        return self._multiplied(self._distribution.survival_function(x))

    def log_survival_function(self, x: Any) -> Any:
        return self.summed(self._distribution.log_survival_function(x))

    @property
    def mean(self) -> Any:
        return self._distribution.mean

    @property
    def mode(self) -> Any:
        return self._distribution.mode

    @property
    def variance(self) -> Any:
        return self._distribution.variance

    @property
    def stddev(self) -> Any:
        return self._distribution.stddev

    @property
    def entropy(self) -> Any:
        return self.summed(self._distribution.entropy)

    @property
    def covariance(self) -> Any:
        """The covariance matrix of the flattened event: blocks along its diagonal."""
        inner = self._distribution
        size = prod(inner.event_shape)
        blocks = inner.covariance if inner.event_shape else inner.variance
        batch = self.batch_shape
        count = prod(inner.batch_shape[len(batch) :])
        blocks = blocks.reshape((*batch, count, size, 1, size))
        eye = self.xp.eye(count, dtype=blocks.dtype).reshape((count, 1, count, 1))
        full = broadcast_to(blocks, (*batch, count, size, count, size)) * eye
        return full.reshape((*batch, count * size, count * size))
