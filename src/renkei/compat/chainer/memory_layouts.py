"""Memory layouts, of which there is one: the plain order of the axes."""

from __future__ import annotations

from typing import Any

__all__ = ["AsLayout", "CUDNN_CHANNEL_FIRST_W", "CUDNN_CHANNEL_FIRST_X", "CUDNN_CHANNEL_LAST_W",
           "CUDNN_CHANNEL_LAST_X", "get_raw_shape", "get_semantic_shape"]  # fmt: skip

CUDNN_CHANNEL_FIRST_X = CUDNN_CHANNEL_FIRST_W = None
CUDNN_CHANNEL_LAST_X, CUDNN_CHANNEL_LAST_W = "CUDNN_CHANNEL_LAST_X", "CUDNN_CHANNEL_LAST_W"


def get_raw_shape(shape: tuple[int, ...], layout: Any = None) -> tuple[int, ...]:
    """The shape in memory of an array of a shape."""
    return shape


def get_semantic_shape(x: Any, assumed_layout: Any = None) -> tuple[int, ...]:
    """The shape of an array."""
    return x.shape


class AsLayout:
    """Changes the memory layout; only the plain one exists."""

    def __init__(self, layout: Any) -> None:
        if layout is not None:
            raise RuntimeError("memory layouts need cuDNN, which is not used this way here")
