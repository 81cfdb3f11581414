"""Distributions of one of several categories, as a number or as a one-hot vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from renkei.core.errors import DtypeError, RangeError, ShapeError, describe
from renkei.core.variable import Variable, as_variable
from renkei.distributions.distribution import (
    Distribution,
    check_event,
    exactly_one,
    point,
    repeated,
    safe_log,
    times_log,
    variables_of,
)
from renkei.functions.broadcast import broadcast_to
from renkei.functions.indexing import get_item
from renkei.functions.math import exp
from renkei.functions.noise import random_like
from renkei.functions.reduction import sum
from renkei.functions.softmax import log_softmax

__all__ = ["Categorical", "OneHotCategorical"]


class _OfCategories(Distribution):
    """What both forms share: the probabilities along the last axis."""

    def __init__(self, given: str, value: Any) -> None:
        call = f"{type(self).__name__}({given})"
        (self._param,) = variables_of(call, **{given: value})
        self._given = given
        if not self._param.ndim:
            raise ShapeError(call, f"{given} ()", "shape (..., categories)")

    @property
    def p(self) -> Any:
        """The probabilities, (..., categories)."""
        return self._param if self._given == "p" else exp(self.log_p)

    @property
    def log_p(self) -> Any:
        """The logarithms of the probabilities, (..., categories)."""
        if self._given == "p":
            return safe_log(self._param)
        return log_softmax(self._param, axis=-1)

    @property
    def batch_shape(self) -> tuple[int, ...]:
        return self._param.shape[:-1]

    @property
    def params(self) -> dict[str, Any]:
        return {"p": self.p}

    def _drawn(self, n: int) -> Any:
        """Categories, (n, ...): the greatest of the log-probabilities with Gumbel's noise."""
        noise = random_like("gumbel", repeated(n, self._param)).array
        return (noise + self.log_p.array).argmax(-1)

    @property
    def entropy(self) -> Any:
        return -sum(times_log(self.p, self.p), -1)


class Categorical(_OfCategories):
    r"""The distribution of a category: :math:`P(i) = p_i`.

    Args:
        p: the probabilities, array or Variable of shape (..., categories), with sum 1.
        logit: :math:`\log p` up to a constant, to be given instead of ``p``.

    Raises:
        RangeError: not one of ``p`` and ``logit`` was given.

    >>> import renkei.distributions as D
    >>> d = D.Categorical(np.array([0.25, 0.75]))
    >>> d.prob(np.array([0, 1, 1]))
    variable([0.25, 0.75, 0.75])
    """

    def __init__(self, p: Any = None, *, logit: Any = None) -> None:
        given = exactly_one("Categorical(p, logit)", p=p, logit=logit)
        super().__init__(given, p if logit is None else logit)

    @property
    def support(self) -> str:
        return f"integers in [0, {self._param.shape[-1]})"

    def sample_n(self, n: int) -> Any:
        return as_variable(self._drawn(n))

    def log_prob(self, x: Any) -> Any:
        call, k = "Categorical.log_prob(x)", self._param.shape[-1]
        x = as_variable(self.xp.asarray(x.array if isinstance(x, Variable) else x)).array
        if x.dtype.kind not in "iu":
            raise DtypeError(call, f"x {describe(x)}", "categories as integers")
        if x.size and not 0 <= int(x.min()) <= int(x.max()) < k:
            raise RangeError(call, f"x from {x.min()} to {x.max()}", f"categories in [0, {k})")
        shape = np.broadcast_shapes(x.shape, self.batch_shape)
        x = self.xp.broadcast_to(x, shape)
        rows = broadcast_to(self.log_p, (*shape, k)).reshape((-1, k))
        return get_item(rows, (self.xp.arange(x.size), x.ravel())).reshape(shape)

    @property
    def mode(self) -> Any:
        return as_variable(self._param.array.argmax(-1))


class OneHotCategorical(_OfCategories):
    r"""The distribution of a category as a one-hot vector: :math:`P(e_i) = p_i`.

    Args:
        p: the probabilities, array or Variable of shape (..., categories), with sum 1.

    >>> import renkei.distributions as D
    >>> D.OneHotCategorical(np.array([0.25, 0.75])).prob(np.eye(2))
    variable([0.25, 0.75])
    """

    def __init__(self, p: Any) -> None:
        super().__init__("p", p)

    @property
    def event_shape(self) -> tuple[int, ...]:
        return self._param.shape[-1:]

    @property
    def support(self) -> str:
        return "one-hot vectors"

    def _one_hot(self, categories: Any) -> Any:
        hot = categories[..., None] == self.xp.arange(self._param.shape[-1])
        return as_variable(hot.astype(self._param.dtype))

    def sample_n(self, n: int) -> Any:
        return self._one_hot(self._drawn(n))

    def log_prob(self, x: Any) -> Any:
        x = point("OneHotCategorical.log_prob(x)", x, self._param)
        check_event("OneHotCategorical.log_prob(x)", x, self.event_shape)
        return sum(times_log(x, self._param), -1)

    @property
    def mean(self) -> Any:
        return self._param

    @property
    def mode(self) -> Any:
        return self._one_hot(self._param.array.argmax(-1))

    @property
    def variance(self) -> Any:
        return self._param * (1 - self._param)

    @property
    def covariance(self) -> Any:
        p, k = self._param, self._param.shape[-1]
        row, column = p.reshape((*p.shape[:-1], 1, k)), p.reshape((*p.shape, 1))
        return row * self.xp.eye(k, dtype=p.dtype) - column * row
