"""What all formats share: state as a flat mapping of host arrays, and loading with a diagnosis."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, cast

import numpy as np

from renkei.core.device import CpuDevice, get_array_types
from renkei.core.errors import DtypeError, LoadError, UninitializedError, describe
from renkei.core.variable import Variable

__all__ = ["Ignore", "State", "collect", "file_name", "restore", "under"]

State: TypeAlias = dict[str, Any]
Ignore: TypeAlias = "str | Callable[[str], bool] | Iterable[str | Callable[[str], bool]] | None"

RESERVED = "_renkei/"
_PART = re.compile(r"updater/(?:model|optimizer):[^/]+/")


def collect(call: str, obj: Any) -> State:
    r"""The state of an object, or of a dictionary, with all arrays on the host.

    Args:
        call: for messages, as in ``"save_npz(file, obj)"``.
        obj: has ``state()``, or is a dictionary of arrays, numbers, strings, None and dictionaries.

    Returns:
        A mapping from path to NumPy array, str or None.

    Raises:
        DtypeError: the object has no state, or a value cannot be saved.
        UninitializedError: a parameter has no array yet.
    """
    if isinstance(obj, Mapping):
        values = dict(_flat(cast("Mapping[str, Any]", obj), ""))
    elif hasattr(obj, "state"):
        values = cast("Mapping[str, Any]", obj.state())
    else:
        raise DtypeError(call, describe(obj), "an object with state(), or a dictionary")
    return {key.lstrip("/"): _plain(call, key, value) for key, value in values.items()}


def _flat(values: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(cast("Mapping[str, Any]", value), f"{prefix}{key}/")
        else:
            yield f"{prefix}{key}", value


def _plain(call: str, key: str, value: Any) -> Any:
    """None, a str or a NumPy array."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Variable):
        value = value.array
        if value is None:
            raise UninitializedError(f"{call}: {key!r} has no array yet")
    if isinstance(value, get_array_types()):
        array: Any = CpuDevice().send(value)
    elif isinstance(value, (bool, int, float, complex, np.generic, bytes, list, tuple)):
        array = np.asarray(value)
    else:
        array = None
    if array is None or array.dtype.hasobject or array.dtype.kind == "V":
        expected = "an array of numbers or strings, a number, a string or None"
        raise DtypeError(call, f"{describe(value)} under {key!r}", expected)
    return array


def file_name(file: Any) -> str:
    """How messages call a file."""
    if isinstance(file, (str, os.PathLike)):
        return os.fspath(cast("str", file))
    return str(getattr(file, "name", None) or type(file).__name__)


def under(state: Mapping[str, Any], path: str) -> State:
    """The part of a state whose keys begin with a path, without it."""
    prefix = path.strip("/")
    prefix = prefix + "/" if prefix else ""
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}


def restore(
    call: str, obj: Any, state: State, path: str, strict: bool = True, ignore: Ignore = None
) -> None:
    r"""Loads what a file held into an object; a refusal says what is probably wrong.

    Args:
        call: for messages, as in ``"load_npz('model.npz', obj)"``.
        obj: has ``load_state``, or is a dictionary, which gets everything.
        state: all that the file holds.
        path: load only what is below this path.
        strict: refuse missing and unexpected keys.
        ignore: names that are left as they are, or functions that tell them, or a list of both.

    Raises:
        LoadError: the state does not fit; the object is as it was.
    """
    part = under(state, path)
    if not part and (state or path):
        wanted = wanted_keys(obj)
        hint = _diagnosis(list(state), wanted) or f"Its keys: {_shown(state)}."
        raise LoadError(call, f"nothing under path={path!r}", "keys that begin with it", hint)
    skips = _skipping(ignore)
    part = {key: value for key, value in part.items() if not skips(key)}
    if isinstance(obj, dict):
        cast("State", obj).update(part)
        return
    if not hasattr(obj, "load_state"):
        raise DtypeError(call, describe(obj), "an object with load_state(), or a dictionary")
    if ignore is not None:
        part, strict = _with_ignored(call, obj, part, strict, skips)
    try:
        obj.load_state(part, strict=strict)
    except LoadError as error:
        hint = _diagnosis(list(part), wanted_keys(obj)) or error.hint
        got = error.got if error.got else str(error)
        raise LoadError(call, got, error.expected, hint) from error


def _skipping(ignore: Ignore) -> Callable[[str], bool]:
    if ignore is None:
        return lambda key: False
    rules = [ignore] if isinstance(ignore, str) or callable(ignore) else list(ignore)
    names = {rule.strip("/") for rule in rules if isinstance(rule, str)}
    tests = [rule for rule in rules if not isinstance(rule, str)]
    return lambda key: key in names or any(test(key) for test in tests)


def _with_ignored(
    call: str, obj: Any, part: State, strict: bool, skips: Callable[[str], bool]
) -> tuple[State, bool]:
    """Fills ignored names with the values that are there now, so that none counts as missing."""
    try:
        now = obj.state()
    except UninitializedError:  # then those names cannot be filled: compare the names ourselves
        missing = [k for k in wanted_keys(obj) if k not in part and not skips(k)]
        if strict and missing:
            raise LoadError(call, f"missing: {_shown(missing)}") from None
        return part, False
    kept = {key: value for key, value in now.items() if skips(key)}
    return {**part, **kept}, strict


def wanted_keys(obj: Any) -> list[str]:
    """The keys that an object would save; a link's even before all its sizes are known."""
    if isinstance(obj, Mapping):
        return []
    try:
        return list(obj.state())
    except Exception:  # only used to explain another error
        keys: list[str] = []
        for name in ("namedparams", "namedstates"):
            with contextlib.suppress(Exception):
                keys += [path[1:] for path, _ in getattr(obj, name)()]
        return keys


def _shown(keys: Iterable[str], count: int = 10) -> str:
    names = list(keys)
    more = f", ... ({len(names)} in all)" if len(names) > count else ""
    return ", ".join(names[:count]) + more


def _diagnosis(held: list[str], wanted: list[str]) -> str:
    """What is probably wrong when keys don't fit, or an empty text."""
    held = [key for key in held if not key.startswith(RESERVED)]
    wanted = [key for key in wanted if not key.startswith(RESERVED)]
    if not held or not wanted:
        return ""
    training = [any(k.startswith("updater/") for k in keys) for keys in (held, wanted)]
    prefix = _prefix(held, wanted)
    if training == [True, False]:
        parts = sorted({found.group() for key in held if (found := _PART.match(key))})
        best = prefix or (parts[0] if parts else "")
        text = f"This is a trainer snapshot: use path={best!r}."
        return text if prefix else f"{text} It has {', '.join(map(repr, parts))}."
    if training == [False, True]:
        return "This is a model file, not a snapshot: load it into the model, not into the trainer."
    if prefix:
        return f"The file's keys start with {prefix!r}: use path={prefix!r}."
    prefix = _prefix(wanted, held)
    if prefix:
        return f"The file's keys lack {prefix!r}: load it into that part of the object."
    return ""


def _prefix(longer: list[str], shorter: list[str]) -> str:
    """What ``longer`` has before most of the keys of ``shorter``, or an empty text."""
    votes: dict[str, int] = {}
    tails = set(shorter)
    for key in longer:
        for at in (i + 1 for i, letter in enumerate(key) if letter == "/"):
            if key[at:] in tails:
                votes[key[:at]] = votes.get(key[:at], 0) + 1
    best = max(votes, key=lambda prefix: votes[prefix], default="")
    return best if best and 2 * votes[best] >= len(shorter) else ""
