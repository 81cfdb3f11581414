"""snapshot: the whole state of a training, to resume from; snapshot_object: one object's."""

from __future__ import annotations

import glob
import os
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from renkei.core.errors import LoadError, UsageError
from renkei.serializers.npz import load_npz, save_npz
from renkei.serializers.state import collect
from renkei.training.extension import Extension

__all__ = ["Snapshot", "snapshot", "snapshot_object"]


class Snapshot(Extension):
    """The extension that ``snapshot`` and ``snapshot_object`` make."""

    trigger = (1, "epoch")
    priority = -100  # after all others, so that their state is complete

    def __init__(
        self,
        target: Any = None,
        savefun: Callable[[str, Any], None] = save_npz,
        filename: str = "snapshot_iter_{.iteration}",
        condition: Callable[[], bool] | None = None,
        snapshot_on_error: bool = False,
        n_retains: int = -1,
        autoload: bool = False,
        writer: Any = None,
    ) -> None:
        self._target, self._savefun, self.filename = target, savefun, filename
        self._writer = writer
        self._progress: Any = None
        self._condition, self._on_error = condition, snapshot_on_error
        self.n_retains, self.autoload = n_retains, autoload

    def initialize(self, progress: Any) -> None:
        if progress.out is None:
            raise UsageError(
                "snapshot()", "out=None", "a directory", "As in Progress(out='result')."
            )
        self._progress = progress
        if not self.autoload:
            return
        for path in reversed(self._files(progress)):
            try:
                load_npz(path, progress if self._target is None else self._target)
                return
            except LoadError as error:  # damaged: an older one will do
                warnings.warn(f"Snapshot {path} cannot be loaded: {error}", stacklevel=2)

    def __call__(self, progress: Any) -> None:
        if self._condition is None or self._condition():
            self._save(progress)

    def on_error(self, progress: Any, error: BaseException, traceback: Any) -> None:
        """Saves after Ctrl-C, when the iteration is complete, and after errors if asked to."""
        interrupted = isinstance(error, KeyboardInterrupt) and progress._interrupts == 1
        if interrupted or self._on_error:
            self._save(progress)

    def _save(self, progress: Any) -> None:
        path = os.path.join(progress.out, self.filename.format(progress))
        target = progress if self._target is None else self._target
        if self._writer is None:
            self._savefun(path, target)
        else:
            self._writer(path, _state(target, self._writer))
        self._retain(progress)

    def _retain(self, progress: Any) -> None:
        if self.n_retains > 0:
            for old in self._files(progress)[: -self.n_retains]:
                os.remove(old)

    def finalize(self) -> None:
        """Waits for the writer."""
        if self._writer is not None:
            self._writer.finalize()
            if self._progress is not None:
                self._retain(self._progress)

    def _files(self, progress: Any) -> list[str]:
        """The snapshots in the output directory, the newest last."""
        literal = re.split(r"\{[^}]*\}", self.filename)
        pattern = "*".join(glob.escape(part) for part in literal)
        exact = re.compile(r"[^/]*".join(re.escape(part) for part in literal) + "$")
        paths = glob.glob(os.path.join(glob.escape(progress.out), pattern))
        paths = [p for p in paths if exact.match(os.path.relpath(p, progress.out))]
        return sorted(paths, key=lambda p: (os.path.getmtime(p), _number(p)))


def _state(target: Any, writer: Any) -> Any:
    """The state to write; a copy if training goes on meanwhile."""
    state = collect("snapshot()", target)
    if not getattr(writer, "copies", True):
        return state
    return {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in state.items()}


def _number(path: str) -> int:
    digits = re.findall(r"\d+", os.path.basename(path))
    return int(digits[-1]) if digits else 0


def snapshot(
    savefun: Callable[[str, Any], None] = save_npz,
    filename: str = "snapshot_iter_{.iteration}",
    *,
    target: Any = None,
    condition: Callable[[], bool] | None = None,
    writer: Any = None,
    snapshot_on_error: bool = False,
    n_retains: int = -1,
    autoload: bool = False,
) -> Snapshot:
    r"""An extension that saves all that is needed to resume, bit for bit, each epoch.

    It also saves when training is ended with Ctrl-C. The file is written beside and renamed, so a
    crash leaves no half file.

    Args:
        savefun: takes a path and an object, and writes.
        filename: the file's name in the output directory, a format string over the Progress.
        target: save this instead of the whole training.
        condition: save only when it returns True.
        writer: who writes, as in ``ThreadWriter()``, with a ``savefun`` of its own; it gets a copy
            of the state, so that training goes on meanwhile. None: training waits.
        snapshot_on_error: also save when training ends with an error.
        n_retains: keep only so many of the newest files; -1 keeps all.
        autoload: when training starts, load the newest file in the output directory.

    Returns:
        The extension.
    """
    return Snapshot(
        target, savefun, filename, condition, snapshot_on_error, n_retains, autoload, writer
    )


def snapshot_object(
    target: Any,
    filename: str,
    savefun: Callable[[str, Any], None] = save_npz,
    *,
    condition: Callable[[], bool] | None = None,
    writer: Any = None,
    n_retains: int = -1,
    autoload: bool = False,
) -> Snapshot:
    r"""An extension that saves one object, for example the model alone, each epoch.

    Args:
        target: what is saved: anything with ``state()``.
        filename: the file's name, as in ``"model_epoch_{.epoch}"``.
        savefun: takes a path and an object, and writes.
        condition: save only when it returns True.
        writer: who writes, as in ``ThreadWriter()``, with a ``savefun`` of its own; it gets a copy
            of the state, so that training goes on meanwhile. None: training waits.
        n_retains: keep only so many of the newest files; -1 keeps all.
        autoload: when training starts, load the newest file.

    Returns:
        The extension.
    """
    return Snapshot(target, savefun, filename, condition, False, n_retains, autoload, writer)
