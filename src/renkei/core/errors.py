"""One class per kind of mistake. The docstring of a class is its help page.

A message answers four questions: which call, what it got, what it expected, what to do about it.
"""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np

__all__ = [
    "ConfigError",
    "DataError",
    "DeviceError",
    "DtypeError",
    "GraphError",
    "LoadError",
    "MissingExtra",
    "MissingKernel",
    "NanError",
    "RangeError",
    "RenkeiError",
    "SaveError",
    "ShapeError",
    "UninitializedError",
    "UsageError",
    "WorkerError",
    "describe",
    "require",
]


class RenkeiError(Exception):
    r"""The base of all errors that Renkei raises on purpose.

    Args:
        call: the call as its user wrote it, as in ``"linear(x, W, b)"``; alone, the whole message.
        got: what was given, with values.
        expected: what would have been right.
        hint: what to do about it.
    """

    def __init__(self, call: str, got: str = "", expected: str = "", hint: str = "") -> None:
        self.call, self.got, self.expected, self.hint = call, got, expected, hint
        self.place: list[str] = []
        self.link = ""
        self.expect, self.actual = expected, got
        Exception.__init__(self, call, got, expected, hint)

    def __str__(self) -> str:
        text = self.call
        if self.got or self.expected:
            parts = [f"got {self.got}"] if self.got else []
            parts += [f"expected {self.expected}"] if self.expected else []
            text += ": " + "; ".join(parts)
        text = text if text.endswith((".", "?", "\n")) else text + "."
        if self.hint:
            text += " " + self.hint
        if self.link:
            place = "/".join(reversed(self.place)) or "the model"
            text += f" In {place} ({self.link})."
        return text


class InvalidType(Exception):
    r"""Arguments whose types a function does not take: the base of ShapeError and DtypeError.

    Programs written for Chainer catch this class and raise it with two texts, ``expect`` and
    ``actual``, or with a whole message, ``msg``.
    """

    def __init__(self, expect: str, actual: str, msg: str | None = None) -> None:
        super().__init__(f"Expect: {expect}\nActual: {actual}" if msg is None else msg)
        self.expect, self.actual = expect, actual


class ShapeError(RenkeiError, InvalidType, ValueError):
    r"""The shapes of the arguments do not fit together.

    The message names each argument with its shape and the rule that they break.
    """


class DtypeError(RenkeiError, InvalidType, TypeError):
    r"""An argument has a type or dtype that the function does not take.

    Variables of different dtypes do not mix silently: convert one with ``F.cast(x, dtype)``.
    """


class DeviceError(RenkeiError, ValueError):
    r"""Arrays of two devices met, or a device does not exist or cannot be used.

    Nothing moves between devices by itself: use ``x.to_device(...)`` or ``link.to_device(...)``.
    """


class RangeError(RenkeiError, IndexError, ValueError):
    r"""A label, id, index or number lies outside its range."""


class GraphError(RenkeiError, RuntimeError):
    r"""The recorded graph cannot do what was asked.

    For example: backward from a Variable of several elements without a gradient to start from, or
    backward through an array that was overwritten after it was recorded.
    """


class UninitializedError(RenkeiError, RuntimeError):
    r"""A parameter whose size was left open is needed before any forward call has filled it.

    Run the model once on an example, or give the sizes: ``L.Linear(784, 10)``.
    """


class NanError(RenkeiError, RuntimeError):
    r"""A NaN or an infinity appeared where a finite number was needed."""


class UsageError(RenkeiError, RuntimeError):
    r"""An object was used in the wrong order or in a way it does not support."""


class WorkerError(RenkeiError, RuntimeError):
    r"""A process that works for this one has died, or cannot be given what it needs."""


class ConfigError(RenkeiError, ValueError):
    r"""An unknown configuration key, or a value that the key does not take."""


class DataError(RenkeiError, ValueError):
    r"""A data set, example or batch is empty, damaged or of the wrong form."""


class LoadError(RenkeiError, KeyError):
    r"""A file of weights, state or data cannot be loaded; nothing was changed.

    Loading is strict: the message lists what is missing and what is unexpected.
    """

    __str__ = RenkeiError.__str__  # KeyError would print the repr of its argument


class SaveError(RenkeiError, OSError):
    r"""A file could not be written; the file that was there before is untouched."""

    __str__ = RenkeiError.__str__  # OSError would print only two arguments


class MissingKernel(RenkeiError, NotImplementedError):
    r"""No kernel of an operation takes these arrays; the message lists why each one refused."""


class MissingExtra(RenkeiError, ImportError):
    r"""An optional package is needed; the message says which command installs it."""


def require(module: str, extra: str) -> ModuleType:
    r"""Imports an optional module, or says which extra brings it.

    Args:
        module: the module's import name, as in ``"h5py"``.
        extra: the extra of this package, as in ``"hdf5"``.

    Returns:
        The imported module.

    Raises:
        MissingExtra: the module is not installed.

    >>> from renkei.core.errors import require
    >>> require("json", extra="none").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"This needs the package {module.split('.')[0]!r}",
            hint=f"Install it: pip install 'renkei[{extra}]' ({error})",
        ) from error


def describe(value: object) -> str:
    r"""Names a value in a few words for an error message: its type, dtype and shape.

    >>> import numpy as np
    >>> from renkei.core.errors import describe
    >>> describe(np.zeros((2, 3), np.float32))
    'float32 (2, 3)'
    >>> describe("text")
    "str 'text'"
    """
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    scalar = isinstance(value, np.generic)  # has a shape, too, but is no array
    if shape is not None and dtype is not None and not scalar:
        return f"{dtype} {shape}"
    text = str(value) if scalar else repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"
