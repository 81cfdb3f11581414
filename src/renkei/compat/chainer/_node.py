"""The bridge between FunctionNodes and the engine: nodes that it runs, views of its functions."""

from __future__ import annotations

import weakref
from typing import Any

from renkei.compat.chainer._labels import class_name_of, label_of
from renkei.compat.chainer.function_node import FunctionNode
from renkei.compat.chainer.variable import Variable, VariableNode, as_variable
from renkei.core.config import current, scoped
from renkei.core.errors import GraphError
from renkei.core.function import Function as CoreFunction
from renkei.core.function import _revive
from renkei.core.variable import Output
from renkei.core.variable import Variable as CoreVariable

__all__ = ["Engine", "node_of", "revived"]


class _Plan:
    """What the engine asks of a plan: which inputs are kept, and one call for all gradients."""

    __slots__ = ("calls", "joint", "keep", "kept_inputs")

    def __init__(self, kept_inputs: frozenset[int]) -> None:
        self.calls: list[Any] = []
        self.keep: list[int] = []
        self.kept_inputs, self.joint = kept_inputs, _pull


class Engine(CoreFunction):
    """The function that the engine walks over for a FunctionNode."""

    _single = False

    def __init__(self, node: Any, edges: tuple[Any, ...], n_outputs: int) -> None:
        self.node, self.inputs, self.n_outputs = node, edges, n_outputs
        self.kept = []
        self.plan = _Plan(frozenset(node._retained_inputs or ()))

    @property
    def label(self) -> str:
        return self.node.label

    def _revived(self, gys: list[Any]) -> list[Any]:
        return gys

    def _unchain(self) -> None:
        super()._unchain()
        self.node._edges = None

    def _kept_inputs(self) -> list[Any]:
        kept = self.node._retained_inputs or {}
        return [kept.get(i) for i in range(len(self.inputs or ()))]

    def _fitted(self, g: Any, edge: Any, i: int) -> Any:
        if g.shape == edge._shape and g.dtype == edge._dtype:
            return g
        what = "shape" if g.shape != edge._shape else "dtype"
        title = "Shape" if what == "shape" else "Dtype"
        raise _bug(
            ValueError if what == "shape" else TypeError,
            self.node,
            f"{title} of data and grad mismatch\n"
            f"grad: {getattr(g, what)} != data: {getattr(edge, '_' + what)}",
        )


def _bug(kind: type[Exception], node: Any, text: str) -> Exception:
    return kind(f"Function `{type(node).__name__}` ({node.label}) has a bug.\n{text}")


def _pull(engine: Engine, wanted: tuple[bool, ...], values: list[Any]) -> list[Any]:
    """The gradients of a FunctionNode's inputs, from its ``backward``."""
    node = engine.node
    recording = any(isinstance(v, CoreVariable) for v in values)
    gys = tuple(None if v is None else as_variable(v) for v in values)
    targets = tuple(i for i, want in enumerate(wanted) if want)
    with scoped(enable_backprop=recording):
        hooks = list((node._local_function_hooks or {}).values())
        in_data = tuple(engine._kept_inputs())
        out_grad = tuple(None if g is None else g.array for g in gys)
        for hook in hooks:
            hook.backward_preprocess(node, in_data, out_grad)
        found = node.backward_accumulate(targets, gys, (None,) * len(targets))
        for hook in hooks:
            hook.backward_postprocess(node, in_data, out_grad)
    gxs: list[Any] = [None] * len(wanted)
    if current().debug:
        _check_gradients(node, targets, found)
    for i, gx in zip(targets, found, strict=True):
        gxs[i] = gx if gx is None or recording else getattr(gx, "_array", gx)
        if gx is not None and recording and not isinstance(gx, CoreVariable):
            gxs[i] = Variable(gx, requires_grad=False)
    return gxs


def _check_gradients(node: Any, targets: tuple[int, ...], found: Any) -> None:
    """What debug mode checks of the gradients that ``backward`` returned."""
    for i, gx in zip(targets, found, strict=True):
        if gx is None:
            continue
        if not isinstance(gx, CoreVariable):
            text = f"{type(gx)} != expected {Variable}"
            raise ValueError(node._incorrect("type", text))
        for what in ("shape", "dtype"):
            got, expected = getattr(gx, what), getattr(node._specs[i], "_" + what)
            if got != expected:
                text = f"input-index={i}, actual {got} != expected {expected}"
                raise ValueError(node._incorrect(what, text))


def revived(array: Any, edge: Any) -> Any:
    """A Variable of a retained array that belongs to the graph again."""
    if edge is None:
        return Variable(array, requires_grad=False)
    return as_variable(_revive(array, edge))


def node_of(function: CoreFunction) -> Any:
    """The FunctionNode that stands for a function of the engine."""
    if isinstance(function, Engine):
        return function.node
    known = function.__dict__.get("_facade")
    node = None if known is None else known()
    if node is None:
        node = View(function)
        function.__dict__["_facade"] = weakref.ref(node)
    return node


class View(FunctionNode):
    """An engine's function as a FunctionNode: for those who walk the graph, and for hooks."""

    def __init__(self, function: CoreFunction) -> None:
        self._core = function

    @property
    def _impl_name(self) -> str:
        return class_name_of(self._core)

    @property
    def label(self) -> str:
        return label_of(self._core)

    @property
    def stack(self) -> Any:  # type: ignore[override]
        return self._core.stack

    @property
    def rank(self) -> int:
        return self._core.rank

    @property
    def inputs(self) -> Any:  # type: ignore[override]
        edges = self._core.inputs
        return None if edges is None else tuple(VariableNode._of(e) for e in edges if e is not None)

    @property
    def outputs(self) -> Any:  # type: ignore[override]
        core = self._core
        if core._single:
            return (_Ref(core),)
        return tuple(_Ref(Output(core, i, _Unknown)) for i in range(core.n_outputs))

    def unchain(self) -> None:
        self._core._unchain()

    def apply(self, inputs: Any) -> tuple[Any, ...]:
        raise GraphError(f"{self.label}.apply", "a function that was applied", "a new one")


class _Unknown:
    shape = dtype = None


class _Ref:
    """What ``node.outputs`` holds: called, it gives the output's VariableNode."""

    def __init__(self, edge: Any, spec: Any = None) -> None:
        self.edge, self.spec = edge, spec

    def __call__(self) -> Any:
        return VariableNode._of(self.edge, spec=self.spec)
