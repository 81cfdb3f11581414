"""Properties that a frozen distribution computes once."""

from __future__ import annotations

import functools
from typing import Any

from renkei.core.config import current

__all__ = ["cached_property"]


class cached_property(property):
    """A property that remembers its value, one for each state of ``enable_backprop``."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        functools.update_wrapper(self, function)  # type: ignore[arg-type]
        self._name = function.__name__

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        if obj is None:
            return self
        key = (self._name, bool(current().enable_backprop))
        values = obj.__dict__.setdefault("_cached_values", {})
        if key not in values:
            values[key] = super().__get__(obj, owner)
        return values[key]
