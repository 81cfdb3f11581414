"""Distributions on an interval or a half line: exponential, Pareto's, uniform."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from renkei.core.errors import RangeError
from renkei.distributions.distribution import (
    Distribution,
    inside,
    limited,
    parameters,
    point,
    repeated,
)
from renkei.functions.math import clip, exp, expm1, log, log1p, square
from renkei.functions.noise import random_like

__all__ = ["Exponential", "Pareto", "Uniform"]


class Exponential(Distribution):
    r"""The exponential distribution: :math:`p(x) = \lambda e^{-\lambda x}` for :math:`x \ge 0`.

    Args:
        lam: the rate :math:`\lambda`, positive, array, Variable or number.

    >>> import renkei.distributions as D
    >>> D.Exponential(np.array([2.0])).mean
    variable([0.5])
    """

    def __init__(self, lam: Any) -> None:
        (self._lam,) = parameters("Exponential(lam)", lam=lam)

    @property
    def lam(self) -> Any:
        """The rate."""
        return self._lam

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._lam.shape

    @property
    def params(self) -> dict[str, Any]:
        return {"lam": self._lam}

    @property
    def support(self) -> str:
        return "positive"

    def sample_n(self, n: int) -> Any:
        return -log(random_like("uniform", repeated(n, self._lam))) / self._lam

    def log_prob(self, x: Any) -> Any:
        x = point("Exponential.log_prob(x)", x, self._lam)
        return limited(x.array >= 0, log(self._lam) - self._lam * x)

    def cdf(self, x: Any) -> Any:
        x = point("Exponential.cdf(x)", x, self._lam)
        return -expm1(-self._lam * inside(x.array > 0, x, 0.0))

    def survival_function(self, x: Any) -> Any:
        return exp(self.log_survival_function(x))

    def log_survival_function(self, x: Any) -> Any:
        x = point("Exponential.survival_function(x)", x, self._lam)
        return -self._lam * inside(x.array > 0, x, 0.0)

    def icdf(self, x: Any) -> Any:
        return -log1p(-point("Exponential.icdf(x)", x, self._lam)) / self._lam

    @property
    def mean(self) -> Any:
        return 1 / self._lam

    @property
    def mode(self) -> Any:
        return self._lam * 0

    @property
    def stddev(self) -> Any:
        return 1 / self._lam

    @property
    def variance(self) -> Any:
        return 1 / square(self._lam)

    @property
    def entropy(self) -> Any:
        return 1 - log(self._lam)


class Pareto(Distribution):
    r"""Pareto's distribution.

    .. math:: p(x) = \frac{\alpha x_m^\alpha}{x^{\alpha+1}}, \qquad x \ge x_m

    Args:
        scale: the smallest value :math:`x_m`, positive, array, Variable or number.
        alpha: the exponent :math:`\alpha`, positive; the mean is infinite up to 1, the variance up
            to 2.

    >>> import renkei.distributions as D
    >>> D.Pareto(np.array([1.0, 1.0]), np.array([1.0, 3.0])).mean
    variable([inf, 1.5])
    """

    def __init__(self, scale: Any, alpha: Any) -> None:
        self._scale, self._alpha = parameters("Pareto(scale, alpha)", scale=scale, alpha=alpha)

    @property
    def scale(self) -> Any:
        """The smallest value."""
        return self._scale

    @property
    def alpha(self) -> Any:
        """The exponent."""
        return self._alpha

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._scale.shape

    @property
    def params(self) -> dict[str, Any]:
        return {"scale": self._scale, "alpha": self._alpha}

    @property
    def support(self) -> str:
        return "[scale, inf]"

    def _log_ratio(self, name: str, x: Any) -> tuple[Any, Any]:
        """log(x / scale), or 0 for smaller x, and where x is no smaller."""
        x = point(f"Pareto.{name}(x)", x, self._scale)
        mask = x.array >= self._scale.array
        return log(inside(mask, x / self._scale)), mask

    def sample_n(self, n: int) -> Any:
        u = random_like("uniform", repeated(n, self._scale))
        return self._scale * exp(-log(u) / self._alpha)

    def log_prob(self, x: Any) -> Any:
        ratio, mask = self._log_ratio("log_prob", x)
        return limited(mask, log(self._alpha / self._scale) - (self._alpha + 1) * ratio)

    def cdf(self, x: Any) -> Any:
        return -expm1(-self._alpha * self._log_ratio("cdf", x)[0])

    def log_survival_function(self, x: Any) -> Any:
        return -self._alpha * self._log_ratio("survival_function", x)[0]

    def survival_function(self, x: Any) -> Any:
        return exp(self.log_survival_function(x))

    def icdf(self, x: Any) -> Any:
        x = point("Pareto.icdf(x)", x, self._scale)
        return self._scale * exp(-log1p(-x) / self._alpha)

    @property
    def mean(self) -> Any:
        a, mask = self._alpha, self._alpha.array > 1
        rest = inside(mask, a - 1)
        return inside(mask, a * self._scale / rest, np.inf)

    @property
    def mode(self) -> Any:
        return self._scale

    @property
    def variance(self) -> Any:
        a, mask = self._alpha, self._alpha.array > 2
        rest = inside(mask, square(a - 1) * (a - 2))
        return inside(mask, square(self._scale) * a / rest, np.inf)

    @property
    def entropy(self) -> Any:
        return log(self._scale / self._alpha) + 1 / self._alpha + 1


class Uniform(Distribution):
    r"""The uniform distribution: :math:`p(x) = \frac{1}{h - l}` for :math:`l \le x \le h`.

    Args:
        low: the lower bound :math:`l`, array, Variable or number; with ``high``.
        high: the upper bound :math:`h`.
        loc: the lower bound, to be given with ``scale`` instead.
        scale: the width :math:`h - l`, positive.

    Raises:
        RangeError: not one of the two pairs was given.

    >>> import renkei.distributions as D
    >>> D.Uniform(low=np.array([1.0]), high=np.array([3.0])).variance
    variable([0.33333333])
    """

    def __init__(
        self, *, low: Any = None, high: Any = None, loc: Any = None, scale: Any = None
    ) -> None:
        values = {"low": low, "high": high, "loc": loc, "scale": scale}
        given = {name: value for name, value in values.items() if value is not None}
        call = "Uniform(low, high, loc, scale)"
        if set(given) not in ({"low", "high"}, {"loc", "scale"}):
            got = " and ".join(given) or "nothing"
            raise RangeError(call, got, "either low and high or loc and scale")
        self._params = dict(zip(given, parameters(call, **given)))
        first, second = self._params.values()
        self._low, self._width = first, second - first if high is not None else second

    @property
    def low(self) -> Any:
        """The lower bound."""
        return self._low

    @property
    def high(self) -> Any:
        """The upper bound."""
        return self._params.get("high", self._low + self._width)

    @property
    def loc(self) -> Any:
        """The lower bound."""
        return self._low

    @property
    def scale(self) -> Any:
        """The width."""
        return self._width

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._low.shape

    @property
    def params(self) -> dict[str, Any]:
        return self._params

    @property
    def support(self) -> str:
        return "[low, high]" if "low" in self._params else "[loc, loc + scale]"

    def sample_n(self, n: int) -> Any:
        return self._low + self._width * random_like("uniform", repeated(n, self._low))

    def log_prob(self, x: Any) -> Any:
        values = point("Uniform.log_prob(x)", x, self._low).array
        mask = (values >= self._low.array) & (values <= self.high.array)
        return limited(mask, -log(self._width))

    def cdf(self, x: Any) -> Any:
        return clip((point("Uniform.cdf(x)", x, self._low) - self._low) / self._width, 0.0, 1.0)

    def icdf(self, x: Any) -> Any:
        return self._low + self._width * point("Uniform.icdf(x)", x, self._low)

    @property
    def mean(self) -> Any:
        return self._low + self._width * 0.5

    @property
    def variance(self) -> Any:
        return square(self._width) * (1 / 12)

    @property
    def stddev(self) -> Any:
        return self._width * (1 / math.sqrt(12))

    @property
    def entropy(self) -> Any:
        return log(self._width)
