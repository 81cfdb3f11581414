"""The state of a link as a flat mapping from path to array, and loading it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from renkei.core.device import as_array, device_of, get_array_types
from renkei.core.errors import LoadError, UninitializedError
from renkei.core.parameter import Parameter
from renkei.links.link import Link

__all__ = []  # the public names are methods of Link

_RESERVED = "_renkei/"


def state(link: Link) -> dict[str, Any]:
    """What ``Link.state`` returns."""
    result: dict[str, Any] = {}
    for path, param in link.namedparams():
        if not param.is_initialized:
            raise UninitializedError(
                f"The parameter {path} has no array yet and cannot be saved",
                hint="Run the model once on an example, or give the open sizes.",
            )
        result[path[1:]] = param.array
    for path, value in link.namedstates():
        plain = value is None or isinstance(value, (str, *get_array_types()))
        result[path[1:]] = value if plain else np.asarray(value)
    return result


class _Slot:
    """A place in a link where a value of a state goes: a parameter or a state's attribute."""

    def __init__(self, now: Any, dtype: Any, put: Callable[[Any], None]) -> None:
        self.now, self.dtype, self.put = now, dtype, put

    def misfit(self, value: Any) -> str:
        """Why the value does not fit here, or an empty text."""
        now = self.now
        if value is None or (now is None and self.dtype is None):
            return ""
        if isinstance(now, str) or isinstance(value, str):
            fits = isinstance(now, str) and isinstance(value, str)
            return "" if fits else f"{_kind(value)} into {_kind(now)}"
        array = value if isinstance(value, get_array_types()) else np.asarray(value)
        shape = array.shape if now is None else np.shape(now)
        if array.shape != shape:
            return f"shape {array.shape} into {shape}"
        dtype = self.dtype or getattr(now, "dtype", None) or np.asarray(now).dtype
        if not np.can_cast(array.dtype, dtype, "same_kind"):
            return f"dtype {array.dtype} into {dtype}"
        return ""


def _kind(value: Any) -> str:
    return "a string" if isinstance(value, str) else "an array"


def _param_slot(param: Parameter) -> _Slot:
    def put(value: Any) -> None:
        if value is None:
            return
        if param.is_initialized:
            _fill(param.array, value)
            param._mark_written()
        else:
            param.array = param._device.send(np.array(_host(value), param.dtype))

    return _Slot(param.array, param.dtype, put)


def _state_slot(link: Link, name: str) -> _Slot:
    now, dtype = getattr(link, name), link._states[name]

    def put(value: Any) -> None:
        if isinstance(now, get_array_types()) and value is not None:
            _fill(now, value)
        elif now is None and value is not None and not isinstance(value, str):
            setattr(link, name, link.device.send(np.array(_host(value), dtype)))
        elif isinstance(now, (bool, int, float, np.generic)) and value is not None:
            setattr(link, name, type(now)(np.asarray(value).item()))
        elif value is not None:
            setattr(link, name, value)

    return _Slot(now, dtype, put)


def _host(value: Any) -> Any:
    return value.get() if hasattr(value, "get") else value


def _fill(array: Any, value: Any) -> None:
    array[...] = device_of(array).send(as_array(value))


def _slots(link: Link, path: str, above: tuple[int, ...]) -> Iterator[tuple[str, int, _Slot]]:
    """All paths to values, through shared links too, each with the identity of the place."""
    for name, param in link._parts()[0]:
        yield f"{path}{name}", id(param), _param_slot(param)
    for name in sorted(link._states):
        yield f"{path}{name}", hash((id(link), name)), _state_slot(link, name)
    for name, child in link._parts()[1]:
        if id(child) not in above:
            yield from _slots(child, f"{path}{name}/", (*above, id(child)))


def load_state(link: Link, state: Mapping[str, Any], strict: bool = True) -> None:
    """What ``Link.load_state`` does."""
    paths: dict[int, list[str]] = {}  # the same place may be reached in several ways
    slots: dict[int, _Slot] = {}
    for path, place, slot in _slots(link, "", (id(link),)):
        paths.setdefault(place, []).append(path)
        slots.setdefault(place, slot)
    known = {path for names in paths.values() for path in names}
    found = {p: next((n for n in names if n in state), None) for p, names in paths.items()}
    missing = [paths[p][0] for p, name in found.items() if name is None]
    unexpected = [k for k in state if k not in known and not k.startswith(_RESERVED)]
    wrong = [
        f"{name} ({reason})"
        for p, name in found.items()
        if name is not None and (reason := slots[p].misfit(state[name]))
    ]
    if wrong or (strict and (missing or unexpected)):
        raise _refusal(link, missing, unexpected, wrong)
    for place, name in found.items():
        if name is not None:
            slots[place].put(state[name])


def load_states(link: Link, states: Mapping[str, Any]) -> None:
    """Takes over the states alone, where there are any of that path."""
    places = {
        f"{path}/{name}".lstrip("/"): (inner, name)
        for path, inner in link._walk()
        for name in inner._states
    }
    slots = {path: _state_slot(*place) for path, place in places.items() if path in states}
    wrong = [f"{p} ({why})" for p, slot in slots.items() if (why := slot.misfit(states[p]))]
    if wrong:
        raise _refusal(link, [], [], wrong)
    for path, slot in slots.items():
        slot.put(states[path])


def _refusal(link: Link, missing: list[str], unexpected: list[str], wrong: list[str]) -> LoadError:
    parts = {"missing": missing, "unexpected": unexpected, "does not fit": wrong}
    got = "; ".join(f"{kind}: {_listed(names)}" for kind, names in parts.items() if names)
    hint = _diagnosis(missing, unexpected) or "Nothing was changed."
    return LoadError(f"{type(link).__name__}.load_state(state)", got, hint=hint)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more


def _diagnosis(missing: list[str], unexpected: list[str]) -> str:
    """A guess at what went wrong: all keys lack a prefix, or have one too many."""
    for ours, theirs, text in (
        (missing, unexpected, "The keys there begin with {0!r}: load with path={0!r}."),
        (unexpected, missing, "The keys there lack {0!r}: load into that part of the model."),
    ):
        if ours:
            tail = "/" + ours[0]
            prefix = next((k[: 1 - len(tail)] for k in theirs if k.endswith(tail)), "")
            if prefix and all(prefix + name in theirs for name in ours):
                return text.format(prefix)
    return ""
