"""Iterator: the interface of what gives batches."""

from __future__ import annotations

import contextlib
from typing import Any

__all__ = ["Iterator"]


class Iterator:
    """Gives batches, lists of examples, with ``next``; ``finalize`` gives back resources."""

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # of a half-made object, or at exit
            self.finalize()

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}.__next__")

    def next(self) -> Any:
        """The next batch."""
        return self.__next__()

    def finalize(self) -> None:
        """Gives back threads and other resources; may be called again."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self.finalize()

    def serialize(self, serializer: Any) -> None:
        """Reads or writes how far the iterator has come."""
