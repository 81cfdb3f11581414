"""Divergences between distributions: a registry of formulas for pairs of classes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from renkei.core.errors import ShapeError, UsageError, describe
from renkei.distributions.categorical import Categorical, OneHotCategorical
from renkei.distributions.discrete import Bernoulli, Geometric, Poisson
from renkei.distributions.distribution import Distribution, inside, times_log
from renkei.distributions.gamma import Beta, Dirichlet, Gamma, log_beta
from renkei.distributions.independent import Independent
from renkei.distributions.interval import Exponential, Pareto, Uniform
from renkei.distributions.multivariate_normal import MultivariateNormal
from renkei.distributions.normal import LogNormal, Normal
from renkei.distributions.real import Cauchy, Gumbel, Laplace
from renkei.functions.arithmetic import absolute
from renkei.functions.gamma import digamma, lgamma
from renkei.functions.linalg import matmul
from renkei.functions.math import exp, log, square
from renkei.functions.reduction import sum

__all__ = ["cross_entropy", "kl_divergence", "register_kl"]

_Formula = TypeVar("_Formula", bound=Callable[..., Any])
_FORMULAS: dict[tuple[type, type], Callable[..., Any]] = {}
_EULER = 0.5772156649015329


def register_kl(Dist1: type, Dist2: type) -> Callable[[_Formula], _Formula]:
    r"""Registers a function as the divergence of two classes of distributions.

    Args:
        Dist1: the class of the first distribution; the formula also serves its subclasses.
        Dist2: the class of the second one.

    Returns:
        A decorator of a function of a ``Dist1`` and a ``Dist2``.

    Raises:
        UsageError: one of them is no class of distributions.

    >>> import renkei.distributions as D
    >>> class Fixed(D.Distribution):
    ...     pass
    >>> @D.register_kl(Fixed, Fixed)
    ... def fixed(p, q):
    ...     return 0.0
    >>> D.kl_divergence(Fixed(), Fixed())
    0.0
    """
    for name, cls in (("Dist1", Dist1), ("Dist2", Dist2)):
        if not (isinstance(cls, type) and issubclass(cls, Distribution)):
            call = "register_kl(Dist1, Dist2)"
            raise UsageError(call, f"{name} {describe(cls)}", "subclasses of Distribution")

    def register(function: _Formula) -> _Formula:
        _FORMULAS[Dist1, Dist2] = function
        return function

    return register


def kl_divergence(dist1: Distribution, dist2: Distribution) -> Any:
    r"""The Kullback-Leibler divergence of two distributions.

    .. math:: D(p \| q) = \mathrm E_p \left[\log \frac{p(x)}{q(x)}\right]

    Args:
        dist1: the distribution :math:`p`, over which the mean is taken.
        dist2: the distribution :math:`q`.

    Returns:
        Variable of shape ``batch_shape``, in nats.

    Raises:
        UsageError: no formula is known for the two classes; see ``register_kl``.

    S. Kullback and R. Leibler, On Information and Sufficiency, 1951.

    >>> import renkei.distributions as D
    >>> D.kl_divergence(D.Normal(np.array([1.0]), 1.0), D.Normal(np.array([0.0]), 1.0))
    variable([0.5])
    """
    for first in type(dist1).__mro__:
        for second in type(dist2).__mro__:
            formula = _FORMULAS.get((first, second))
            if formula is not None:
                return formula(dist1, dist2)
    raise UsageError(
        "kl_divergence(dist1, dist2)",
        f"{type(dist1).__name__} and {type(dist2).__name__}",
        "two distributions with a known divergence",
        "Register a formula with register_kl.",
    )


def cross_entropy(dist1: Distribution, dist2: Distribution) -> Any:
    r"""The cross entropy of two distributions: :math:`H(p, q) = -\mathrm E_p [\log q(x)]`.

    It is the sum of the entropy of p and the divergence.

    Args:
        dist1: the distribution :math:`p`, over which the mean is taken.
        dist2: the distribution :math:`q`.

    Returns:
        Variable of shape ``batch_shape``, in nats.

    Raises:
        UsageError: no divergence is known for the two classes.

    >>> import renkei.distributions as D
    >>> D.cross_entropy(D.Exponential(np.array([1.0])), D.Exponential(np.array([2.0])))
    variable([1.30685282])
    """
    return dist1.entropy + kl_divergence(dist1, dist2)


# -- discrete --------------------------------------------------------------------------------------


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(a: Bernoulli, b: Bernoulli) -> Any:
    p, q = a.p, b.p
    crossed = times_log(p, q) + times_log(1 - p, 1 - q)
    return times_log(p, p) + times_log(1 - p, 1 - p) - crossed


@register_kl(Categorical, Categorical)
@register_kl(OneHotCategorical, OneHotCategorical)
def _categorical(a: Any, b: Any) -> Any:
    possible = a.p.array > 0
    ratio = inside(possible, a.log_p, 0.0) - inside(possible, b.log_p, 0.0)
    return sum(a.p * ratio, -1)


@register_kl(Geometric, Geometric)
def _geometric(a: Geometric, b: Geometric) -> Any:
    failure = times_log(1 - a.p, 1 - a.p) - times_log(1 - a.p, 1 - b.p)
    return failure / a.p + log(a.p) - log(b.p)


@register_kl(Poisson, Poisson)
def _poisson(a: Poisson, b: Poisson) -> Any:
    return times_log(a.lam, a.lam) - times_log(a.lam, b.lam) - a.lam + b.lam


# -- on the line -----------------------------------------------------------------------------------


@register_kl(Normal, Normal)
def _normal(a: Normal, b: Normal) -> Any:
    narrower = a.log_scale - b.log_scale
    moved = square((a.loc - b.loc) / b.scale)
    return (exp(narrower * 2) + moved - 1) * 0.5 - narrower


@register_kl(LogNormal, LogNormal)
def _log_normal(a: LogNormal, b: LogNormal) -> Any:
    return _normal(Normal(a.mu, a.sigma), Normal(b.mu, b.sigma))


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(a: MultivariateNormal, b: MultivariateNormal) -> Any:
    inverse = b.inverse_scale
    spread = sum(square(matmul(inverse, a.scale_tril)), (-2, -1))
    z = a.loc - b.loc
    moved = sum(square(matmul(inverse, z.reshape((*z.shape, 1)))), (-2, -1))
    return b.log_det_scale - a.log_det_scale + (spread + moved - a.d) * 0.5


@register_kl(Cauchy, Cauchy)
def _cauchy(a: Cauchy, b: Cauchy) -> Any:
    square_of_both = square(a.scale + b.scale) + square(a.loc - b.loc)
    return log(square_of_both / (a.scale * b.scale * 4))


@register_kl(Gumbel, Gumbel)
def _gumbel(a: Gumbel, b: Gumbel) -> Any:
    ratio = a.scale / b.scale
    moved = (a.loc - b.loc) / b.scale
    gamma = exp(lgamma(ratio + 1) - moved)
    return gamma - 1 - log(ratio) + moved + _EULER * (ratio - 1)


@register_kl(Laplace, Laplace)
def _laplace(a: Laplace, b: Laplace) -> Any:
    ratio, distance = a.scale / b.scale, absolute(a.loc - b.loc)
    return ratio * exp(-distance / a.scale) + distance / b.scale - log(ratio) - 1


# -- on a part of the line -------------------------------------------------------------------------


@register_kl(Exponential, Exponential)
def _exponential(a: Exponential, b: Exponential) -> Any:
    ratio = b.lam / a.lam
    return ratio - 1 - log(ratio)


@register_kl(Pareto, Pareto)
def _pareto(a: Pareto, b: Pareto) -> Any:
    possible = a.scale.array >= b.scale.array
    ratio = b.alpha / a.alpha
    y = b.alpha * log(a.scale / b.scale) - log(ratio) + ratio - 1
    return inside(possible, y, math.inf)


@register_kl(Uniform, Uniform)
def _uniform(a: Uniform, b: Uniform) -> Any:
    possible = (a.low.array >= b.low.array) & (a.high.array <= b.high.array)
    return inside(possible, log(b.scale / a.scale), np.inf)


@register_kl(Gamma, Gamma)
def _gamma(a: Gamma, b: Gamma) -> Any:
    k, k_b = _shape(a), _shape(b)
    ratio = a.theta / b.theta
    y = (k - k_b) * digamma(k) - lgamma(k) + lgamma(k_b)
    return y - k_b * log(ratio) + k * (ratio - 1)


def _shape(d: Gamma) -> Any:
    return d.mean / d.theta  # k of a chi-squared distribution is another number


@register_kl(Beta, Beta)
def _beta(a: Beta, b: Beta) -> Any:
    y = log_beta(b.a, b.b) - log_beta(a.a, a.b)
    y = y + (a.a - b.a) * digamma(a.a) + (a.b - b.b) * digamma(a.b)
    return y + (b.a - a.a + b.b - a.b) * digamma(a.a + a.b)


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(a: Dirichlet, b: Dirichlet) -> Any:
    total = a.alpha0.reshape((*a.batch_shape, 1))
    each = lgamma(b.alpha) - lgamma(a.alpha)
    each = each + (a.alpha - b.alpha) * (digamma(a.alpha) - digamma(total))
    return lgamma(a.alpha0) - lgamma(b.alpha0) + sum(each, -1)


@register_kl(Independent, Independent)
def _independent(a: Independent, b: Independent) -> Any:
    if a.reinterpreted_batch_ndims != b.reinterpreted_batch_ndims:
        raise ShapeError(
            "kl_divergence(dist1, dist2)",
            f"events of shape {a.event_shape} and {b.event_shape}",
            "two Independent with as many reinterpreted batch axes",
        )
    return a.summed(kl_divergence(a.distribution, b.distribution))
