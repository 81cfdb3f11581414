"""Distributions of whole numbers: Bernoulli's, geometric, Poisson's."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.random import generator
from renkei.core.variable import as_variable
from renkei.distributions.distribution import (
    Distribution,
    constant,
    exactly_one,
    inside,
    limited,
    parameters,
    point,
    repeated,
    safe_log,
    times_log,
    to_host,
)
from renkei.functions.activation import sigmoid, softplus
from renkei.functions.gamma import lgamma
from renkei.functions.math import ceil, exp, floor, log, square
from renkei.functions.noise import random_like

__all__ = ["Bernoulli", "Geometric", "Poisson"]


class Bernoulli(Distribution):
    r"""The distribution of one toss of a coin: :math:`P(1) = p, P(0) = 1 - p`.

    Args:
        p: the probability of 1, array, Variable or number.
        logit: :math:`\log \frac{p}{1 - p}`, to be given instead of ``p``.
        binary_check: points other than 0 and 1 have the probability 0. Otherwise
            :math:`\log P(x) = x \log p + (1 - x) \log(1 - p)` holds for them, too.

    Raises:
        RangeError: not one of ``p`` and ``logit`` was given.

    >>> import renkei.distributions as D
    >>> D.Bernoulli(np.array([0.25])).prob(np.array([[0], [1]]))
    variable([[0.75],
              [0.25]])
    """

    def __init__(self, p: Any = None, logit: Any = None, binary_check: bool = False) -> None:
        call = "Bernoulli(p, logit)"
        self._given = exactly_one(call, p=p, logit=logit)
        (self._param,) = parameters(call, **{self._given: p if logit is None else logit})
        self.binary_check = binary_check

    @property
    def p(self) -> Any:
        """The probability of 1."""
        return self._param if self._given == "p" else sigmoid(self._param)

    @property
    def logit(self) -> Any:
        """The logarithm of p / (1 - p)."""
        if self._given == "logit":
            return self._param
        one = self._param.array >= 1
        rest = -safe_log(1 - self._param)
        return inside(one, rest, 0.0) + inside(~one, safe_log(self._param) + rest, 0.0)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._param.shape

    @property
    def params(self) -> dict[str, Any]:
        return {self._given: self._param}

    @property
    def support(self) -> str:
        return "{0, 1}"

    def sample_n(self, n: int) -> Any:
        p = self.p.array
        u = random_like("uniform", repeated(n, self._param)).array
        return as_variable((u < p).astype(np.int64))

    def log_prob(self, x: Any) -> Any:
        x = point("Bernoulli.log_prob(x)", x, self._param)
        if self._given == "logit":
            y = x * self._param - softplus(self._param)
        else:
            y = times_log(x, self._param) + times_log(1 - x, 1 - self._param)
        if not self.binary_check:
            return y
        return limited((x.array == 0) | (x.array == 1), y)

    @property
    def mean(self) -> Any:
        return self.p

    @property
    def mode(self) -> Any:
        return as_variable((self.p.array > 0.5).astype(np.int64))

    @property
    def variance(self) -> Any:
        return self.p * (1 - self.p)

    @property
    def entropy(self) -> Any:
        p = self.p
        if self._given == "logit":
            return softplus(self._param) - p * self._param
        return -(times_log(p, p) + times_log(1 - p, 1 - p))


class Geometric(Distribution):
    r"""How many tosses it takes until the first success: :math:`P(k) = p (1 - p)^{k-1}, k \ge 1`.

    Args:
        p: the probability of success, in (0, 1], array, Variable or number.

    >>> import renkei.distributions as D
    >>> D.Geometric(np.array([0.5])).prob(np.array([[0], [1], [2]]))
    variable([[0.  ],
              [0.5 ],
              [0.25]])
    """

    def __init__(self, p: Any) -> None:
        (self._p,) = parameters("Geometric(p)", p=p)

    @property
    def p(self) -> Any:
        """The probability of success."""
        return self._p

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._p.shape

    @property
    def params(self) -> dict[str, Any]:
        return {"p": self._p}

    @property
    def support(self) -> str:
        return "positive integer"

    def sample_n(self, n: int) -> Any:
        u = random_like("uniform", repeated(n, self._p))
        tosses = ceil(log(u) / safe_log(1 - self._p)).array
        return as_variable(self.xp.maximum(tosses, 1))

    def log_prob(self, x: Any) -> Any:
        x = point("Geometric.log_prob(x)", x, self._p)
        possible = (x.array >= 1) & (x.array == floor(x.array))
        return limited(possible, times_log(inside(possible, x) - 1, 1 - self._p) + log(self._p))

    def cdf(self, x: Any) -> Any:
        x = point("Geometric.cdf(x)", x, self._p)
        tosses = floor(inside(x.array >= 1, x, 0.0))
        return 1 - exp(times_log(tosses, 1 - self._p))

    @property
    def mean(self) -> Any:
        return 1 / self._p

    @property
    def mode(self) -> Any:
        return as_variable(self.xp.ones_like(self._p.array))

    @property
    def variance(self) -> Any:
        return (1 - self._p) / square(self._p)

    @property
    def entropy(self) -> Any:
        q = 1 - self._p
        return -(times_log(q, q) + times_log(self._p, self._p)) / self._p


class Poisson(Distribution):
    r"""The number of rare events: :math:`P(k) = \frac{\lambda^k e^{-\lambda}}{k!}, k \ge 0`.

    Args:
        lam: the mean :math:`\lambda`, not negative, array, Variable or number.

    >>> import renkei.distributions as D
    >>> D.Poisson(np.array([2.0])).log_prob(np.array([1])).array.round(4)
    array([-1.3069])
    """

    def __init__(self, lam: Any) -> None:
        (self._lam,) = parameters("Poisson(lam)", lam=lam)

    @property
    def lam(self) -> Any:
        """The mean."""
        return self._lam

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._lam.shape

    @property
    def params(self) -> dict[str, Any]:
        return {"lam": self._lam}

    @property
    def support(self) -> str:
        return "non negative integer"

    def sample_n(self, n: int) -> Any:
        lam = to_host(self._lam.array)
        return constant(generator().host.poisson(lam, (n, *lam.shape)), self._lam)

    def log_prob(self, x: Any) -> Any:
        x = point("Poisson.log_prob(x)", x, self._lam)
        possible = (x.array >= 0) & (x.array == floor(x.array))
        k = inside(possible, x, 0.0)
        return limited(possible, times_log(k, self._lam) - self._lam - lgamma(k + 1))

    @property
    def mean(self) -> Any:
        return self._lam

    @property
    def mode(self) -> Any:
        return as_variable(floor(self._lam.array))

    @property
    def variance(self) -> Any:
        return self._lam
