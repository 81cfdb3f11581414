"""VariableNode: what the graph knows of a Variable, as a view of the engine's edge."""

from __future__ import annotations

import weakref
from typing import Any

from renkei.core.errors import GraphError
from renkei.core.function import Function
from renkei.core.variable import Leaf, Output

__all__ = ["VariableNode", "attach", "cut", "node_rank"]


class VariableNode:
    r"""What the graph knows of a Variable: its shape, dtype, creator and gradient.

    Args:
        variable: the Variable.
        name: its name.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> x = chainer.Variable(np.zeros((2, 3), np.float32))
    >>> x.node.label, x.node.rank, x.node.get_variable() is x
    ('(2, 3), float32', 0, True)
    """

    __slots__ = ("__weakref__", "_edge", "_name", "_ref", "_retained", "_told", "dtype", "shape")

    def __init__(self, variable: Any, name: str | None = None, **kwargs: Any) -> None:
        if "grad" in kwargs:
            raise ValueError(
                "unexpected keyword argument 'grad': pass the gradient to the Variable instead"
            )
        self._edge, self._ref = variable._edge, weakref.ref(variable)
        self._name, self._retained, self._told = name, None, None
        array = variable._array
        self.shape = None if array is None else array.shape
        self.dtype = None if array is None else array.dtype

    @staticmethod
    def _of(edge: Any, variable: Any = None, spec: Any = None) -> VariableNode:
        """The node of an edge, the same object while somebody holds it."""
        place = edge
        if place is not None and not isinstance(place, (Leaf, Output)):
            place = edge.__dict__
        key = id(variable) if edge is None and variable is not None else None
        known = _known(place) if key is None else _edgeless.get(key)
        if known is not None and (variable is None or known._ref() is variable):
            known._refresh(variable)
            return known
        node = VariableNode.__new__(VariableNode)
        node._edge, node._name, node._retained, node._told = edge, None, None, None
        owner = variable if variable is not None else edge.ref() if isinstance(edge, Leaf) else None
        node._ref = weakref.ref(owner) if owner is not None else _nobody
        source = edge if spec is None else spec
        node.shape, node.dtype = getattr(source, "_shape", None), getattr(source, "_dtype", None)
        node._refresh(owner)
        if isinstance(place, dict):
            place["_facade_node"] = weakref.ref(node)
        elif place is not None:
            place.node = weakref.ref(node)
        elif key is not None:
            _edgeless[key] = node
        return node

    def _refresh(self, variable: Any) -> None:
        if variable is not None and variable._array is not None:
            self.shape, self.dtype = variable._array.shape, variable._array.dtype
            self._edge = variable._edge

    def _made_by(self) -> tuple[Any, int]:
        edge = self._edge
        if edge is None or isinstance(edge, Leaf):
            return None, 0
        return (edge.function, edge.index) if isinstance(edge, Output) else (edge, 0)

    @property
    def creator_node(self) -> Any:
        """The FunctionNode that made it, or None."""
        from renkei.compat.chainer._node import node_of

        function = self._made_by()[0]
        return None if function is None or function.inputs is None else node_of(function)

    @creator_node.setter
    def creator_node(self, node: Any) -> None:
        self.set_creator_node(node)

    @property
    def creator(self) -> Any:
        """The function that made it: a FunctionNode or an old-style Function."""
        node = self.creator_node
        return getattr(node, "function", node) if node is not None else None

    @creator.setter
    def creator(self, function: Any) -> None:
        self.set_creator(function)

    def set_creator(self, creator: Any) -> None:
        """Says which function made the Variable."""
        self.set_creator_node(getattr(creator, "node", creator))

    def set_creator_node(self, creator_node: Any) -> None:
        """Says which FunctionNode made the Variable."""
        variable = self.get_variable()
        variable.set_creator_node(creator_node)
        self._edge = variable._edge

    def unchain(self) -> None:
        """Makes the Variable a leaf."""
        variable = self._ref()
        if variable is not None:
            variable.unchain()
            self._edge = variable._edge
        else:
            self._edge = None

    @property
    def data(self) -> Any:
        """The array, if the node retains it."""
        return self._retained

    @data.setter
    def data(self, array: Any) -> None:
        self._retained = array
        if array is not None:
            self.shape, self.dtype = array.shape, array.dtype

    def retain_data(self) -> None:
        """Keeps the array."""
        variable = self._ref()
        if variable is None:
            raise GraphError("cannot retain variable data: the variable has been already released")
        self._retained = variable._array

    @property
    def grad_var(self) -> Any:
        """The gradient as a Variable, or None."""
        variable = self._ref()
        if variable is not None:
            return variable.grad_var
        function, index = self._made_by()
        grad = None if function is None or function._grads is None else function._grads[index]
        if grad is None:
            return None
        from renkei.compat.chainer.variable import as_variable

        return as_variable(grad)

    @property
    def grad(self) -> Any:
        """The gradient as an array, or None."""
        found = self.grad_var
        return None if found is None else found.array

    @property
    def name(self) -> str | None:
        """The Variable's name."""
        variable = self._ref()
        if variable is not None:
            return variable.name
        function, index = self._made_by()
        return self._name if function is None else (function._names or {}).get(index, self._name)

    @name.setter
    def name(self, name: str | None) -> None:
        self._name = name
        variable = self._ref()
        if variable is not None:
            variable.name = name

    @property
    def label(self) -> str:
        """Shape and dtype, as drawings show them."""
        if not self.shape:
            return str(self.dtype) if self.dtype is not None else "(None)"
        return f"({', '.join(map(str, self.shape))}), {self.dtype}"

    @property
    def rank(self) -> int:
        """How many functions lie between it and the farthest leaf."""
        if self._told is not None:
            return self._told
        function = self._made_by()[0]
        return 0 if function is None or function.inputs is None else node_rank(function) + 1

    @property
    def _rank(self) -> int | None:
        return self._told

    @_rank.setter
    def _rank(self, rank: int) -> None:
        self._told = rank
        if isinstance(self._edge, (Leaf, Output)):
            self._edge.node = lambda: self  # else what was set would be gone at once
        elif self._edge is not None:
            self._edge.__dict__["_facade_node"] = lambda: self

    @property
    def requires_grad(self) -> bool:
        """Whether backward computes a gradient for it."""
        return self._edge is not None

    def get_variable(self) -> Any:
        """The Variable; a new one of the same node if it is gone."""
        variable = self._ref()
        if variable is None:
            from renkei.compat.chainer.variable import Variable

            variable = Variable.__new__(Variable)
            variable._array, variable._edge, variable._grad = self._retained, self._edge, None
            self._ref = weakref.ref(variable)
        return variable

    def get_variable_or_none(self) -> Any:
        """The Variable, or None if it is gone."""
        return self._ref()

    def __repr__(self) -> str:
        return f"<VariableNode {self.name or ''} {self.label}>"


