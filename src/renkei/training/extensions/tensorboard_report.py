"""TensorBoardReport: reported values as event files that TensorBoard shows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from renkei.core.errors import require
from renkei.reporter import as_number
from renkei.training.extension import Extension

__all__ = ["TensorBoardReport"]


class TensorBoardReport(Extension):
    r"""Writes reported values to event files, for ``tensorboard --logdir result``.

    Args:
        keys: the values to write; None: all.
        log_dir: the folder; None: the output directory.

    Raises:
        MissingExtra: tensorboardX is not installed.
    """

    priority = 50  # after everything that reports

    def __init__(self, keys: Sequence[str] | None = None, log_dir: str | None = None) -> None:
        self._keys, self._log_dir = keys, log_dir
        self._writer: Any = None

    def initialize(self, progress: Any) -> None:
        folder = os.fspath(self._log_dir or progress.out)
        module = require("tensorboardX", extra="tensorboard")
        self._writer = module.SummaryWriter(folder, purge_step=progress.iteration or None)

    def __call__(self, progress: Any) -> None:
        for key in self._keys or list(progress.observation):
            number = as_number(progress.observation.get(key))
            if number is not None:
                self._writer.add_scalar(key, number, progress.iteration)

    def finalize(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
