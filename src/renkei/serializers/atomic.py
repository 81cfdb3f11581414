"""Atomic writes: a file is written beside its place and renamed, so a crash leaves no half file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from renkei.core.errors import SaveError

__all__ = ["atomic_write"]


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "wb") -> Iterator[Any]:
    r"""A file to write to that takes its place only when all was written.

    Args:
        path: where the file goes; a file that is there stays until the new one is complete.
        mode: ``"wb"`` or ``"w"``.

    Raises:
        SaveError: the file cannot be written, for example because the disk is full.

    >>> import os, tempfile
    >>> from renkei.serializers.atomic import atomic_write
    >>> path = os.path.join(tempfile.mkdtemp(), "note")
    >>> with atomic_write(path, "w") as file:
    ...     _ = file.write("hello")
    >>> open(path).read()
    'hello'
    """
    path = os.path.realpath(os.fspath(path))
    partial = ""
    try:
        handle, partial = tempfile.mkstemp(
            prefix=f".{os.path.basename(path)}.", suffix=".part", dir=os.path.dirname(path)
        )
        with os.fdopen(handle, mode) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, _permissions(path))
        os.replace(partial, path)
    except OSError as error:
        _remove(partial)
        if isinstance(error, SaveError):
            raise
        raise SaveError(
            f"Cannot write {path}",
            error.strerror or str(error),
            hint="What was there before is untouched.",
        ) from error
    except BaseException:
        _remove(partial)
        raise


def _permissions(path: str) -> int:
    """Those of the file that is replaced, or the usual ones of a new file."""
    try:
        return os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _remove(path: str) -> None:
    if path:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