class _Cut(Function):
    """Where a Variable was cut off: a function without inputs, at which gradients end."""

    inputs = None

    def __init__(self, seq: float) -> None:
        self.seq = seq  # type: ignore[assignment]  # between those of two functions


def cut(variable: Any) -> None:
    """Lets gradients that reach a Variable end there, also those of functions applied before."""
    edge, grad = variable._edge, variable._get_grad()
    if isinstance(edge, Output):  # other outputs of the function go on
        edge.function, edge.index = _Cut(edge.function.seq - 0.5 + edge.index * 1e-6), 0
        variable._set_grad(grad)
    else:
        edge._unchain()


def attach(variable: Any, function: Any, index: int) -> None:
    """Makes a Variable an output of a function of the engine."""
    edge = variable._edge
    if not isinstance(edge, Output):  # else those that have it as an input see the change
        edge = variable._edge = Output.__new__(Output)
        array = variable._array
        edge._shape = None if array is None else array.shape
        edge._dtype = None if array is None else array.dtype
    edge.function, edge.index = function, index


def node_rank(function: Any) -> int:
    """The rank of the function of the engine, as its FunctionNode says it."""
    from renkei.compat.chainer._node import node_of

    return node_of(function).rank


# the nodes of Variables that want no gradient, while somebody holds them
_edgeless: weakref.WeakValueDictionary[int, VariableNode] = weakref.WeakValueDictionary()


def _nobody() -> None:
    return None


def _known(place: Any) -> Any:
    if place is None:
        return None
    found = place.get("_facade_node") if isinstance(place, dict) else getattr(place, "node", None)
    return None if found is None else found()
