"""The normal distribution and its exponential."""

from __future__ import annotations

import math
from typing import Any

from renkei.distributions.distribution import (
    Distribution,
    exactly_one,
    inside,
    limited,
    parameters,
    point,
    repeated,
)
from renkei.functions.math import exp, expm1, log, square
from renkei.functions.noise import random_like
from renkei.functions.special import log_ndtr, ndtr, ndtri

__all__ = ["LogNormal", "Normal"]

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class Normal(Distribution):
    r"""The normal distribution.

    .. math:: p(x) = \frac{1}{\sqrt{2\pi} \sigma} \exp\left(-\frac{(x-\mu)^2}{2\sigma^2}\right)

    Args:
        loc: the mean :math:`\mu`, array, Variable or number.
        scale: the standard deviation :math:`\sigma`, positive.
        log_scale: :math:`\log \sigma`, to be given instead of ``scale``.

    Raises:
        RangeError: not one of ``scale`` and ``log_scale`` was given.
        ShapeError: the parameters do not broadcast.

    >>> import renkei.distributions as D
    >>> d = D.Normal(np.array([0.0, 1.0]), 2.0)
    >>> d.log_prob(np.array([0.0, 3.0]))
    variable([-1.61208571, -2.11208571])
    """

    def __init__(self, loc: Any, scale: Any = None, *, log_scale: Any = None) -> None:
        call = "Normal(loc, scale, log_scale)"
        self._given = exactly_one(call, scale=scale, log_scale=log_scale)
        if self._given == "scale":
            self._loc, self._scale = parameters(call, loc=loc, scale=scale)
        else:
            self._loc, self._log_scale = parameters(call, loc=loc, log_scale=log_scale)

    @property
    def loc(self) -> Any:
        """The mean."""
        return self._loc

    @property
    def scale(self) -> Any:
        """The standard deviation."""
        return self._scale if self._given == "scale" else exp(self._log_scale)

    @property
    def log_scale(self) -> Any:
        """The logarithm of the standard deviation."""
        return self._log_scale if self._given == "log_scale" else log(self._scale)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._loc.shape

    @property
    def params(self) -> dict[str, Any]:
        return {"loc": self._loc, self._given: getattr(self, self._given)}

    @property
    def support(self) -> str:
        return "real"

    def _standard(self, name: str, x: Any) -> Any:
        return (point(f"Normal.{name}(x)", x, self._loc) - self._loc) / self.scale

    def sample_n(self, n: int) -> Any:
        loc = repeated(n, self._loc)
        return loc + self.scale * random_like("normal", loc)

    def log_prob(self, x: Any) -> Any:
        z = self._standard("log_prob", x)
        return square(z) * -0.5 - self.log_scale - _HALF_LOG_TWO_PI

    def cdf(self, x: Any) -> Any:
        return ndtr(self._standard("cdf", x))

    def icdf(self, x: Any) -> Any:
        return self._loc + self.scale * ndtri(point("Normal.icdf(x)", x, self._loc))

    def log_cdf(self, x: Any) -> Any:
        return log_ndtr(self._standard("log_cdf", x))

    def survival_function(self, x: Any) -> Any:
        return ndtr(-self._standard("survival_function", x))

    def log_survival_function(self, x: Any) -> Any:
        return log_ndtr(-self._standard("log_survival_function", x))

    @property
    def mean(self) -> Any:
        return self._loc

    @property
    def mode(self) -> Any:
        return self._loc

    @property
    def stddev(self) -> Any:
        return self.scale

    @property
    def variance(self) -> Any:
        return square(self.scale)

    @property
    def entropy(self) -> Any:
        return self.log_scale + (0.5 + _HALF_LOG_TWO_PI)


class LogNormal(Distribution):
    r"""The distribution of :math:`e^y` where y is normal.

    .. math::
       p(x) = \frac{1}{\sqrt{2\pi} \sigma x}
       \exp\left(-\frac{(\log x-\mu)^2}{2\sigma^2}\right), \quad x > 0

    Args:
        mu: the mean :math:`\mu` of the logarithm, array, Variable or number.
        sigma: the standard deviation :math:`\sigma` of the logarithm, positive.

    >>> import renkei.distributions as D
    >>> D.LogNormal(np.array([0.0]), np.array([1.0])).mean
    variable([1.64872127])
    """

    def __init__(self, mu: Any, sigma: Any) -> None:
        self._mu, self._sigma = parameters("LogNormal(mu, sigma)", mu=mu, sigma=sigma)

    @property
    def mu(self) -> Any:
        """The mean of the logarithm."""
        return self._mu

    @property
    def sigma(self) -> Any:
        """The standard deviation of the logarithm."""
        return self._sigma

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._mu.shape

    @property
    def params(self) -> dict[str, Any]:
        return {"mu": self._mu, "sigma": self._sigma}

    @property
    def support(self) -> str:
        return "positive"

    @property
    def _normal(self) -> Normal:
        return Normal(self._mu, self._sigma)

    def sample_n(self, n: int) -> Any:
        return exp(self._normal.sample_n(n))

    def log_prob(self, x: Any) -> Any:
        x = point("LogNormal.log_prob(x)", x, self._mu)
        positive = x.array > 0
        y = log(inside(positive, x))
        return limited(positive, self._normal.log_prob(y) - y)

    def cdf(self, x: Any) -> Any:
        x = point("LogNormal.cdf(x)", x, self._mu)
        positive = x.array > 0
        return inside(positive, self._normal.cdf(log(inside(positive, x))), 0.0)

    def icdf(self, x: Any) -> Any:
        return exp(self._normal.icdf(x))

    @property
    def mean(self) -> Any:
        return exp(self._mu + square(self._sigma) * 0.5)

    @property
    def mode(self) -> Any:
        return exp(self._mu - square(self._sigma))

    @property
    def variance(self) -> Any:
        s = square(self._sigma)
        return exp(self._mu * 2 + s) * expm1(s)

    @property
    def entropy(self) -> Any:
        return self._mu + self._normal.entropy
