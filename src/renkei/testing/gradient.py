"""Gradients against central differences: every element, or one random projection of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from renkei.core.config import scoped
from renkei.core.graph import backward, grad
from renkei.core.variable import Variable
from renkei.testing.case import flat

__all__ = ["gradient_check", "numerical_grad"]

EPS = 1e-5  # halves the digits of float64: rounding and truncation errors are both about 1e-11


def numerical_grad(
    f: Callable[[], Any],
    inputs: Sequence[Any],
    grad_outputs: Sequence[Any] | None = None,
    eps: float = 1e-3,
) -> list[Any]:
    r"""Gradients of :math:`\sum_k \langle gy_k, f_k \rangle`, each element by central differences.

    Args:
        f: a function without arguments that computes from ``inputs``; returns arrays or Variables.
        inputs: the arrays that ``f`` reads; they are changed in place and restored.
        grad_outputs: one array per result of ``f``; None: ones.
        eps: half the step.

    Returns:
        A list of float64 arrays of the shapes of the inputs.

    >>> import numpy as np
    >>> from renkei.testing import numerical_grad
    >>> x = np.array([1.0, 2.0])
    >>> numerical_grad(lambda: x**2, [x])[0].round(6)
    array([2., 4.])
    """

    def total() -> float:
        ys = [np.asarray(getattr(y, "array", y), np.float64) for y in flat(f())]
        gys = [1.0] * len(ys) if grad_outputs is None else grad_outputs
        return float(sum((y * gy).sum() for y, gy in zip(ys, gys, strict=True)))

    results = []
    for x in inputs:
        gx = np.zeros(x.shape)
        for i in np.ndindex(x.shape):
            value = x[i].copy()
            x[i] = value + eps
            above = total()
            x[i] = value - eps
            gx[i] = (above - total()) / (2 * eps)
            x[i] = value
        results.append(gx)
    return results


def gradient_check(
    f: Callable[..., Any],
    inputs: Sequence[Any],
    *,
    order: int = 2,
    wrt: Sequence[int] | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    seed: int = 0,
) -> None:
    r"""Checks the first and second gradients of a function of your own.

    With random directions d and e and a random output gradient gy, it compares
    :math:`\langle \nabla \langle gy, f \rangle, d \rangle` with a central difference along d, and
    then the gradient of that with respect to the inputs *and* gy with one along e.

    Args:
        f: takes one Variable or array per input; returns a Variable or a tuple of them.
        inputs: float64 arrays to differentiate by, and others, which are passed on as they are.
        order: 1 or 2.
        wrt: the inputs to differentiate by; None: all of a floating dtype.
        rtol: tolerance relative to the derivative.
        atol: absolute tolerance.
        seed: for the random directions.

    Raises:
        AssertionError: a gradient is wrong; the message says which input's.

    >>> import numpy as np
    >>> from renkei.testing import gradient_check
    >>> gradient_check(lambda x, y: x * x * y, [np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    """
    check = GradientCheck(lambda arguments: flat(f(*arguments)), list(inputs), wrt, seed)
    check.first(rtol, atol)
    if order > 1:
        check.second(rtol, atol)


class GradientCheck:
    """The machinery of ``gradient_check``: a function of a list of arguments, and directions."""

    def __init__(
        self,
        f: Callable[[list[Any]], list[Any]],
        arguments: list[Any],
        wrt: Sequence[int] | None = None,
        rng: Any = 0,
    ) -> None:
        self.f, self.arguments = f, arguments
        self.wrt = floating(arguments) if wrt is None else list(wrt)
        self.rng = np.random.default_rng(rng)
        self.gys = [self.direction(y.array) for y in self.run(arguments)[1]]

    def direction(self, like: Any) -> Any:
        """Random numbers in ±[0.5, 1): none so small that it would hide an error."""
        size = self.rng.uniform(0.5, 1.0, like.shape)
        return np.asarray(size * self.rng.choice([-1.0, 1.0], like.shape), like.dtype)

    def run(self, arguments: list[Any]) -> tuple[list[Variable], list[Variable]]:
        """The Variables to differentiate by, and the results that depend on them."""
        wrapped = [Variable(a) if i in self.wrt else a for i, a in enumerate(arguments)]
        ys = [y for y in self.f(wrapped) if isinstance(y, Variable) and y.requires_grad]
        return [wrapped[i] for i in self.wrt], ys

    def gradients(self, arguments: list[Any], gys: list[Any]) -> list[Any]:
        """The gradients by the array sweep."""
        xs, ys = self.run(arguments)
        if all(y.creator is not None for y in ys):
            backward(ys, [Variable(gy, requires_grad=False) for gy in gys])
            found = [x.grad for x in xs]
        else:  # a function that returns its argument: backward() does nothing at a leaf
            found = [getattr(g, "array", None) for g in self.recorded(xs, ys, gys, False)]
        return [np.zeros_like(x.array) if g is None else g for x, g in zip(xs, found)]

    def recorded(self, xs: Any, ys: Any, gys: Any, double: bool = True) -> list[Any]:
        """The gradients as Variables, by ``grad``."""
        gys = [gy if isinstance(gy, Variable) else Variable(gy) for gy in gys]
        return grad(ys, xs, gys, enable_double_backprop=double)

    def moved(self, step: float, directions: dict[int, Any]) -> list[Any]:
        return [
            np.asarray(a + step * directions[i]) if i in directions else a
            for i, a in enumerate(self.arguments)
        ]

    def total(self, arguments: list[Any]) -> float:
        """The sum of all results, weighted with the output gradients."""
        with scoped(enable_backprop=True):
            ys = self.run(arguments)[1]
        return float(sum((y.array * gy).sum() for y, gy in zip(ys, self.gys, strict=True)))

    def first(self, rtol: float, atol: float) -> None:
        """Gradients against central differences, one input after the other."""
        if not self.gys:
            raise AssertionError("no result depends on an input: nothing to differentiate")
        gxs = self.gradients(self.arguments, self.gys)
        for i, gx in zip(self.wrt, gxs, strict=True):
            d = self.direction(self.arguments[i])
            above, below = (self.total(self.moved(s, {i: d})) for s in (EPS, -EPS))
            _close(f"gradient of input {i}", gx * d, (above - below) / (2 * EPS), rtol, atol)

    def second(self, rtol: float, atol: float) -> None:
        """The gradients' gradients, with respect to the inputs and to the output gradients."""
        ds = [self.direction(self.arguments[i]) for i in self.wrt]
        xs, ys = self.run(self.arguments)
        gys = [Variable(gy) for gy in self.gys]
        gxs = self.recorded(xs, ys, gys)
        self._agree(gxs)
        parts = [(gx, Variable(d)) for gx, d in zip(gxs, ds) if gx is not None]
        parts = [(gx, d) for gx, d in parts if gx.requires_grad]
        if not parts:
            raise AssertionError("the gradients do not depend on the output gradients")
        seconds = grad([gx for gx, _ in parts], [*xs, *gys], [d for _, d in parts])

        def inner(arguments: list[Any], given: list[Any]) -> float:
            found = self.gradients(arguments, given)
            return float(sum((g * d).sum() for g, d in zip(found, ds)))

        for k, (target, second) in enumerate(zip([*xs, *gys], seconds, strict=True)):
            e = self.direction(target.array)
            by_input, values = k < len(xs), []
            for step in (EPS, -EPS):
                arguments = self.moved(step, {self.wrt[k]: e} if by_input else {})
                given = list(self.gys)
                if not by_input:
                    given[k - len(xs)] = np.asarray(given[k - len(xs)] + step * e)
                values.append(inner(arguments, given))
            where = f"input {self.wrt[k]}" if by_input else f"output gradient {k - len(xs)}"
            terms = np.zeros(1) if second is None else second.array * e
            numeric = (values[0] - values[1]) / (2 * EPS)
            _close(f"second derivative by {where}", terms, numeric, rtol, atol)

    def _agree(self, recorded: list[Any]) -> None:
        """The array sweep and the recording sweep give the same gradients."""
        plain = self.gradients(self.arguments, self.gys)
        for i, g, v in zip(self.wrt, plain, recorded, strict=True):
            off = np.abs(g - (0 if v is None else v.array)).max(initial=0.0)
            if not off <= 1e-9 * (1 + np.abs(g).max(initial=0.0)):
                raise AssertionError(
                    f"the gradient of input {i} differs by {off:.3} between a plain backward and "
                    "one with enable_double_backprop"
                )


def floating(arguments: Sequence[Any]) -> list[int]:
    """Which arguments are floating-point arrays."""
    kinds = [getattr(getattr(a, "dtype", None), "kind", "") for a in arguments]
    return [i for i, kind in enumerate(kinds) if kind == "f"]


def _close(what: str, terms: Any, numeric: float, rtol: float, atol: float) -> None:
    analytic = float(terms.sum())
    allowed = atol + rtol * max(abs(numeric), abs(analytic))
    if not abs(analytic - numeric) <= allowed:
        raise AssertionError(
            f"{what}: {analytic:.9g} along a random direction, but central differences give "
            f"{numeric:.9g} (off by {abs(analytic - numeric):.3g}, allowed {allowed:.3g})"
        )
