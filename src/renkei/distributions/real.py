"""Other distributions on the whole line: Cauchy's, Gumbel's and Laplace's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from renkei.distributions.distribution import Distribution, inside, parameters, point, repeated
from renkei.functions.arithmetic import absolute
from renkei.functions.math import arctan, exp, log, square, tan
from renkei.functions.noise import random_like

__all__ = ["Cauchy", "Gumbel", "Laplace"]

_EULER = 0.5772156649015329


class _LocationScale(Distribution):
    """A distribution on the line that is moved by ``loc`` and stretched by ``scale``."""

    def __init__(self, loc: Any, scale: Any) -> None:
        call = f"{type(self).__name__}(loc, scale)"
        self._loc, self._scale = parameters(call, loc=loc, scale=scale)

    @property
    def loc(self) -> Any:
        """Where the distribution stands."""
        return self._loc

    @property
    def scale(self) -> Any:
        """How wide it is."""
        return self._scale

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._loc.shape

    @property
    def params(self) -> dict[str, Any]:
        return {"loc": self._loc, "scale": self._scale}

    @property
    def support(self) -> str:
        return "real"

    def _standard(self, name: str, x: Any) -> Any:
        return (point(f"{type(self).__name__}.{name}(x)", x, self._loc) - self._loc) / self._scale

    def _placed(self, z: Any) -> Any:
        return self._loc + self._scale * z

    def sample_n(self, n: int) -> Any:
        return self.icdf(random_like("uniform", repeated(n, self._loc)))


class Cauchy(_LocationScale):
    r"""Cauchy's distribution, which has no mean and no variance: they are NaN.

    .. math:: p(x) = \frac{1}{\pi} \frac{\gamma}{(x-x_0)^2+\gamma^2}

    Args:
        loc: the median :math:`x_0`, array, Variable or number.
        scale: half the width at half the height, :math:`\gamma`, positive.

    >>> import renkei.distributions as D
    >>> D.Cauchy(np.array([0.0]), np.array([1.0])).cdf(np.array([1.0]))
    variable([0.75])
    """

    def log_prob(self, x: Any) -> Any:
        z = self._standard("log_prob", x)
        return -log((square(z) + 1) * self._scale) - math.log(math.pi)

    def cdf(self, x: Any) -> Any:
        return arctan(self._standard("cdf", x)) * (1 / math.pi) + 0.5

    def icdf(self, x: Any) -> Any:
        return self._placed(tan((point("Cauchy.icdf(x)", x, self._loc) - 0.5) * math.pi))

    @property
    def mean(self) -> Any:
        return self._loc * np.nan

    @property
    def variance(self) -> Any:
        return self._loc * np.nan

    @property
    def mode(self) -> Any:
        return self._loc

    @property
    def entropy(self) -> Any:
        return log(self._scale) + math.log(4 * math.pi)


class Gumbel(_LocationScale):
    r"""Gumbel's distribution, of the greatest of many numbers.

    .. math:: p(x) = \frac{1}{\eta} e^{-z - e^{-z}}, \qquad z = \frac{x - \mu}{\eta}

    Args:
        loc: the mode :math:`\mu`, array, Variable or number.
        scale: the width :math:`\eta`, positive.

    >>> import renkei.distributions as D
    >>> D.Gumbel(np.array([0.0]), np.array([1.0])).mean
    variable([0.57721566])
    """

    def log_prob(self, x: Any) -> Any:
        z = self._standard("log_prob", x)
        return -(z + exp(-z)) - log(self._scale)

    def cdf(self, x: Any) -> Any:
        return exp(-exp(-self._standard("cdf", x)))

    def icdf(self, x: Any) -> Any:
        return self._placed(-log(-log(point("Gumbel.icdf(x)", x, self._loc))))

    @property
    def mean(self) -> Any:
        return self._placed(_EULER)

    @property
    def variance(self) -> Any:
        return square(self._scale) * (math.pi**2 / 6)

    @property
    def mode(self) -> Any:
        return self._loc

    @property
    def entropy(self) -> Any:
        return log(self._scale) + (1 + _EULER)


class Laplace(_LocationScale):
    r"""Laplace's distribution: exponential to both sides.

    .. math:: p(x) = \frac{1}{2b} \exp\left(-\frac{|x-\mu|}{b}\right)

    Args:
        loc: the mean :math:`\mu`, array, Variable or number.
        scale: the width :math:`b`, positive.

    >>> import renkei.distributions as D
    >>> D.Laplace(np.array([0.0]), np.array([0.5])).prob(np.array([0.0]))
    variable([1.])
    """

    def log_prob(self, x: Any) -> Any:
        return -absolute(self._standard("log_prob", x)) - log(self._scale * 2)

    def cdf(self, x: Any) -> Any:
        z = self._standard("cdf", x)
        tail = exp(-absolute(z)) * 0.5
        return inside(z.array < 0, tail, 0.0) + inside(z.array >= 0, 1 - tail, 0.0)

    def icdf(self, x: Any) -> Any:
        x = point("Laplace.icdf(x)", x, self._loc)
        low = x.array < 0.5
        # the probability of the tail that x is in, and on which side that lies
        tail = inside(low, x, 0.0) + inside(~low, 1 - x, 0.0)
        sign = (low * 2 - 1).astype(x.dtype)
        return self._placed(log(tail * 2) * sign)

    @property
    def mean(self) -> Any:
        return self._loc

    @property
    def mode(self) -> Any:
        return self._loc

    @property
    def stddev(self) -> Any:
        return self._scale * math.sqrt(2)

    @property
    def variance(self) -> Any:
        return square(self._scale) * 2

    @property
    def entropy(self) -> Any:
        return log(self._scale) + (1 + math.log(2))
