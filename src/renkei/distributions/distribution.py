"""Distribution: the base of all distributions, and what their modules share."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from renkei.core.config import get_dtype
from renkei.core.device import as_array, device_of, get_array_module, get_array_types
from renkei.core.errors import DtypeError, RangeError, ShapeError, UsageError, describe
from renkei.core.random import generator
from renkei.core.shapes import broadcast_shapes
from renkei.core.variable import Variable, as_variable
from renkei.functions.broadcast import broadcast_to
from renkei.functions.conversion import cast
from renkei.functions.indexing import where
from renkei.functions.math import exp, log, sqrt

__all__ = ["Distribution"]


class Distribution:
    r"""The base of all distributions.

    A sample has the shape ``sample_shape + batch_shape + event_shape``: an *event* is one value of
    one distribution, ``()`` for a number; a *batch* is one event of each of several distributions,
    which have parameters of their own; a *sample* is as many independent batches as were asked
    for. Functions of a sample, as ``log_prob``, return ``sample_shape + batch_shape``.

    All results are Variables, differentiable by the parameters and by points where mathematics
    allows it. A subclass defines ``batch_shape``, ``params``, ``log_prob``, ``sample_n`` and the
    moments that exist; what it leaves out follows from these or raises ``NotImplementedError``.

    >>> import renkei.distributions as D
    >>> d = D.Normal(np.zeros((4, 3)), np.ones((4, 3)))
    >>> x = d.sample((6, 5))
    >>> x.shape, d.log_prob(x).shape, d.entropy.shape
    ((6, 5, 4, 3), (6, 5, 4, 3), (4, 3))
    """

    # -- shapes and parameters ---------------------------------------------------------------------

    @property
    def batch_shape(self) -> tuple[int, ...]:
        """How many distributions of one kind there are, along which axes."""
        raise self._missing("batch_shape")

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one value."""
        return ()

    @property
    def params(self) -> dict[str, Any]:
        """The parameters by name."""
        raise self._missing("params")

    @property
    def support(self) -> str:
        """In words, which values are possible."""
        raise self._missing("support")

    @property
    def xp(self) -> Any:
        """The array module of the parameters."""
        return get_array_module(*self.params.values())

    # -- points ------------------------------------------------------------------------------------

    def sample(self, sample_shape: tuple[int, ...] | int = ()) -> Any:
        r"""Draws events.

        Args:
            sample_shape: how many batches, along which axes; an integer for one axis.

        Returns:
            Variable of shape ``sample_shape + batch_shape + event_shape``.
        """
        shape = sample_shape if isinstance(sample_shape, tuple) else (sample_shape,)
        x = self.sample_n(prod(shape))
        return x.reshape((*shape, *x.shape[1:]))

    def sample_n(self, n: int) -> Any:
        """Draws n batches: a Variable of shape ``(n,) + batch_shape + event_shape``."""
        raise self._missing("sample_n")

    def log_prob(self, x: Any) -> Any:
        """The logarithm of the density, or of the probability of a discrete value."""
        raise self._missing("log_prob")

    def prob(self, x: Any) -> Any:
        """The density, or the probability of a discrete value."""
        return exp(self.log_prob(x))

    def cdf(self, x: Any) -> Any:
        """The probability of values up to ``x``."""
        raise self._missing("cdf")

    def icdf(self, x: Any) -> Any:
        """The quantile of the probability ``x``: the inverse of ``cdf``."""
        raise self._missing("icdf")

    def log_cdf(self, x: Any) -> Any:
        """The logarithm of ``cdf``."""
        return safe_log(self.cdf(x))

    def survival_function(self, x: Any) -> Any:
        """The probability of values above ``x``."""
        return 1 - self.cdf(x)

    def log_survival_function(self, x: Any) -> Any:
        """The logarithm of ``survival_function``."""
        return safe_log(self.survival_function(x))

    # -- numbers -----------------------------------------------------------------------------------

    @property
    def mean(self) -> Any:
        """The expectation, of shape ``batch_shape + event_shape``."""
        raise self._missing("mean")

    @property
    def variance(self) -> Any:
        """The variance of each element, of shape ``batch_shape + event_shape``."""
        raise self._missing("variance")

    @property
    def stddev(self) -> Any:
        """The square root of the variance."""
        return sqrt(self.variance)

    @property
    def covariance(self) -> Any:
        """The covariances of the elements of an event."""
        raise self._missing("covariance")

    @property
    def mode(self) -> Any:
        """The most probable value."""
        raise self._missing("mode")

    @property
    def entropy(self) -> Any:
        """The expectation of ``-log_prob``, of shape ``batch_shape``, in nats."""
        raise self._missing("entropy")

    def perplexity(self, x: Any = None) -> Any:
        """The exponential of the entropy; ``x`` is not looked at."""
        return exp(self.entropy)

    def _missing(self, name: str) -> Exception:
        return NotImplementedError(f"{type(self).__name__} has no {name}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} batch_shape={self.batch_shape}>"


def parameters(call: str, **values: Any) -> list[Any]:
    """Parameters as Variables of one dtype and, by broadcasting, of one shape."""
    variables = variables_of(call, **values)
    shapes = [v.shape for v in variables]
    shape = broadcast_shapes(call, *shapes)
    return [v if v.shape == shape else broadcast_to(v, shape) for v in variables]


def variables_of(call: str, **values: Any) -> list[Any]:
    """Parameters as Variables of one dtype: numbers and lists take that of the arrays."""
    known = (Variable, *get_array_types())
    arrays = [v for v in values.values() if isinstance(v, known)]
    dtype = arrays[0].dtype if arrays else get_dtype()
    xp = get_array_module(*arrays)
    result = []
    for name, value in values.items():
        if not isinstance(value, known):
            if not isinstance(value, (int, float, list, tuple, np.generic)):
                raise DtypeError(call, f"{name} {describe(value)}", "an array, Variable or number")
            value = xp.asarray(value, dtype)
        if value.dtype.kind != "f" or value.dtype != dtype:
            expected = "floats of one dtype" if dtype.kind == "f" else "floats"
            raise DtypeError(call, f"{name} {describe(value)}", expected, "See F.cast.")
        result.append(as_variable(value))
    return result


def exactly_one(call: str, **values: Any) -> str:
    """The name of the one argument that was given."""
    given = [name for name, value in values.items() if value is not None]
    if len(given) != 1:
        got = " and ".join(given) or "neither"
        raise RangeError(call, got, f"either {' or '.join(values)}")
    return given[0]


def point(call: str, x: Any, like: Variable) -> Any:
    """Points as a Variable of the dtype of a parameter."""
    if not isinstance(x, Variable):
        x = as_variable(get_array_module(like).asarray(x))
    if x.dtype.kind not in "fbiu":
        raise DtypeError(call, f"x {describe(x)}", "numbers")
    return x if x.dtype == like.dtype else cast(x, like.dtype)


def check_event(call: str, x: Any, shape: tuple[int, ...]) -> None:
    """Refuses points that do not end in the axes of an event."""
    if x.shape[len(x.shape) - len(shape) :] != shape:
        raise ShapeError(call, f"x {x.shape}", f"events of shape {shape} along the last axes")


def repeated(n: int, x: Variable) -> Any:
    """x, n times along a new first axis."""
    return broadcast_to(x, (n, *x.shape))


def inside(mask: Any, x: Any, other: float = 1.0) -> Any:
    """x where the mask holds, elsewhere a harmless number: for use before a logarithm."""
    return where(as_array(mask), x, other)


def limited(mask: Any, y: Any) -> Any:
    """Log-densities that are minus infinity where the mask does not hold."""
    return where(as_array(mask), y, -np.inf)


def safe_log(x: Any) -> Any:
    """log x; minus infinity, without a warning, at 0."""
    positive = x.array > 0
    return limited(positive, log(inside(positive, x)))


def times_log(x: Any, y: Any) -> Any:
    """x log y, which is 0 where x is 0 and minus infinity where only y is."""
    positive = y.array > 0
    return limited(positive | (x.array == 0), x * log(inside(positive, y)))


def standard_gamma(n: int, k: Variable) -> Any:
    """The logarithms of numbers of gamma distributions with scale 1, float64 (n, ...).

    Drawn on the host, and raised by one: numbers of small shapes would be too small to be written.
    """
    host, shape = generator().host, (n, *k.shape)
    values = to_host(k.array).astype(np.float64)
    uniform = 1 - host.random(shape)  # never 0
    return np.log(host.standard_gamma(values + 1, shape)) + np.log(uniform) / values


def to_host(array: Any) -> np.ndarray[Any, Any]:
    """The array in the memory of the CPU."""
    return array.get() if hasattr(array, "get") else array


def constant(array: Any, like: Variable) -> Any:
    """An array of the host as a Variable of the dtype of a parameter, on its device."""
    return as_variable(device_of(like.array).send(array.astype(like.dtype)))


def refuse(call: str, got: str, expected: str, hint: str = "") -> None:
    """Raises for a question that has no answer."""
    raise UsageError(call, got, expected, hint)
