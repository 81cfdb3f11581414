"""Backward: one walk over the recorded graph, from the newest function to the oldest.

``Variable.backward``, ``backward`` and ``grad`` all call ``sweep``. In an array sweep gradients are
plain arrays and the gradient functions compute on arrays; in a recording sweep they are Variables,
and the same gradient functions build the graph of the second derivative.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy import ndarray

from renkei.core.config import current, scoped
from renkei.core.device import as_array, get_array_module
from renkei.core.errors import DtypeError, GraphError, ShapeError, describe
from renkei.core.function import BARE
from renkei.core.hooks import observe_backward
from renkei.core.variable import Leaf, Output, Variable

__all__ = ["backward", "grad", "sweep"]

_BARE_1, _BARE_2 = BARE + 1, BARE + 2


def sweep(
    seeds: list[tuple[Any, Any]],
    record: bool = False,
    retain: bool = False,
    targets: Sequence[Any] | None = None,
    floor: int = 0,
) -> dict[Any, Any]:
    """Walks back from edges with their gradients; returns what reached the leaves or targets.

    Args:
        seeds: pairs of an edge and its gradient.
        record: compute with Variables, so that the gradients have graphs.
        retain: leave the gradients of intermediate Variables with the functions.
        targets: edges; given, only what lies between them and the seeds is computed.
        floor: a time; functions that were recorded before it are not entered.

    Returns:
        Without targets, a mapping from each Leaf to a list whose first item is its gradient;
        otherwise a mapping from each target edge to its gradient or None.
    """
    reach = None if targets is None else _between([edge for edge, _ in seeds], targets)
    found: dict[Any, Any] = {} if targets is None else {_key(edge): None for edge in targets}
    sums: dict[Any, list[Any]] = {}  # leaf -> [gradient, whether the buffer is ours]
    pending: dict[int, list[Any]] = {}  # time of the function -> [function, gradients, owned slots]
    heap: list[int] = []
    for edge, seed in seeds:
        _collect(edge, seed, sums, pending, heap, record)
    while heap:
        function, gys, _ = pending.pop(-heappop(heap))
        if found:
            found.update({(function, i): g for i, g in enumerate(gys) if (function, i) in found})
        if function.seq < floor:
            continue
        if function.inputs is None:  # unchained: gradients end here and add up, as at a leaf
            function._grads = _summed(function._grads, _owned(gys))
            continue
        if function._grads is not None or retain:
            function._grads = _owned(gys) if retain else None
        for edge, g in _pull(function, gys, record, reach):
            # The body of _collect for the common case, a function's only output, without the call.
            if edge.__class__ is not Leaf and edge.__class__ is not Output:
                entry = pending.get(edge.seq)
                if entry is None:
                    pending[edge.seq] = [edge, [g], 0]
                    heappush(heap, -edge.seq)
                    continue
            _collect(edge, g, sums, pending, heap, record)
    if targets is None:
        return sums
    return {e: sums.get(e, [None])[0] if e.__class__ is Leaf else found[_key(e)] for e in targets}


def _summed(before: list[Any] | None, gys: list[Any]) -> list[Any]:
    if before is None:
        return gys
    return [b if g is None else g if b is None else b + g for b, g in zip(before, gys, strict=True)]


def _owned(gys: list[Any]) -> list[Any]:
    """Copies, because gradients that stay with Variables may be scaled in place."""
    return [g if g is None or isinstance(g, Variable) else g.copy() for g in gys]


def _key(edge: Any) -> Any:
    if edge.__class__ is Output:
        return edge.function, edge.index
    return edge if edge.__class__ is Leaf else (edge, 0)


def _pull(function: Any, gys: list[Any], record: bool, reach: Any) -> list[tuple[Any, Any]]:
    """The gradients of a function's inputs, as pairs with the inputs' edges, checked."""
    settings = current()
    if settings.slow:
        observe_backward("before", function, gys, settings)
    values = function._revived(gys) if record else gys + function.kept
    plan, inputs, result = function.plan, function.inputs, []
    calls = plan.calls if plan.joint is None else _joint(function, values, reach)
    for i, method, places, count in calls:
        edge = inputs[i]
        if edge.__class__ is Leaf:
            if edge.written > function.seq and i in plan.kept_inputs:
                _overwritten(function, i, edge.ref())
            if edge.ref() is None:  # nobody is left who could read it
                continue
        if reach is not None and _base(edge) not in reach:
            continue
        if count == 1:
            g = method(function, values[places[0]])
        elif count == 2:
            g = method(function, values[places[0]], values[places[1]])
        elif count == _BARE_1:
            g = method(values[places[0]])
        elif count == _BARE_2:
            g = method(values[places[0]], values[places[1]])
        elif count > BARE:
            g = method(*[values[k] for k in places])
        elif count < 0:  # computed already, together with the others
            g = method
        else:
            g = method(function, *[values[k] for k in places])
        if g is None:
            continue
        if g.__class__ is not ndarray and not isinstance(g, Variable):
            g = as_array(g)
        if g.shape != edge._shape or g.dtype is not edge._dtype:
            g = function._fitted(g, edge, i)
        result.append((edge, g))
    if settings.slow:
        observe_backward("after", function, gys, settings, [g for _, g in result])
    return result


def _joint(function: Any, values: list[Any], reach: Any) -> list[tuple[Any, ...]]:
    """Calls ``grads``, which computes the gradients of several inputs in one pass."""
    wanted = tuple(
        e is not None
        and not (e.__class__ is Leaf and e.ref() is None)
        and (reach is None or _base(e) in reach)
        for e in function.inputs
    )
    gradients = function.plan.joint(function, wanted, values)
    return [(i, g, (), -1) for i, g in enumerate(gradients) if wanted[i]]


def _overwritten(function: Any, i: int, variable: Any) -> None:
    if variable is not None and variable._overwritable:
        return
    name = function._input_name(i)
    raise GraphError(
        f"backward through {function.label}: its input {name!r} was overwritten after the forward "
        "computation and before backward",
        hint="Cut the graph with unchain_backward() before the update, or run forward again.",
    )


def _base(edge: Any) -> Any:
    return edge.function if edge.__class__ is Output else edge


def _between(starts: list[Any], targets: Sequence[Any]) -> set[Any]:
    """All leaves and functions on a way from the starts down to a target."""
    goals = {_base(edge) for edge in targets if edge is not None}
    functions = sorted(_functions(starts), key=lambda f: f.seq)
    reach = set(goals)
    for function in functions:
        if function not in reach and any(_base(e) in reach for e in function.inputs or ()):
            reach.add(function)
    return reach


def _functions(edges: list[Any]) -> set[Any]:
    """All functions reachable from the edges."""
    stack = [_base(e) for e in edges]
    seen: set[Any] = set()
    while stack:
        node = stack.pop()
        if node is None or node.__class__ is Leaf or node in seen:
            continue
        seen.add(node)
        stack.extend(_base(e) for e in node.inputs or () if e is not None)
    return seen


def _collect(
    edge: Any,
    g: Any,
    sums: dict[Any, list[Any]],
    pending: dict[int, list[Any]],
    heap: list[int],
    record: bool,
) -> None:
    """Adds a gradient to what has arrived at an edge."""
    if edge.__class__ is Leaf:
        entry, i = sums.get(edge), 0
        if entry is None:
            sums[edge] = [g, 0]
            return
        slots, owned = entry, entry[1]
    else:
        function, i = (edge.function, edge.index) if edge.__class__ is Output else (edge, 0)
        entry = pending.get(function.seq)
        if entry is None:
            entry = pending[function.seq] = [function, [None] * function.n_outputs, 0]
            heappush(heap, -function.seq)
        slots, owned = entry[1], entry[2] >> i & 1
    before = slots[i]
    if before is None:
        slots[i] = g
    elif owned and not record and before.__class__ is ndarray:
        before += g  # a buffer that the line below made: nobody else holds it
    else:
        slots[i] = before + g if record else as_array(before + g)
        entry[-1] |= 1 << i


def _store(sums: dict[Any, list[Any]], seeds: list[tuple[Any, Any]]) -> None:
    """Adds what reached the leaves to the gradients of their Variables, each in its own memory."""
    given = set()  # loops and tests in place: this runs for every parameter
    for _, seed in seeds:
        given.add(id(seed))
    for leaf, (g, _) in sums.items():
        variable = leaf.ref()
        if variable is None or variable._edge is None:  # None: frozen since
            continue
        before = variable._grad
        if before is not None:
            g = before + g
        if g.__class__ is ndarray and g.base is None and id(g) not in given:
            given.add(id(g))
            variable._grad = g
        else:
            variable._grad = _private(g, given)


def _private(g: Any, given: set[int]) -> Any:
    """A gradient in its own memory: hooks scale gradients in place, so no two may share it."""
    if isinstance(g, Variable):
        return g
    if g.__class__ is not ndarray:
        g = as_array(g)
    if id(g) in given or g.base is not None:
        g = g.copy()
    given.add(id(g))
    return g


def _run(pairs: list[tuple[Any, Any]], retain: bool, double: bool) -> None:
    """Sweeps from edges with their gradients and stores what arrives."""
    if double:
        pairs = [(e, g if isinstance(g, Variable) else Variable(g)) for e, g in pairs]
        with scoped(enable_backprop=True):
            _store(sweep(pairs, True, retain), pairs)
    else:
        _store(sweep(pairs, False, retain), pairs)


def _variable_backward(
    self: Variable,
    retain_grad: bool = False,
    enable_double_backprop: bool = False,
    loss_scale: float | None = None,
) -> None:
    r"""Computes the gradients of this Variable with respect to everything it depends on.

    Gradients add up in the ``grad`` of the leaves (parameters and inputs). A Variable of one
    element starts from 1; any other needs its ``grad`` set first.

    Args:
        retain_grad: keep the gradients of intermediate Variables too.
        enable_double_backprop: record the gradients' computation, so that they can be
            differentiated again.
        loss_scale: start from this instead of 1.

    Raises:
        GraphError: this Variable has several elements and no gradient to start from.
    """
    edge = self._edge
    if edge is None or edge.__class__ is Leaf:
        return
    function, index = (edge.function, edge.index) if edge.__class__ is Output else (edge, 0)
    seed = None if function._grads is None else function._grads[index]
    if seed is None:
        array: Any = self._array
        if array.size != 1:
            raise GraphError(
                f"backward() from a Variable of shape {self.shape}",
                "no gradient to start from",
                "a Variable of one element, or y.grad set before",
                "Take F.sum(y) or F.mean(y), or set y.grad to an array of y's shape.",
            )
        seed = (np if array.__class__ is ndarray else get_array_module(array)).ones_like(array)
        if loss_scale is not None:
            seed *= loss_scale
    elif not enable_double_backprop and isinstance(seed, Variable):
        seed = seed._array
    if function.inputs is not None:
        _run([(edge, seed)], retain_grad, enable_double_backprop)


def backward(
    outputs: Sequence[Variable],
    grad_outputs: Sequence[Variable | None] | None = None,
    *,
    enable_double_backprop: bool = False,
) -> None:
    r"""Runs backward from several Variables at once.

    Args:
        outputs: the Variables to start from.
        grad_outputs: their gradients; None takes each Variable's own ``grad``. An output without a
            gradient is left out, with a warning.
        enable_double_backprop: record the gradients' computation.

    >>> import numpy as np, renkei as rk
    >>> x = rk.Variable(np.array([3.0], np.float32))
    >>> y, z = x * 2, x * 5
    >>> y.grad = z.grad = np.ones(1, np.float32)
    >>> rk.backward([y, z])
    >>> x.grad
    array([7.], dtype=float32)
    """
    _check_list("backward", "outputs", outputs)
    if grad_outputs is None:
        seeds = [y._get_grad() for y in outputs]
    else:
        _check_list("backward", "grad_outputs", grad_outputs, len(outputs))
        seeds = list(grad_outputs)
    if any(seed is None for seed in seeds):
        warnings.warn("backward: an output has no gradient and is left out", RuntimeWarning, 2)
    pairs = []
    for y, g in zip(outputs, seeds, strict=True):
        if g is None or y.creator is None:
            continue
        _check_seed("backward(outputs, grad_outputs)", y, g)
        pairs.append((y._edge, g if enable_double_backprop else getattr(g, "array", g)))
    _run(pairs, False, enable_double_backprop)


def grad(
    outputs: Sequence[Variable],
    inputs: Sequence[Variable],
    grad_outputs: Sequence[Variable | None] | None = None,
    grad_inputs: Sequence[Variable | None] | None = None,
    set_grad: bool = False,
    retain_grad: bool = False,
    enable_double_backprop: bool = False,
    loss_scale: float | None = None,
) -> list[Variable | None]:
    r"""Gradients of outputs with respect to inputs, returned instead of stored.

    Only the part of the graph between inputs and outputs is computed.

    Args:
        outputs: Variables to differentiate.
        inputs: Variables to differentiate by, leaves or intermediate ones.
        grad_outputs: gradients of the outputs; missing ones are ones of the output's shape.
        grad_inputs: gradients to add to the results.
        set_grad: also store the results in ``grad`` of the inputs.
        retain_grad: also store the gradients of the Variables between.
        enable_double_backprop: record the computation, so that the results can be differentiated.
        loss_scale: multiplies the ones.

    Returns:
        A list with a Variable for each input, or None where no way leads to it.

    >>> import numpy as np, renkei as rk
    >>> x = rk.Variable(np.array(2.0, np.float32))
    >>> gx, = rk.grad([x ** 3], [x], enable_double_backprop=True)
    >>> ggx, = rk.grad([gx], [x])
    >>> float(gx), float(ggx)
    (12.0, 12.0)
    """
    _check_list("grad", "outputs", outputs)
    _check_list("grad", "inputs", inputs)
    for name, values, n in (
        ("grad_outputs", grad_outputs, len(outputs)),
        ("grad_inputs", grad_inputs, len(inputs)),
    ):
        if values is not None:
            _check_list("grad", name, values, n)
    seeds = _seeds(outputs, grad_outputs, loss_scale)
    pairs = [(y._edge, g) for y, g in zip(outputs, seeds, strict=True) if y._edge is not None]
    targets = [x._edge for x in inputs if x._edge is not None]
    if enable_double_backprop:
        with scoped(enable_backprop=True):
            found = sweep(pairs, True, retain_grad, targets)
    else:
        pairs = [(e, g._array) for e, g in pairs]
        found = sweep(pairs, False, retain_grad, targets)
    given = {id(g) for _, g in pairs}
    results: list[Any] = [_as_result(found.get(x._edge), given) for x in inputs]
    for i, extra in enumerate(grad_inputs or ()):
        if extra is not None:
            results[i] = extra if results[i] is None else results[i] + extra
    if set_grad:
        for x, g in zip(inputs, results, strict=True):
            x.grad_var = g
    return results


def _as_result(g: Any, given: set[int]) -> Variable | None:
    return g if g is None or isinstance(g, Variable) else Variable(_private(g, given))


def _seeds(
    outputs: Sequence[Variable], given: Sequence[Variable | None] | None, scale: float | None
) -> list[Variable]:
    seeds = []
    for y, g in zip(outputs, given or [None] * len(outputs), strict=True):
        if g is None:
            ones = get_array_module(y._array).ones_like(y._values())
            g = Variable(ones if scale is None else ones * ones.dtype.type(scale))
        _check_seed("grad(outputs, inputs, grad_outputs)", y, g)
        seeds.append(g)
    return seeds


def _check_seed(call: str, y: Variable, g: Any) -> None:
    if g.shape != y.shape:
        raise ShapeError(call, f"a gradient {g.shape}", f"{y.shape}, as the output is")
    if g.dtype != y.dtype:
        raise DtypeError(call, f"a gradient {g.dtype}", f"{y.dtype}, as the output is")


def _check_list(call: str, name: str, values: Any, n: int | None = None) -> None:
    if not isinstance(values, (list, tuple)):
        raise DtypeError(f"{call}({name}=...)", type(values).__name__, "a list or a tuple")
    if n is not None and len(values) != n:
        raise ShapeError(f"{call}({name}=...)", f"{len(values)} of them", f"{n}")
    for i, value in enumerate(values):
        if not isinstance(value, Variable) and (value is not None or n is None):
            raise DtypeError(f"{call}({name}=...)", f"{describe(value)} at {i}", "a Variable")


def _unchain_backward(self: Variable) -> None:
    """Forgets all computation that led to this Variable: truncated backpropagation in time."""
    edge = self._edge
    if edge is None or edge.__class__ is Leaf:
        return
    for function in _functions([edge]):
        function._unchain()


Variable.backward = _variable_backward  # type: ignore[attr-defined]
Variable.unchain_backward = _unchain_backward  # type: ignore[attr-defined]
