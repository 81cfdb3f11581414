"""Helpers to test functions, links and kernels, ours and yours."""

from renkei._lazy import lazy

_FAMILIES = {
    "case": "Case",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
