"""Probability distributions: sampling, densities, moments, entropies and divergences.

Each family is a module of the same name; this table says which names it defines.
"""

from renkei._lazy import lazy

_FAMILIES = {
    "categorical": "Categorical OneHotCategorical",
    "discrete": "Bernoulli Geometric Poisson",
    "distribution": "Distribution",
    "divergence": "cross_entropy kl_divergence register_kl",
    "gamma": "Beta Chisquare Dirichlet Gamma",
    "independent": "Independent",
    "interval": "Exponential Pareto Uniform",
    "multivariate_normal": "MultivariateNormal",
    "normal": "LogNormal Normal",
    "real": "Cauchy Gumbel Laplace",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
