"""Hooks on links: timing, spectral normalization, weight standardization."""

from __future__ import annotations

from typing import Any

from renkei.compat.chainer import _tree
from renkei.compat.chainer.link_hooks._timer import TimerHook

__all__ = ["SpectralNormalization", "TimerHook", "WeightStandardization"]


def __getattr__(name: str) -> Any:
    if name in ("SpectralNormalization", "WeightStandardization"):
        from renkei.compat.chainer.link_hooks import _weights

        return getattr(_weights, name)
    return _tree.submodules("link_hooks")(name)
