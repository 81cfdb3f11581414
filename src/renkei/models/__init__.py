"""Whole networks."""

from renkei._lazy import lazy

_FAMILIES = {
    "convnet": "ConvNet",
    "mlp": "MLP",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
