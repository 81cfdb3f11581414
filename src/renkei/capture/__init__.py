"""Graphs as data: drawing what a computation recorded."""

from renkei._lazy import lazy

_FAMILIES = {
    "draw": "graph_to_dot to_svg",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
