"""Conditions for the examples in documentation."""

from __future__ import annotations

import os

from renkei.compat.chainer.testing.attr import _gpu_limit
from renkei.compat.chainer.testing.helper import _satisfied

__all__ = ["skipif", "skipif_not_enough_cuda_devices", "skipif_requires_satisfied"]


def skipif(condition: bool) -> bool:
    """The condition, except where the documentation is built."""
    return False if os.environ.get("READTHEDOCS") == "True" else condition


def skipif_requires_satisfied(*requirements: str) -> bool:
    """Whether all requirements are met."""
    return skipif(True) if all(map(_satisfied, requirements)) else False


def skipif_not_enough_cuda_devices(device_count: int) -> bool:
    """Whether fewer GPUs may be used."""
    return skipif(0 <= _gpu_limit < device_count)
