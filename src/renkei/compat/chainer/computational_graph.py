"""The graph as text for Graphviz."""

from __future__ import annotations

from typing import Any

from renkei.compat.chainer.function_node import FunctionNode
from renkei.compat.chainer.variable import Variable, VariableNode

__all__ = ["ComputationalGraph", "DotNode", "build_computational_graph"]

_VARIABLE_STYLE = {"shape": "octagon", "fillcolor": "#E0E0E0", "style": "filled"}
_FUNCTION_STYLE = {"shape": "record", "fillcolor": "#6495ED", "style": "filled"}


class DotNode:
    """A node of the drawing.

    Args:
        node: a VariableNode or a FunctionNode.
        attribute: dot attributes.
        show_name: whether names of Variables are shown.
    """

    def __init__(self, node: Any, attribute: Any = None, show_name: bool = True) -> None:
        self.node, self.id_ = node, id(node)
        label, shape = node.label, "box"
        if isinstance(node, VariableNode):
            shape = "oval"
            if show_name and node.name is not None:
                label = f"{node.name}: {label}"
        self.attribute = {"label": label, "shape": shape, **(attribute or {})}

    @property
    def label(self) -> str:
        """The line of the node."""
        cells = ",".join(f'{k}="{v}"' for k, v in self.attribute.items())
        return f"{self.id_} [{cells}];"


class ComputationalGraph:
    """Nodes and edges of a graph.

    Args:
        nodes: VariableNodes and FunctionNodes.
        edges: pairs of nodes.
        variable_style: dot attributes of Variables; None for plain ovals.
        function_style: dot attributes of functions; None for plain boxes.
        rankdir: the direction of the drawing, "TB", "BT", "LR" or "RL".
        remove_variable: leave Variables out.
        show_name: show names of Variables.
    """

    def __init__(
        self, nodes: Any, edges: Any, variable_style: Any = "default",
        function_style: Any = "default", rankdir: str = "TB", remove_variable: bool = False,
        show_name: bool = True,
    ) -> None:  # fmt: skip
        if rankdir not in ("TB", "BT", "LR", "RL"):
            raise ValueError("rankdir must be in TB, BT, LR or RL.")
        self.nodes, self.edges = nodes, edges
        self.variable_style = _style(variable_style, _VARIABLE_STYLE)
        self.function_style = _style(function_style, _FUNCTION_STYLE)
        self.rankdir, self.remove_variable, self.show_name = rankdir, remove_variable, show_name

    def _node(self, node: Any) -> DotNode:
        variable = isinstance(node, VariableNode)
        style = self.variable_style if variable else self.function_style
        return DotNode(node, style, self.show_name)

    def _to_dot(self) -> str:
        nodes, edges = self.nodes, self.edges
        if self.remove_variable:
            edges = self._between_functions()
            nodes = [n for n in nodes if isinstance(n, FunctionNode)]
        elif any(type(a) is type(b) for a, b in edges):
            raise TypeError("head and tail should be the set of VariableNode and Function")
        pairs = dict.fromkeys((id(a), id(b)) for a, b in edges)
        lines = [self._node(node).label for node in nodes]
        lines += [f"{a} -> {b};" for a, b in pairs]
        return f"digraph graphname{{rankdir={self.rankdir};{''.join(lines)}}}"

    def _between_functions(self) -> list[tuple[Any, Any]]:
        """Edges from the functions that made Variables to those that take them."""
        takers: dict[int, list[Any]] = {}
        for head, tail in self.edges:
            if isinstance(head, VariableNode):
                takers.setdefault(id(head), []).append(tail)
        return [
            (head, taker)
            for head, tail in self.edges
            if isinstance(head, FunctionNode)
            for taker in takers.get(id(tail), [])
        ]

    def dump(self, format: str = "dot") -> str:
        """The graph as text in Graphviz's language, in one line."""
        if format != "dot":
            raise NotImplementedError("Currently, only dot format is supported.")
        return self._to_dot()


def _style(given: Any, default: dict[str, str]) -> dict[str, str]:
    return dict(default) if given == "default" else given or {}


def build_computational_graph(
    outputs: Any, remove_split: bool = True, variable_style: Any = "default",
    function_style: Any = "default", rankdir: str = "TB", remove_variable: bool = False,
    show_name: bool = True,
) -> ComputationalGraph:  # fmt: skip
    r"""The graph from which Variables were computed.

    Args:
        outputs: a Variable, VariableNode or FunctionNode, or a list of them.
        remove_split: only True.
        variable_style: dot attributes of Variables.
        function_style: dot attributes of functions.
        rankdir: the direction of the drawing.
        remove_variable: leave Variables out.
        show_name: show names of Variables.

    >>> import numpy as np
    >>> from renkei.compat import chainer
    >>> from renkei.compat.chainer.computational_graph import build_computational_graph
    >>> y = chainer.functions.relu(chainer.Variable(np.ones((2, 3), np.float32)))
    >>> 'ReLU' in build_computational_graph(y).dump()
    True
    """
    if not remove_split:
        raise ValueError("remove_split=False is not supported anymore")
    kinds = (Variable, VariableNode, FunctionNode)
    given = [outputs] if isinstance(outputs, kinds) else list(outputs)
    if not all(isinstance(o, kinds) for o in given):
        raise TypeError(
            "element of outputs must be either Variable, VariableNode,  or FunctionNode."
        )
    start = [o.node if isinstance(o, Variable) else o for o in given]
    nodes, edges, stack = dict.fromkeys(start), {}, list(start)
    while stack:
        node = stack.pop()
        if isinstance(node, VariableNode):
            creator = node.creator_node
            below = [] if creator is None else [creator]
        else:
            below = list(node.inputs or ())
        for source in below:
            edges[source, node] = None
            if source not in nodes:
                nodes[source] = None
                stack.append(source)
    return ComputationalGraph(
        list(nodes), list(edges), variable_style, function_style, rankdir, remove_variable,
        show_name,
    )  # fmt: skip
