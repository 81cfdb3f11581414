"""Loss scaling: keeps small gradients above the smallest float16."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.errors import RangeError

LARGEST = 65504.0  # of float16


class LossScaling:
    """The scale of the loss and how it moves.

    Dynamic: doubled after each update until gradients are first not finite; then halved whenever
    they are not, and doubled over ``interval`` updates while they are.
    """

    __slots__ = ("dynamic", "ever", "found", "growth", "scale")

    def __init__(self, scale: float | None = None, interval: int | None = None) -> None:
        self.dynamic = interval is not None
        self.scale = 1.0 if scale is None and self.dynamic else scale
        self.growth = 2.0 ** (1.0 / interval) if interval else 1.0
        self.found = False  # in the gradients of this update
        self.ever = False

    @classmethod
    def make(cls, interval: int, scale: float | None) -> LossScaling:
        if scale is None:
            if interval < 1:
                raise RangeError("loss_scaling(interval)", str(interval), "interval >= 1")
            return cls(interval=interval)
        if not scale > 0:
            raise RangeError("loss_scaling(scale=...)", str(scale), "a positive number")
        return cls(float(scale))

    def move(self) -> None:
        if self.dynamic and self.scale is not None:
            factor = 0.5 if self.found else self.growth if self.ever else 2.0
            self.scale = max(1.0, min(LARGEST, self.scale * factor))


def all_finite(grad: Any) -> bool:
    """Whether an array has no NaN and no infinity; None has none."""
    return grad is None or bool(get_array_module(grad).isfinite(grad).all())
