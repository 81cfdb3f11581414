"""Distribution, and divergences between distributions."""

from __future__ import annotations

from typing import Any

from renkei.compat.chainer._wrap import reclassed
from renkei.distributions import divergence
from renkei.distributions.distribution import Distribution

__all__ = ["Distribution", "cross_entropy", "kl_divergence", "register_kl"]

register_kl = divergence.register_kl


def kl_divergence(dist1: Distribution, dist2: Distribution) -> Any:
    """The Kullback-Leibler divergence of two distributions, as a Variable."""
    return reclassed(divergence.kl_divergence(dist1, dist2))


def cross_entropy(dist1: Distribution, dist2: Distribution) -> Any:
    """The cross entropy of two distributions, as a Variable."""
    return reclassed(divergence.cross_entropy(dist1, dist2))
