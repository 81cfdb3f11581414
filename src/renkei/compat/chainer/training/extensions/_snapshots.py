"""Snapshots of a training, and finding them again."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from renkei.compat.chainer.serializers.npz import DictionarySerializer, load_npz, save_npz
from renkei.compat.chainer.training.extension import Extension
from renkei.compat.chainer.training.extensions import snapshot_writers

__all__ = ["snapshot", "snapshot_object"]

_DEFAULT_NAME = "snapshot_iter_{.updater.iteration}"


def _find_snapshot_files(fmt: str, path: str) -> list[tuple[float, str]]:
    """The files in a directory whose names a format string can give, with their times."""
    pattern = re.compile(r"^" + r"[\w\-.]+?".join(map(re.escape, re.split(r"{.*?}", fmt))) + r"$")
    found = [name for name in os.listdir(path) if pattern.match(name)]
    return [(os.stat(os.path.join(path, name)).st_mtime, name) for name in found]


def _find_latest_snapshot(fmt: str, path: str) -> str | None:
    """The newest such file, or None."""
    files = _find_snapshot_files(fmt, path)
    return max(files, key=_age)[1] if files else None


def _find_stale_snapshots(fmt: str, path: str, n_retains: int, **kwds: Any) -> list[str]:
    """All such files but the newest ones."""
    files = sorted(_find_snapshot_files(fmt, path), key=_age)
    stale = files[: max(len(files) - n_retains, 0)]
    return [os.path.join(path, name) for _, name in stale]


def _age(file: tuple[float, str]) -> tuple[float, int]:
    digits = re.findall(r"\d+", file[1])
    return file[0], int(digits[-1]) if digits else 0


def _always() -> bool:
    return True


class _Snapshot(Extension):
    """The extension that ``snapshot`` and ``snapshot_object`` make."""

    trigger = (1, "epoch")
    priority = -100

    def __init__(
        self,
        target: Any = None,
        condition: Callable[[], bool] | None = None,
        writer: Any = None,
        filename: Any = _DEFAULT_NAME,
        snapshot_on_error: bool = False,
        n_retains: int = -1,
        autoload: bool = False,
        *,
        savefun: Callable[..., Any] | None = None,
    ) -> None:
        if savefun is not None and writer is not None:
            raise TypeError("savefun and writer arguments cannot be specified together.")
        self._target, self.filename = target, filename
        self.condition = _always if condition is None else condition
        self.writer = writer or snapshot_writers.SimpleWriter(savefun=savefun or save_npz)
        self._snapshot_on_error = snapshot_on_error
        self.n_retains, self.autoload = n_retains, autoload

    def initialize(self, trainer: Any) -> None:
        """Loads the newest snapshot, if that is asked for."""
        target = trainer if self._target is None else self._target
        out = trainer.out
        if self.autoload:
            name = _find_latest_snapshot(self.filename, out)
            if name is not None:
                load_npz(os.path.join(out, name), target)
        if self.n_retains > 0 and hasattr(self.writer, "_add_cleanup_hook"):
            self.writer._add_cleanup_hook(lambda: self._remove_stale(out))

    def _remove_stale(self, out: str) -> None:
        for path in _find_stale_snapshots(self.filename, out, self.n_retains):
            os.remove(path)

    def on_error(self, trainer: Any, exc: Any, tb: Any) -> None:
        if self._snapshot_on_error:
            self._make_snapshot(trainer)

    def __call__(self, trainer: Any) -> None:
        if self.condition():
            self._make_snapshot(trainer)

    def _make_snapshot(self, trainer: Any) -> None:
        collector = DictionarySerializer()
        collector.save(trainer if self._target is None else self._target)
        # Copies: a writer may work while training goes on.
        state = {key: value.copy() for key, value in collector.target.items()}
        name = self.filename
        name = name(trainer) if callable(name) else name.format(trainer)
        self.writer(name, trainer.out, state)

    def finalize(self) -> None:
        if hasattr(self.writer, "finalize"):
            self.writer.finalize()

    def serialize(self, serializer: Any) -> None:
        """There is nothing to resume."""


def snapshot(
    savefun: Callable[..., Any] | None = None,
    filename: Any = _DEFAULT_NAME,
    *,
    target: Any = None,
    condition: Callable[[], bool] | None = None,
    writer: Any = None,
    snapshot_on_error: bool = False,
    n_retains: int = -1,
    autoload: bool = False,
) -> _Snapshot:
    r"""An extension that saves all that is needed to resume, each epoch.

    Args:
        savefun: takes a path and a dictionary of arrays, and writes.
        filename: the file's name in the output directory: a format string over the trainer, or a
            function of it.
        target: save this instead of the trainer.
        condition: save only when it returns True.
        writer: how files are written; see ``snapshot_writers``.
        snapshot_on_error: also save when training ends with an error.
        n_retains: keep only so many of the newest files; -1 keeps all.
        autoload: when training starts, load the newest file in the output directory.
    """
    return _Snapshot(
        target,
        condition,
        writer,
        filename,
        snapshot_on_error,
        n_retains,
        autoload,
        savefun=savefun,
    )


def snapshot_object(
    target: Any,
    filename: Any,
    savefun: Callable[..., Any] | None = None,
    *,
    condition: Callable[[], bool] | None = None,
    writer: Any = None,
    snapshot_on_error: bool = False,
    n_retains: int = -1,
    autoload: bool = False,
) -> _Snapshot:
    r"""An extension that saves one object, for example the model alone, each epoch.

    Args:
        target: what is saved.
        filename, savefun, condition, writer, snapshot_on_error, n_retains, autoload: as for
            ``snapshot``.
    """
    return snapshot(
        savefun,
        filename,
        target=target,
        condition=condition,
        writer=writer,
        snapshot_on_error=snapshot_on_error,
        n_retains=n_retains,
        autoload=autoload,
    )
