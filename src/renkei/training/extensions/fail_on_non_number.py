"""FailOnNonNumber: ends training when a parameter is no number any more."""

from __future__ import annotations

from typing import Any

from renkei.core.device import get_array_module
from renkei.core.errors import NanError
from renkei.training.extension import Extension

__all__ = ["FailOnNonNumber"]


class FailOnNonNumber(Extension):
    """Raises a NanError that names the first parameter with a NaN or an infinity in it."""

    def __call__(self, progress: Any) -> None:
        for name, target in progress.targets.items():
            if not hasattr(target, "namedparams"):
                continue
            for path, param in target.namedparams():
                if param.array is None:
                    continue
                bad = ~get_array_module(param.array).isfinite(param.array)
                if bad.any():
                    raise NanError(
                        f"Parameter {path} of {name!r} at iteration {progress.iteration}",
                        f"{int(bad.sum())} NaN or infinite of {bad.size} values",
                        "finite numbers",
                        "A smaller learning rate or gradient clipping may help; snapshots written "
                        "before are untouched.",
                    )
