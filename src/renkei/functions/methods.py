"""Gives Variable its operators and methods: each is a function of a family."""

from __future__ import annotations

from typing import Any

from renkei.core.elementwise import operand
from renkei.core.variable import Variable
from renkei.functions import arithmetic, linalg

__all__: list[str] = []


def _swapped(function: Any) -> Any:
    def reflected(self: Variable, other: Any) -> Any:
        return function(other, self)

    return reflected


def _floor_divide(x: Any, y: Any) -> Any:
    """``x // y``: has no gradient, so the result is cut off the graph."""
    like = (x if isinstance(x, Variable) else y)._values()
    a, b = (v._array if isinstance(v, Variable) else operand(v, like) for v in (x, y))
    return Variable(a // b, requires_grad=False)


Variable.__add__ = Variable.__radd__ = arithmetic.add
Variable.__sub__ = arithmetic.subtract
Variable.__rsub__ = _swapped(arithmetic.subtract)
Variable.__mul__ = Variable.__rmul__ = arithmetic.multiply
Variable.__truediv__ = arithmetic.divide
Variable.__rtruediv__ = _swapped(arithmetic.divide)
Variable.__floordiv__ = _floor_divide
Variable.__rfloordiv__ = _swapped(_floor_divide)
Variable.__pow__ = arithmetic.power
Variable.__rpow__ = _swapped(arithmetic.power)
Variable.__neg__ = arithmetic.negative
Variable.__pos__ = lambda self: self
Variable.__abs__ = arithmetic.absolute
Variable.__matmul__ = linalg.matmul
Variable.__rmatmul__ = _swapped(linalg.matmul)
