"""Gives Variable its operators and methods: each is a function of a family.

Only arithmetic is imported at once. The other methods are found when they are first called, and
from then on the function itself is the method.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from renkei.core.device import as_array
from renkei.core.elementwise import operand
from renkei.core.errors import DtypeError
from renkei.core.variable import Variable
from renkei.functions import arithmetic

__all__: list[str] = []


def _swapped(function: Any) -> Any:
    def reflected(self: Variable, other: Any) -> Any:
        return function(other, self)

    return reflected


def _floor_divide(x: Any, y: Any) -> Any:
    """``x // y``: has no gradient, so the result is cut off the graph."""
    like = (x if isinstance(x, Variable) else y)._values()
    a, b = (v._values() if isinstance(v, Variable) else operand(v, like) for v in (x, y))
    return Variable(as_array(a // b), requires_grad=False)


def _late(method: str, family: str, name: str) -> Any:
    """A method that on its first call makes way for the function that it stands for."""

    def first(self: Variable, *args: Any, **options: Any) -> Any:
        function = getattr(importlib.import_module(f"renkei.functions.{family}"), name)
        setattr(Variable, method, function)
        return function(self, *args, **options)

    first.__name__ = method
    first.__doc__ = f"See ``F.{name.removesuffix('_method')}``."
    return first


def _matmul(a: Any, b: Any) -> Any:
    from renkei.functions.linalg import matmul

    return matmul(a, b)


def _iterate(self: Variable) -> Iterator[Variable]:
    """The Variables along axis 0: one node for all of them."""
    if self.ndim == 0:
        raise DtypeError("iter(x)", "a Variable of shape ()", "at least one axis", "Use x.item().")
    return iter(_separate(self))


def _separate(x: Variable) -> tuple[Variable, ...]:
    from renkei.functions.join_split import separate

    return separate(x)


def _set_item(self: Variable, index: Any, value: Any) -> None:
    raise DtypeError(
        "x[index] = value",
        "a Variable",
        "an array",
        "Write to x.array, which no gradient sees, or take F.where or F.scatter_add.",
    )


def _argmax(self: Variable, axis: int | None = None) -> Any:
    """Where the maximum along an axis is, as an array of integers."""
    return as_array(self._values().argmax(axis))


def _argmin(self: Variable, axis: int | None = None) -> Any:
    """Where the minimum along an axis is, as an array of integers."""
    return as_array(self._values().argmin(axis))


_OPERATORS = {
    "__abs__": arithmetic.absolute,
    "__add__": arithmetic.add,
    "__floordiv__": _floor_divide,
    "__getitem__": _late("__getitem__", "indexing", "get_item"),
    "__iter__": _iterate,
    "__matmul__": _matmul,
    "__mul__": arithmetic.multiply,
    "__neg__": arithmetic.negative,
    "__pos__": lambda self: self,
    "__pow__": arithmetic.power,
    "__radd__": arithmetic.add,
    "__rfloordiv__": _swapped(_floor_divide),
    "__rmatmul__": _swapped(_matmul),
    "__rmul__": arithmetic.multiply,
    "__rpow__": _swapped(arithmetic.power),
    "__rsub__": _swapped(arithmetic.subtract),
    "__rtruediv__": _swapped(arithmetic.divide),
    "__setitem__": _set_item,
    "__sub__": arithmetic.subtract,
    "__truediv__": arithmetic.divide,
    "argmax": _argmax,
    "argmin": _argmin,
}
# method: where the function is, and its name if it is another one
_METHODS = {
    "astype": "conversion cast",
    "clip": "math",
    "cumsum": "cumulative",
    "diagonal": "rearrange",
    "flatten": "shape",
    "max": "reduction",
    "mean": "reduction",
    "min": "reduction",
    "prod": "cumulative",
    "ravel": "shape flatten",
    "repeat": "rearrange",
    "reshape": "shape reshape_method",
    "squeeze": "shape",
    "sum": "reduction",
    "swapaxes": "shape",
    "transpose": "shape transpose_method",
}

for _name, _function in _OPERATORS.items():
    setattr(Variable, _name, _function)
for _name, _place in _METHODS.items():
    _family, _, _other = _place.partition(" ")
    setattr(Variable, _name, _late(_name, _family, _other or _name))
Variable.T = property(lambda self: self.transpose(), doc="The axes in reverse order.")  # type: ignore[attr-defined]
