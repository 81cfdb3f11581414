"""Atomic writes: a file is written beside its place and renamed, so a crash leaves no half file."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import stat
from collections.abc import Iterator
from typing import Any

from renkei.core.errors import SaveError

__all__ = ["atomic_write"]


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str], mode: str = "wb") -> Iterator[Any]:
    r"""A file to write to that takes its place only when all was written.

    Args:
        path: where the file goes; a file that is there stays until the new one is complete, and
            hands down its permissions. A link stays a link. A device or pipe is written directly.
        mode: ``"wb"`` or ``"w"``, which is UTF-8.

    Raises:
        SaveError: the file cannot be written, for example because the disk is full.

    >>> import pathlib, tempfile
    >>> from renkei.serializers import atomic_write
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "note"
    >>> with atomic_write(path, "w") as file:
    ...     _ = file.write("hello")
    >>> path.read_text()
    'hello'
    """
    path = os.path.realpath(os.fspath(path))
    encoding = None if "b" in mode else "utf-8"
    partial = ""
    try:
        before = _present(path)
        if before is not None and not stat.S_ISREG(before.st_mode):
            buffer: Any = io.BytesIO() if encoding is None else io.StringIO()
            yield buffer  # zip files are written by moving about, which a pipe does not allow
            with open(path, mode, encoding=encoding) as file:
                file.write(buffer.getvalue())
            return
        name = f".{os.path.basename(path)[:200]}.{secrets.token_hex(6)}.part"
        partial = os.path.join(os.path.dirname(path), name)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        with os.fdopen(handle, mode, encoding=encoding) as file:
            if before is not None:
                os.chmod(partial, stat.S_IMODE(before.st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
        _sync_folder(os.path.dirname(path))
    except OSError as error:
        _remove(partial)
        if isinstance(error, SaveError):
            raise
        raise _refusal(path, error) from error
    except BaseException:  # an interrupt, too, leaves only the old file
        _remove(partial)
        raise


_BINARY = getattr(os, "O_BINARY", 0)  # of Windows


def _present(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _refusal(path: str, error: OSError) -> SaveError:
    reason = error.strerror or str(error)
    folder = os.path.dirname(path)
    hint = "" if os.path.isdir(folder) else f"There is no directory {folder}. "
    result = SaveError(f"Cannot write {path}", reason, hint=hint + "What was there is untouched.")
    result.errno = error.errno
    return result


def _remove(path: str) -> None:
    if path:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _sync_folder(folder: str) -> None:
    """Makes the new name itself last through a power cut, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
