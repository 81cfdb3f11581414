"""Distributions whose results are Chainer's Variables and whose samples follow ``numpy.random``."""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any

from renkei import distributions as ours
from renkei.compat.chainer._random import numpy_keys
from renkei.compat.chainer._tree import LEAVES, ROOT
from renkei.compat.chainer._wrap import reclassed

_NAMES = (
    "Bernoulli Beta Categorical Cauchy Chisquare Dirichlet Exponential Gamma Geometric Gumbel "
    "Independent Laplace LogNormal MultivariateNormal Normal OneHotCategorical Pareto Poisson "
    "Uniform"
).split()

_PLAIN = ("batch_shape", "event_shape", "params", "support", "xp")  # these are no Variables

__all__ = list(_NAMES)


def _property(name: str) -> property:
    def get(self: Any) -> Any:
        return reclassed(getattr(super(self._facade, self), name))

    return property(get, doc=f"See ``renkei.distributions``: {name}.")


def _method(name: str, function: Any) -> Any:
    @functools.wraps(function)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return reclassed(function(self, *args, **kwargs))

    return call


def _sampling(function: Any) -> Any:
    """``sample_n`` whose numbers depend on the state of ``numpy.random`` alone."""

    @functools.wraps(function)
    def sample_n(self: Any, n: int) -> Any:
        with numpy_keys():
            return reclassed(function(self, n))

    return sample_n


def _normal_sample_n(self: Any, n: int) -> Any:
    """Draws n batches from ``numpy.random.standard_normal``."""
    loc, scale = self.loc, self.scale
    noise = self.xp.random.standard_normal((n, *loc.shape)).astype(loc.dtype)
    return reclassed(noise * scale + loc)


def _facade(cls: type) -> type:
    members: dict[str, Any] = {"__doc__": cls.__doc__, "__module__": __name__}
    for name in dir(cls):
        value = inspect.getattr_static(cls, name)
        if name.startswith("_") or name in _PLAIN:
            continue
        if isinstance(value, (property, functools.cached_property)):
            members[name] = _property(name)
        elif inspect.isfunction(value):
            members[name] = _sampling(value) if name == "sample_n" else _method(name, value)
    if cls.__name__ == "Normal":
        members["sample_n"] = _normal_sample_n
    made: Any = type(cls.__name__, (cls,), members)
    made._facade = made
    return made


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        globals()[name] = made = _facade(getattr(ours, name))
        return made
    if name in LEAVES["distributions"][1].split():
        return importlib.import_module(f"{ROOT}.distributions.{name}")
    raise AttributeError(f"module 'chainer.distributions' has no attribute {name!r}")
