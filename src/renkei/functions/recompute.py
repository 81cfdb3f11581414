"""Gradients by running a computation again: forget, and the gradients of fused functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from renkei.core.config import current, scoped
from renkei.core.device import get_array_module, get_array_types
from renkei.core.errors import DtypeError, describe
from renkei.core.function import Function
from renkei.core.graph import grad, sweep
from renkei.core.random import generator
from renkei.core.shapes import Spec
from renkei.core.variable import Leaf, Variable, as_variable, tick
from renkei.functions.conversion import Identity

__all__ = ["forget"]


def gradients_of(
    body: Callable[..., Any], inputs: Sequence[Any], gys: Sequence[Any], wanted: Sequence[bool]
) -> list[Any]:
    """The gradients of a body of functions by its inputs, with graphs of their own.

    A fused function calls this in a recording sweep, where its kernel would leave no graph.

    Args:
        body: takes the inputs, returns a tuple of Variables.
        inputs: arrays or Variables, or None.
        gys: the gradients of the outputs, None for outputs that nobody used.
        wanted: which inputs to differentiate by.

    Returns:
        For each input its gradient, a Variable, or None.
    """
    with scoped(enable_backprop=True):
        places = [i for i, want in enumerate(wanted) if want]
        # New names for the inputs: a way from one input to another must not count.
        named = Identity()(*(_variable(inputs[i]) for i in places))
        values = list(inputs)
        for i, x in zip(places, named, strict=True):
            values[i] = x
        ys = body(*values)
        used = [(y, _variable(gy)) for y, gy in zip(ys, gys, strict=True) if gy is not None]
        outs, gs = [y for y, _ in used], [gy for _, gy in used]
        found = grad(outs, list(named), gs, enable_double_backprop=True)
    gradients: list[Any] = [None] * len(inputs)
    for i, g in zip(places, found, strict=True):
        gradients[i] = g
    return gradients


def _variable(x: Any) -> Variable:
    return x if isinstance(x, Variable) and x._edge is not None else Variable(_array(x))


def _array(x: Any) -> Any:
    return getattr(x, "array", x)


# -- forget ----------------------------------------------------------------------------------------


class _Run:
    """A call of a function, and what it takes to repeat it: settings and random numbers."""

    def __init__(self, func: Callable[..., Any]) -> None:
        settings, stream = current(), generator()
        self.func, self.train, self.dtype = func, settings.train, settings.dtype
        self.stream = stream.key, stream.offset

    def first(self, xs: Sequence[Variable]) -> tuple[Any, ...]:
        return _outputs(self.func(*xs))

    def again(self, xs: Sequence[Variable]) -> tuple[Any, ...]:
        stream = generator()
        now = stream.key, stream.offset
        stream.key, stream.offset = self.stream
        settings = {"train": self.train, "dtype": self.dtype, "in_recomputing": True}
        try:
            with scoped(enable_backprop=True, **settings):
                return _outputs(self.func(*xs))
        finally:
            stream.key, stream.offset = now


def _outputs(ys: Any) -> tuple[Any, ...]:
    outs = ys if isinstance(ys, tuple) else (ys,)
    for y in outs:
        if not isinstance(y, (Variable, *get_array_types())):
            call, got = "forget(func, *xs)", f"func returned {describe(ys)}"
            raise DtypeError(call, got, "a Variable or a tuple of them")
    return outs


class Forget(Function):
    """The node of ``forget``. Its inputs are those of the function, then whatever else it used."""

    outputs = ("*ys",)

    def __init__(self, run: _Run, ys: tuple[Any, ...] | None, others: list[Any]) -> None:
        self._run, self._ys, self._others = run, ys, others

    def check(self, *xs: Any) -> tuple[Spec, ...]:
        return tuple(Spec(y.shape, y.dtype) for y in self._ys or ())

    def forward(self, *xs: Any) -> tuple[Any, ...]:
        ys = tuple(_array(y) for y in self._ys or ())
        self._ys = None
        return ys

    def grads(self, wanted: tuple[bool, ...], gys: Any, xs: Any) -> list[Any]:
        record = any(isinstance(g, Variable) for g in gys)
        own = xs[: len(xs) - len(self._others)]
        with scoped(enable_backprop=True):
            if record:
                given = list(Identity()(*(_variable(x) for x in own))) if own else []
            else:
                given = [Variable(_array(x)) for x in own]
        floor = tick()
        ys = self._run.again(given)
        seeds = [
            (y._edge, g)
            for y, g in zip(ys, gys, strict=True)
            if g is not None and isinstance(y, Variable) and y._edge is not None
        ]
        edges = [*(x._edge for x in given), *self._others]
        targets = [e for e, want in zip(edges, wanted, strict=True) if want and e is not None]
        with scoped(enable_backprop=record):
            found = sweep(seeds, record, targets=targets, floor=floor)
        return [found.get(e) if e is not None else None for e in edges]


def forget(func: Callable[..., Any], *xs: Any) -> Any:
    r"""Calls a function without keeping what lies inside; backward computes it again.

    This trades time for memory: of a block, only the inputs stay until backward. Parameters and
    other Variables that the function uses get their gradients, too. Random numbers repeat, so that
    dropout drops the same; batch normalization counts a batch once.

    Args:
        func: takes Variables, returns a Variable or a tuple of them. It must do the same when it is
            called again, and keep no state between calls.
        xs: arrays or Variables.

    Returns:
        What ``func`` returns; arrays, if all ``xs`` are arrays and nothing in ``func`` wants a
        gradient.

    Raises:
        DtypeError: ``func`` returns something else, or cannot be called.

    >>> x = rk.Variable(np.array([1.0, 2.0]))
    >>> y = F.forget(lambda x: F.exp(x) * x, x)
    >>> F.sum(y).backward()
    >>> x.grad.round(3)  # (1 + x) exp(x)
    array([ 5.437, 22.167])

    Chen et al., "Training deep nets with sublinear memory cost", 2016.
    """
    if not callable(func):
        raise DtypeError("forget(func, *xs)", f"func {describe(func)}", "something to call")
    bare = not any(isinstance(x, Variable) for x in xs)
    given, run, start = [as_variable(x) for x in xs], _Run(func), tick()
    # New leaves: what func records upon them is dropped with them.
    inner = [Variable(x._values(), requires_grad=x._edge is not None) for x in given]
    ys = run.first(inner)
    edges = [y._edge for y in ys if isinstance(y, Variable) and y._edge is not None]
    if not edges:
        results = tuple(_array(y) if bare else as_variable(y) for y in ys)
        return results[0] if len(results) == 1 else results
    others = _used(edges, start, {id(x._edge) for x in inner})
    outs = Forget(run, ys, others)(*given, *(_placeholder(e) for e in others))
    return outs[0] if len(outs) == 1 else outs


def _used(edges: list[Any], start: int, own: set[int]) -> list[Any]:
    """The edges into what existed before a time: parameters, and results of earlier functions."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    stack = list(edges)
    while stack:
        edge = stack.pop()
        function = getattr(edge, "function", edge)
        if id(edge) in own:
            continue
        if edge.__class__ is Leaf or function.seq < start:
            found.setdefault(_identity(edge), edge)
        elif id(function) not in seen:
            seen.add(id(function))
            stack.extend(e for e in function.inputs or () if e is not None)
    return list(found.values())


def _identity(edge: Any) -> Any:
    """Output edges are made anew for each Variable; function and index tell them apart."""
    if hasattr(edge, "function"):
        return id(edge.function), edge.index
    return id(edge)


def _placeholder(edge: Any) -> Variable:
    """A Variable with an edge, for an array that backward will find by itself."""
    owner = edge.ref() if edge.__class__ is Leaf else None
    if owner is not None:
        return owner
    variable = Variable.__new__(Variable)
    xp = get_array_module()
    variable._array = xp.broadcast_to(xp.zeros((), edge._dtype), edge._shape)
    variable._edge = edge
    return variable
