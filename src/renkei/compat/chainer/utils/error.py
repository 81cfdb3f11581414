"""Descriptions of arrays for error messages."""

from __future__ import annotations

from typing import Any

__all__ = ["_format_array_props"]


def _format_array_props(arrays: Any) -> str:
    """Shape and dtype of each array, None where there is none."""
    rows = [None if a is None else f"{tuple(a.shape)}:{a.dtype}" for a in arrays]
    return f"[{', '.join(map(str, rows))}]"
