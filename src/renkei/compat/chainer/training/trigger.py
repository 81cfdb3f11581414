"""Triggers under their old place: use ``chainer.training.triggers``."""

from renkei.compat.chainer.training.triggers import IntervalTrigger
from renkei.compat.chainer.training.util import get_trigger

__all__ = ["IntervalTrigger", "get_trigger"]
