"""TextDataset: the lines of text files, read when asked for."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from renkei.core.errors import DataError
from renkei.datasets.dataset import DatasetMixin

__all__ = ["TextDataset"]


class TextDataset(DatasetMixin):
    r"""The lines of a text file, or the lines of several with the same number, as tuples.

    Only the places where lines begin are kept in memory.

    Args:
        paths: a file or several.
        encoding: of each file, one for all or a list; None: UTF-8.
        errors: what to do with bytes that are no characters, as for ``open``.
        newline: which line ends count and are kept, as for ``open``.
        filter_func: gets the lines of all files at one position; only those for which it returns
            True are examples.

    Raises:
        DataError: a file is missing or no text, or the numbers of lines differ.

    >>> import os, tempfile
    >>> from renkei.datasets import TextDataset
    >>> path = os.path.join(tempfile.mkdtemp(), "text")
    >>> with open(path, "w") as file:
    ...     _ = file.write("one\ntwo\nthree\n")
    >>> d = TextDataset(path, filter_func=lambda line: "t" in line)
    >>> len(d), d[1]
    (2, 'three\n')
    """

    def __init__(
        self,
        paths: str | os.PathLike[str] | Sequence[Any],
        encoding: str | Sequence[str | None] | None = None,
        errors: str | Sequence[str | None] | None = None,
        newline: str | Sequence[str | None] | None = None,
        filter_func: Callable[..., bool] | None = None,
    ) -> None:
        single = isinstance(paths, (str, os.PathLike))
        self._paths = [os.fspath(path) for path in ([paths] if single else paths)]  # type: ignore[union-attr]
        if not self._paths:
            raise DataError("TextDataset(paths)", "no files", "at least one")
        options = [_spread(o, len(self._paths)) for o in (encoding, errors, newline)]
        self._options = list(zip(*options))
        self._files: tuple[int, list[io.TextIOWrapper]] | None = None
        self._scan(filter_func)

    def _opened(self) -> list[io.TextIOWrapper]:
        if self._files is None or self._files[0] != os.getpid():  # a fork shares positions
            for file in self._files[1] if self._files else ():
                file.close()
            files: list[io.TextIOWrapper] = []
            for path, (encoding, errors, newline) in zip(self._paths, self._options):
                try:
                    file = open(  # noqa: SIM115 - closed by close()
                        path, encoding=encoding or "utf-8", errors=errors, newline=newline
                    )
                except OSError as error:
                    expected = "a readable text file"
                    raise DataError(f"Text file {path}", str(error.strerror), expected) from error
                files.append(file)
            self._files = os.getpid(), files
        return self._files[1]

    def _scan(self, filter_func: Callable[..., bool] | None) -> None:
        """Notes where the lines begin that are examples."""
        kept: list[list[int]] = []
        files = self._opened()
        while True:
            places = [file.tell() for file in files]
            lines = [self._read(k) for k in range(len(files))]
            if not all(lines):
                if any(lines):
                    got = f"one of {self._paths} ends before the others"
                    raise DataError("TextDataset(paths)", got, "files with as many lines")
                break
            if filter_func is None or filter_func(*lines):
                kept.append(places)
        try:
            starts = np.array(kept, np.uint64)
        except OverflowError:  # a decoder with a large state, which is part of the place
            starts = np.array(kept, object)
        self._starts = starts.reshape(-1, len(files))

    def _read(self, k: int) -> str:
        try:
            return self._opened()[k].readline()
        except UnicodeError as error:
            encoding = self._options[k][0] or "UTF-8"
            expected = f"text in {encoding}"
            raise DataError(f"Text file {self._paths[k]}", str(error), expected) from error

    def __len__(self) -> int:
        return len(self._starts)

    def get_example(self, i: int) -> Any:
        lines: list[str] = []
        for k, file in enumerate(self._opened()):
            file.seek(int(self._starts[i, k]))
            lines.append(self._read(k))
        return lines[0] if len(lines) == 1 else tuple(lines)

    def close(self) -> None:
        """Closes the files; the next example opens them again."""
        for file in self._files[1] if self._files and self._files[0] == os.getpid() else ():
            file.close()
        self._files = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_files": None}

    def __del__(self) -> None:
        if getattr(self, "_files", None) is not None:
            self.close()


def _spread(value: Any, n: int) -> list[Any]:
    """An option for each file."""
    values = list(value) if isinstance(value, (list, tuple)) else [value] * n
    if len(values) != n:
        raise DataError("TextDataset(...)", f"{len(values)} options for {n} files", "one for each")
    return values
