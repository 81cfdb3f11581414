"""The training loop of Chainer: Trainer, updaters, triggers, extensions."""

import importlib
from typing import Any

from renkei.compat.chainer.training import extension, trainer, triggers, updater, updaters, util
from renkei.compat.chainer.training.extension import (
    PRIORITY_EDITOR,
    PRIORITY_READER,
    PRIORITY_WRITER,
    Extension,
    make_extension,
)
from renkei.compat.chainer.training.trainer import Trainer
from renkei.compat.chainer.training.triggers import IntervalTrigger
from renkei.compat.chainer.training.updater import Updater
from renkei.compat.chainer.training.updaters import ParallelUpdater, StandardUpdater
from renkei.compat.chainer.training.util import get_trigger

__all__ = [
    "PRIORITY_EDITOR",
    "PRIORITY_READER",
    "PRIORITY_WRITER",
    "Extension",
    "IntervalTrigger",
    "ParallelUpdater",
    "StandardUpdater",
    "Trainer",
    "Updater",
    "extension",
    "get_trigger",
    "make_extension",
    "trainer",
    "triggers",
    "updater",
    "updaters",
    "util",
]


def __getattr__(name: str) -> Any:
    if name in ("extensions", "trigger"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
