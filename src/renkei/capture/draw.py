"""Drawing a recorded graph: as text in Graphviz' dot language, and as SVG."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from typing import Any

from renkei.core.errors import ConfigError, DtypeError, MissingExtra, describe, require
from renkei.core.function import Function
from renkei.core.variable import Leaf, Output, Variable

__all__ = ["graph_to_dot", "to_svg"]

_DIRECTIONS = ("TB", "BT", "LR", "RL")
_VARIABLE = {"shape": "octagon", "fillcolor": "#E0E0E0", "style": "filled"}
_FUNCTION = {"shape": "record", "fillcolor": "#6495ED", "style": "filled"}


class _Graph:
    """Nodes and arrows of a drawing, from edges of the recorded graph."""

    def __init__(self, names: bool, show_variables: bool) -> None:
        self.names, self.show_variables = names, show_variables
        self.nodes: dict[Any, str] = {}  # what a node stands for -> its number
        self.lines: list[str] = []
        self.arrows: dict[str, None] = {}  # an ordered set

    def node(self, key: Any, label: str, style: dict[str, str]) -> str:
        if key not in self.nodes:
            self.nodes[key] = name = f"n{len(self.nodes)}"
            attributes = {"label": label, **style}
            text = ", ".join(f"{k}={_quoted(v)}" for k, v in attributes.items())
            self.lines.append(f"{name} [{text}];")
        return self.nodes[key]

    def arrow(self, start: str, end: str) -> None:
        self.arrows[f"{start} -> {end};"] = None

    def function(self, function: Any) -> str:
        return self.node(function, function.label, _FUNCTION)

    def variable(self, key: Any, name: str | None, shape: Any, dtype: Any) -> str:
        label = f"{shape}, {dtype}" if shape else str(dtype)
        if self.names and name:
            label = f"{name}: {label}"
        return self.node(key, label, _VARIABLE)

    def source(self, edge: Any) -> str:
        """The node that an edge comes from: a Variable's, or without Variables a function's."""
        if edge.__class__ is Leaf:
            owner = edge.ref()
            name = None if owner is None else owner.name
            return self.variable(edge, name, edge._shape, edge._dtype)
        function, index = (edge.function, edge.index) if edge.__class__ is Output else (edge, 0)
        cut = function.inputs is None  # after unchain: what is left of it is its result
        if cut or self.show_variables:
            name = (function._names or {}).get(index)
            node = self.variable((function, index), name, edge._shape, edge._dtype)
            if not cut:
                self.arrow(self.function(function), node)
            return node
        return self.function(function)


def _quoted(text: str) -> str:
    # In labels of records, braces, bars and angle brackets have a meaning of their own.
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join("\\" + c if c in "{}|<>" else c for c in escaped) + '"'


def _functions(edges: Iterable[Any]) -> list[Any]:
    """All functions that the edges depend on, the oldest first."""
    found: set[Any] = set()
    stack = list(edges)
    while stack:
        edge = stack.pop()
        function = edge.function if edge.__class__ is Output else edge
        if isinstance(function, Function) and function not in found and function.inputs is not None:
            found.add(function)
            stack.extend(function.inputs)
    return sorted(found, key=lambda f: f.seq)


def _constants(function: Any) -> Iterator[tuple[int, Any, Any]]:
    """Inputs without an edge, as far as their shapes are known."""
    for i, edge in enumerate(function.inputs):
        if edge is None and function._specs is not None:
            shape, dtype = function._specs[i]
            if dtype is not None:
                yield i, shape, dtype


def graph_to_dot(
    outputs: Any,
    *,
    rankdir: str = "TB",
    names: bool = True,
    remove_variable: bool = False,
) -> str:
    r"""Writes the graph that led to Variables in Graphviz' dot language.

    Args:
        outputs: a Variable or several.
        rankdir: the direction of arrows: ``"TB"`` down, ``"BT"`` up, ``"LR"`` or ``"RL"``.
        names: put names before shapes.
        remove_variable: draw functions and leaves only.

    Returns:
        The text; the same graph gives the same text.

    Raises:
        ConfigError: ``rankdir`` is none of the four.
        DtypeError: an output is no Variable.

    >>> x = rk.Variable(np.zeros((2, 3), np.float32), name="x")
    >>> print(rk.capture.graph_to_dot(F.tanh(x)))
    digraph graphname {
      rankdir=TB;
      n0 [label="Tanh", shape="record", fillcolor="#6495ED", style="filled"];
      n1 [label="x: (2, 3), float32", shape="octagon", fillcolor="#E0E0E0", style="filled"];
      n2 [label="(2, 3), float32", shape="octagon", fillcolor="#E0E0E0", style="filled"];
      n1 -> n0;
      n0 -> n2;
    }
    """
    if rankdir not in _DIRECTIONS:
        raise ConfigError("graph_to_dot(rankdir)", repr(rankdir), " or ".join(_DIRECTIONS))
    variables = [outputs] if isinstance(outputs, Variable) else list(outputs)
    for y in variables:
        if not isinstance(y, Variable):
            raise DtypeError("graph_to_dot(outputs)", describe(y), "a Variable or several")
    graph = _Graph(names, not remove_variable)
    for function in _functions(y._edge for y in variables):
        node = graph.function(function)
        for edge in function.inputs:
            if edge is not None:
                graph.arrow(graph.source(edge), node)
        for i, shape, dtype in _constants(function) if graph.show_variables else ():
            graph.arrow(graph.variable((function, "input", i), None, shape, dtype), node)
    for y in variables:
        if y._edge is not None:
            graph.source(y._edge)
        else:
            graph.variable(id(y), y.name, y.shape, y.dtype)
    lines = [f"rankdir={rankdir};", *graph.lines, *graph.arrows]
    return "digraph graphname {\n" + "".join(f"  {line}\n" for line in lines) + "}"


def to_svg(outputs: Any, **options: Any) -> str:
    r"""Draws the graph that led to Variables.

    Args:
        outputs: a Variable or several.
        options: those of ``graph_to_dot``.

    Returns:
        The SVG image as text.

    Raises:
        MissingExtra: the package graphviz or the program ``dot`` is missing.
    """
    graphviz = require("graphviz", extra="graphviz")
    if shutil.which("dot") is None:
        raise MissingExtra(
            "Drawing needs Graphviz' program dot",
            hint="Install it with your system's packages, as in: apt install graphviz",
        )
    return graphviz.Source(graph_to_dot(outputs, **options)).pipe("svg", encoding="utf-8")
