"""TheanoFunction: a graph of Theano's living successor, PyTensor, as a link."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from renkei.core.errors import DeviceError, DtypeError, ShapeError, describe, require
from renkei.core.function import Function
from renkei.core.variable import as_variable
from renkei.links.link import Link

__all__ = ["TheanoFunction"]


class _Graph:
    """PyTensor's inputs and outputs, compiled when first called, and the gradients' graph."""

    def __init__(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.floating = [i for i, x in enumerate(inputs) if "float" in x.dtype]

    @functools.cached_property
    def compiled(self) -> Any:
        pytensor = require("pytensor", extra="theano")
        return pytensor.function(self.inputs, self.outputs, on_unused_input="ignore")

    @functools.cached_property
    def gradient(self) -> _Graph:
        """From inputs and output gradients to the gradients of the floating inputs."""
        pytensor = require("pytensor", extra="theano")
        seeds = [y.type() for y in self.outputs]
        wrt = [self.inputs[i] for i in self.floating]
        gradients = pytensor.grad(
            None,
            wrt,
            known_grads=dict(zip(self.outputs, seeds, strict=True)),
            disconnected_inputs="ignore",
            return_disconnected="zero",
        )
        gradients = [g.astype(x.dtype) for g, x in zip(gradients, wrt, strict=True)]
        return _Graph([*self.inputs, *seeds], gradients)


class TheanoApply(Function):
    """The node of one call of a graph."""

    outputs = ("*ys",)

    def __init__(self, graph: _Graph) -> None:
        self.graph = graph

    def forward(self, *xs: Any) -> Any:
        arrays = []
        for x, declared in zip(xs, self.graph.inputs, strict=True):
            if not isinstance(x, np.ndarray):
                raise DeviceError("TheanoFunction(*xs)", describe(x), "NumPy arrays")
            if x.ndim != declared.ndim:
                raise ShapeError(
                    "TheanoFunction(*xs)", describe(x), f"{declared.ndim} axes for {declared}"
                )
            if not np.can_cast(x.dtype, declared.dtype, "same_kind"):
                raise DtypeError("TheanoFunction(*xs)", describe(x), declared.dtype)
            arrays.append(x.astype(declared.dtype, copy=False))
        return tuple(np.asarray(y) for y in self.graph.compiled(*arrays))

    def grads(self, wanted: tuple[bool, ...], gys: Any, xs: Any) -> list[Any]:
        seeds = [
            np.zeros(array.shape, array.dtype) if g is None else g
            for g, array in zip(gys, self._made(xs, gys), strict=True)
        ]
        found = TheanoApply(self.graph.gradient)(*xs, *seeds)
        result: list[Any] = [None] * len(wanted)
        for i, g in zip(self.graph.floating, found, strict=True):
            result[i] = g
        return result

    def _made(self, xs: Any, gys: Any) -> Any:
        """The outputs again, only where the shape of a missing gradient has to be known."""
        if all(g is not None for g in gys):
            return gys
        return self.graph.compiled(*[getattr(x, "array", x) for x in xs])


class TheanoFunction(Link):
    r"""Computes outputs of a PyTensor graph from its inputs, with gradients of every order.

    Args:
        inputs: PyTensor variables, one or a list.
        outputs: PyTensor variables that depend on them, one or a list.

    Called with one array or Variable per input, it returns a Variable, or a tuple of them if
    ``outputs`` is a list of several. The graph is compiled at the first call.

    Raises:
        MissingExtra: PyTensor is not installed.
        ShapeError: an array has another number of axes than its input, or one is missing.
        DtypeError: an array's dtype cannot be cast to its input's.

    >>> import pytensor.tensor as T  # doctest: +SKIP
    >>> x, y = T.fvector(), T.fvector()  # doctest: +SKIP
    >>> f = L.TheanoFunction([x, y], [x + y, x * y])  # doctest: +SKIP
    >>> a, b = f(np.ones(2, np.float32), np.ones(2, np.float32))  # doctest: +SKIP
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        super().__init__()
        require("pytensor", extra="theano")
        self._graph = _Graph(_listed(inputs), _listed(outputs))

    def forward(self, *xs: Any) -> Any:
        n = len(self._graph.inputs)
        if len(xs) != n:
            raise ShapeError("TheanoFunction(*xs)", f"{len(xs)} arrays", f"{n}, one an input")
        ys = TheanoApply(self._graph)(*map(as_variable, xs))
        return ys[0] if len(ys) == 1 else ys


def _listed(variables: Any) -> list[Any]:
    return list(variables) if isinstance(variables, (list, tuple)) else [variables]
