"""Reading a training configuration: every mistake is named by its key path."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from renkei.core.errors import ConfigError, describe

__all__ = ["Table", "read_config"]

_MISSING: Any = object()


def read_config(path: str) -> Table:
    """Reads a .json or .toml file.

    Raises:
        ConfigError: the file is missing, of another kind, or not well formed.
    """
    file = Path(path)
    readers = {".json": json.loads, ".toml": tomllib.loads}
    if file.suffix not in readers:
        raise ConfigError(f"Configuration {path}", f"the ending {file.suffix!r}", ".json or .toml")
    try:
        values = readers[file.suffix](file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"Configuration {path}", error.strerror or str(error), "a file"
        ) from error
    except (ValueError, UnicodeDecodeError) as error:
        raise ConfigError(f"Configuration {path} is not well formed", str(error)) from error
    if not isinstance(values, dict):
        raise ConfigError(f"Configuration {path}", describe(values), "an object with keys")
    return Table(values, "")


class Table:
    """A part of a configuration, which knows its own key path.

    >>> from renkei.cli.config import Table
    >>> Table({"epochs": 3}, "train").get("epochs", int)
    3
    """

    def __init__(self, values: Mapping[str, Any], path: str) -> None:
        self._values, self._path = dict(values), path
        self._known: list[str] = []

    def _at(self, key: str) -> str:
        return ".".join(part for part in (self._path, key) if part)

    def get(
        self,
        key: str,
        kind: type | tuple[type, ...],
        default: Any = _MISSING,
        *,
        choices: Sequence[str] | None = None,
        low: float | None = None,
        high: float | None = None,
    ) -> Any:
        """A value of a kind, within bounds; without a default the key must be there."""
        self._known.append(key)
        value = self._values.get(key, default)
        if value is _MISSING:
            raise ConfigError(self._at(key), "no value", _kind_name(kind, choices))
        if value is default and key not in self._values:
            return value
        kinds = kind if isinstance(kind, tuple) else (kind,)
        accepted = (*kinds, int) if float in kinds else kinds
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in kinds):
            raise ConfigError(self._at(key), describe(value), _kind_name(kind, choices))
        if choices is not None and value not in choices:
            near = difflib.get_close_matches(str(value), choices, 1)
            hint = f"Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(self._at(key), repr(value), _kind_name(kind, choices), hint)
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"{'-inf' if low is None else low} to {'inf' if high is None else high}"
            raise ConfigError(self._at(key), repr(value), f"a number from {bounds}")
        return value

    def table(self, key: str, required: bool = False) -> Table:
        """The part under a key; an empty one if it is missing and not required."""
        return Table(self.get(key, dict, _MISSING if required else {}), self._at(key))

    def rest(self) -> dict[str, Any]:
        """The values that nobody has asked for yet; they count as known from now on."""
        rest = {k: v for k, v in self._values.items() if k not in self._known}
        self._known += rest
        return rest

    def finish(self) -> None:
        """Refuses keys that nobody has asked for."""
        for key in self._values:
            if key not in self._known:
                near = difflib.get_close_matches(key, self._known, 1)
                hint = f"Did you mean {near[0]!r}?" if near else ""
                raise ConfigError(
                    self._at(key), "an unknown key", "one of " + ", ".join(self._known), hint
                )

    def refuse(self, key: str, got: str, expected: str, hint: str = "") -> ConfigError:
        """The error for a value that is wrong for a reason found later."""
        return ConfigError(self._at(key), got, expected, hint)


def _kind_name(kind: Any, choices: Sequence[str] | None) -> str:
    if choices is not None:
        return "one of " + ", ".join(map(repr, choices))
    names: dict[type, str] = {
        str: "a string",
        int: "an integer",
        float: "a number",
        dict: "a table",
        list: "a list",
    }
    kinds: tuple[type, ...] = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(names.get(k, k.__name__) for k in kinds)
