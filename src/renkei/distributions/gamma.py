"""The gamma distribution and its relatives: chi-squared, beta, Dirichlet's.

Samples are drawn on the host. They are differentiable by a scale, not by shape parameters.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from renkei.core.errors import ShapeError
from renkei.core.variable import Variable
from renkei.distributions.distribution import (
    Distribution,
    check_event,
    constant,
    inside,
    limited,
    parameters,
    point,
    standard_gamma,
    times_log,
    variables_of,
)
from renkei.functions.gamma import digamma, lgamma
from renkei.functions.math import log, square
from renkei.functions.reduction import sum

__all__ = ["Beta", "Chisquare", "Dirichlet", "Gamma"]


class Gamma(Distribution):
    r"""The gamma distribution.

    .. math:: p(x) = \frac{x^{k-1} e^{-x/\theta}}{\Gamma(k) \theta^k}, \qquad x > 0

    Args:
        k: the shape, positive, array, Variable or number. Samples have no gradient by it.
        theta: the scale :math:`\theta`, positive.

    >>> import renkei.distributions as D
    >>> D.Gamma(np.array([2.0]), np.array([3.0])).mean
    variable([6.])
    """

    def __init__(self, k: Any, theta: Any) -> None:
        self._k, self._theta = parameters("Gamma(k, theta)", k=k, theta=theta)

    @property
    def k(self) -> Any:
        """The shape."""
        return self._k

    @property
    def theta(self) -> Any:
        """The scale."""
        return self._theta

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._k.shape

    @property
    def params(self) -> dict[str, Any]:
        return {"k": self._k, "theta": self._theta}

    @property
    def support(self) -> str:
        return "positive"

    def sample_n(self, n: int) -> Any:
        return constant(np.exp(standard_gamma(n, self._k)), self._k) * self._theta

    def log_prob(self, x: Any) -> Any:
        x = point(f"{type(self).__name__}.log_prob(x)", x, self._k)
        positive = x.array > 0
        z = inside(positive, x)
        y = (self._k - 1) * log(z) - z / self._theta - self._k * log(self._theta)
        return limited(positive, y - lgamma(self._k))

    @property
    def mean(self) -> Any:
        return self._k * self._theta

    @property
    def mode(self) -> Any:
        """The place of the maximum; 0 for shapes below 1, where the density is infinite there."""
        return inside(self._k.array > 1, self._k - 1, 0.0) * self._theta

    @property
    def variance(self) -> Any:
        return self._k * square(self._theta)

    @property
    def entropy(self) -> Any:
        k = self._k
        return k + log(self._theta) + lgamma(k) + (1 - k) * digamma(k)


class Chisquare(Gamma):
    r"""The distribution of the sum of k squared standard normal numbers.

    .. math:: p(x) = \frac{x^{k/2-1} e^{-x/2}}{2^{k/2} \Gamma(k/2)}, \qquad x > 0

    Args:
        k: degrees of freedom, positive, array, Variable or number. Samples have no gradient by it.

    >>> import renkei.distributions as D
    >>> D.Chisquare(np.array([3.0])).variance
    variable([6.])
    """

    def __init__(self, k: Any) -> None:
        (self._degrees,) = parameters("Chisquare(k)", k=k)
        two = self._degrees.array * 0 + 2
        self._k, self._theta = self._degrees * 0.5, Variable(two, requires_grad=False)

    @property
    def k(self) -> Any:
        """The degrees of freedom."""
        return self._degrees

    @property
    def params(self) -> dict[str, Any]:
        return {"k": self._degrees}


class Beta(Distribution):
    r"""The beta distribution.

    .. math:: p(x) = \frac{x^{a-1} (1-x)^{b-1}}{B(a, b)}, \qquad 0 < x < 1

    Args:
        a: the first exponent, positive, array, Variable or number.
        b: the second exponent, positive. Samples have no gradient by the parameters.

    >>> import renkei.distributions as D
    >>> D.Beta(np.array([2.0]), np.array([3.0])).mean
    variable([0.4])
    """

    def __init__(self, a: Any, b: Any) -> None:
        self._a, self._b = parameters("Beta(a, b)", a=a, b=b)

    @property
    def a(self) -> Any:
        """The first exponent."""
        return self._a

    @property
    def b(self) -> Any:
        """The second exponent."""
        return self._b

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._a.shape

    @property
    def params(self) -> dict[str, Any]:
        return {"a": self._a, "b": self._b}

    @property
    def support(self) -> str:
        return "[0, 1]"

    def sample_n(self, n: int) -> Any:
        difference = standard_gamma(n, self._b) - standard_gamma(n, self._a)
        return constant(np.exp(-np.logaddexp(0, difference)), self._a)

    def log_prob(self, x: Any) -> Any:
        x = point("Beta.log_prob(x)", x, self._a)
        possible = (x.array >= 0) & (x.array <= 1)
        z = inside(possible, x, 0.5)
        y = _power(self._a - 1, z) + _power(self._b - 1, 1 - z)
        return limited(possible, y - log_beta(self._a, self._b))

    @property
    def mean(self) -> Any:
        return self._a / (self._a + self._b)

    @property
    def variance(self) -> Any:
        total = self._a + self._b
        return self._a * self._b / (square(total) * (total + 1))

    @property
    def entropy(self) -> Any:
        a, b = self._a, self._b
        y = log_beta(a, b) + (a + b - 2) * digamma(a + b)
        return y - (a - 1) * digamma(a) - (b - 1) * digamma(b)


def log_beta(a: Any, b: Any) -> Any:
    """The logarithm of the beta function."""
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _power(exponent: Any, z: Any) -> Any:
    """The logarithm of z to a power, infinite for z = 0 and a negative power, without warnings."""
    y = times_log(exponent, z)
    return inside((z.array > 0) | (exponent.array >= 0), y, math.inf)


class Dirichlet(Distribution):
    r"""Dirichlet's distribution of vectors of probabilities.

    .. math::
       p(x) = \frac{\Gamma(\sum_i \alpha_i)}{\prod_i \Gamma(\alpha_i)} \prod_i x_i^{\alpha_i - 1}

    Args:
        alpha: the exponents, positive, array or Variable of shape (..., k). Samples have no
            gradient by them.

    Raises:
        ShapeError: ``alpha`` has no axis.

    >>> import renkei.distributions as D
    >>> D.Dirichlet(np.array([1.0, 1.0, 2.0])).mean
    variable([0.25, 0.25, 0.5 ])
    """

    def __init__(self, alpha: Any) -> None:
        (self._alpha,) = variables_of("Dirichlet(alpha)", alpha=alpha)
        if not self._alpha.ndim:
            raise ShapeError("Dirichlet(alpha)", "alpha ()", "shape (..., k)")

    @property
    def alpha(self) -> Any:
        """The exponents."""
        return self._alpha

    @property
    def alpha0(self) -> Any:
        """The sum of the exponents."""
        return sum(self._alpha, -1)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._alpha.shape[:-1]

    @property
    def event_shape(self) -> tuple[int, ...]:
        return self._alpha.shape[-1:]

    @property
    def params(self) -> dict[str, Any]:
        return {"alpha": self._alpha}

    @property
    def support(self) -> str:
        return "[0, 1]"

    def sample_n(self, n: int) -> Any:
        logs = standard_gamma(n, self._alpha)
        numbers = np.exp(logs - logs.max(-1, keepdims=True))
        return constant(numbers / numbers.sum(-1, keepdims=True), self._alpha)

    def log_prob(self, x: Any) -> Any:
        x = point("Dirichlet.log_prob(x)", x, self._alpha)
        check_event("Dirichlet.log_prob(x)", x, self.event_shape)
        possible = ((x.array >= 0) & (x.array <= 1)).all(-1)
        z = inside(possible[..., None], x, 0.5)
        y = sum(_power(self._alpha - 1, z) - lgamma(self._alpha), -1)
        return limited(possible, y + lgamma(self.alpha0))

    @property
    def mean(self) -> Any:
        return self._alpha / self.alpha0.reshape((*self.batch_shape, 1))

    @property
    def variance(self) -> Any:
        total, mean = self.alpha0.reshape((*self.batch_shape, 1)), self.mean
        return mean * (1 - mean) / (total + 1)

    @property
    def entropy(self) -> Any:
        a, total = self._alpha, self.alpha0
        k = a.shape[-1]
        y = sum(lgamma(a) - (a - 1) * digamma(a), -1)
        return y - lgamma(total) + (total - k) * digamma(total)
