"""Settings: one typed object per context, read by everything, changed by ``using_config``.

Every thread and every async task sees its own settings; what it has not set itself, it takes from
``global_config``. This is the only place that reads ``RENKEI_*`` environment variables for Python.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TextIO
from weakref import WeakSet

import numpy as np

from renkei.core.errors import ConfigError

__all__ = [
    "Config",
    "Settings",
    "config",
    "current",
    "environment",
    "force_backprop_mode",
    "get_dtype",
    "global_config",
    "mixed16",
    "no_backprop_mode",
    "using_config",
]


class Mixed16:
    """The type of ``mixed16``: float16 activations and weights, float32 where range is needed."""

    dtype = np.dtype(np.float16)

    def __repr__(self) -> str:
        return "dtype('mixed16')"


mixed16 = Mixed16()


def _to_dtype(value: Any) -> Any:
    if value is mixed16 or (isinstance(value, str) and value == "mixed16"):
        return mixed16
    dtype = np.dtype(value)
    if dtype.kind != "f":
        raise ValueError(f"a float dtype, not {dtype}")
    return dtype.type


def _to_bool(value: Any) -> bool:
    if isinstance(value, str):
        if value.lower() in ("", "0", "false", "no", "off"):
            return False
        if value.lower() in ("1", "true", "yes", "on"):
            return True
        raise ValueError("a boolean (0, 1, true, false)")
    return bool(value)


def _to_backends(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = tuple(value.replace(",", " ").split()) if isinstance(value, str) else tuple(value)
    if not all(isinstance(name, str) for name in names):
        raise ValueError("names of backends")
    return names or None


def _one_of(*names: str) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if value not in names:
            raise ValueError("one of " + ", ".join(map(repr, names)))
        return value

    return convert


@dataclass(frozen=True)
class Key:
    """A configuration key: its default, how a value is checked, and what it means."""

    default: Any
    convert: Callable[[Any], Any]
    meaning: str


KEYS: dict[str, Key] = {
    "autotune": Key(False, _to_bool, "let the GPU library measure which algorithm is fastest"),
    "compute_mode": Key(None, lambda v: v, "arithmetic of GPU matrix products (None: default)"),
    "cudnn_deterministic": Key(False, _to_bool, "only deterministic cuDNN algorithms"),
    "cudnn_fast_batch_normalization": Key(False, _to_bool, "cuDNN's faster batch normalization"),
    "debug": Key(False, _to_bool, "find NaNs, check kept arrays, remember where nodes were made"),
    "dtype": Key(np.float32, _to_dtype, "default dtype of parameters and constants"),
    "enable_backprop": Key(True, _to_bool, "record the graph"),
    "in_recomputing": Key(False, _to_bool, "True while a forgotten block is computed again"),
    "keep_graph_on_report": Key(False, _to_bool, "reported Variables keep their graph"),
    "kernels": Key(None, _to_backends, "backends to choose kernels from (None: all)"),
    "lazy_grad_sum": Key(False, _to_bool, "sum several gradients of one Variable at once"),
    "schedule_func": Key(None, lambda v: v, "the schedule that is being recorded"),
    "train": Key(True, _to_bool, "training behaviour of dropout, batch normalization, ..."),
    "type_check": Key(True, _to_bool, "check shapes and dtypes before computing"),
    "use_cudnn": Key("auto", _one_of("always", "auto", "never"), "use cuDNN"),
    "use_cudnn_tensor_core": Key("auto", lambda v: v, "use tensor cores"),
    "use_ideep": Key("never", _one_of("always", "auto", "never"), "kept for old programs"),
    "use_static_graph": Key(True, _to_bool, "let static_graph decorators capture"),
    "warn_nondeterministic": Key(False, _to_bool, "warn when a function is not deterministic"),
}


class Settings:
    """The values in force in one context, with one flag, ``slow``, for everything unusual."""

    enable_backprop: bool
    train: bool
    debug: bool
    slow: bool

    def __init__(self, values: dict[str, Any], own: frozenset[str]) -> None:
        self.__dict__.update(values)
        self._own = own
        self._refresh()

    def _refresh(self) -> None:
        self.slow = bool(self.debug or self.function_hooks)

    def _set(self, name: str, value: Any) -> None:
        self.__dict__[name] = value
        self._refresh()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(_unknown(name))

    def values(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_own", "slow")}


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, KEYS, 1)
    return f"There is no configuration key {name!r}" + (
        f"; did you mean {near[0]!r}?" if near else f". Keys: {', '.join(sorted(KEYS))}."
    )


def _convert(name: str, value: Any) -> Any:
    if name not in KEYS:
        if name in _INTERNAL:
            return value
        raise ConfigError(_unknown(name))
    try:
        return KEYS[name].convert(value)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"config.{name}", repr(value), f"{error}") from error


# What hooks put into the settings; no user types these names.
_INTERNAL: dict[str, Any] = {"function_hooks": (), "link_hooks": ()}


def environment(name: str) -> str | None:
    """The value of the environment variable ``RENKEI_<name>``, None if unset or empty."""
    return os.environ.get("RENKEI_" + name) or None


def _from_environment() -> dict[str, Any]:
    values: dict[str, Any] = dict(_INTERNAL)
    for name, key in KEYS.items():
        text = environment(name.upper())
        values[name] = key.default if text is None else _convert(name, text)
    return values


_global = Settings(_from_environment(), frozenset())
_current: ContextVar[Settings] = ContextVar("renkei settings", default=_global)
_overlays: WeakSet[Settings] = WeakSet()
current = _current.get  # the one call of the hot path: the settings of this context


def overlay(**changes: Any) -> Settings:
    """A copy of the present settings with some values changed; give it to ``_current.set``."""
    now = current()
    settings = Settings(now.values() | changes, now._own | changes.keys())
    _overlays.add(settings)
    return settings


@contextlib.contextmanager
def scoped(**changes: Any) -> Iterator[Settings]:
    """Puts changed settings in force for a block."""
    token = _current.set(overlay(**changes))
    try:
        yield current()
    finally:
        _current.reset(token)


class Config:
    """The settings as attributes: ``rk.config.train``.

    ``config`` reads and sets the values of the running thread or task, ``global_config`` those that
    every thread takes where it has set none itself.

    >>> import renkei as rk
    >>> rk.config.train
    True
    >>> with rk.using_config("train", False):
    ...     rk.config.train
    False
    """

    __slots__ = ("_shared",)

    def __init__(self, shared: bool) -> None:
        object.__setattr__(self, "_shared", shared)

    def __getattr__(self, name: str) -> Any:
        return getattr(_global if self._shared else current(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        value = _convert(name, value)
        if not self._shared:
            _current.set(overlay(**{name: value}))
            return
        _global._set(name, value)
        for settings in list(_overlays):
            if name not in settings._own:
                settings._set(name, value)

    def __dir__(self) -> list[str]:
        return [*sorted(KEYS), "define", "show"]

    def define(self, name: str, default: Any, meaning: str = "defined by a program") -> None:
        """Adds a key of your own, which ``using_config`` then takes like any other."""
        if name in KEYS:
            raise ConfigError(f"config.define({name!r})", "a key that exists", "a new name")
        KEYS[name] = Key(default, lambda v: v, meaning)
        for settings in [_global, *_overlays]:
            settings._set(name, default)

    def show(self, file: TextIO | None = None) -> None:
        """Prints all keys with their values, sorted, one a line."""
        width = max(map(len, KEYS))
        for name in sorted(KEYS):
            print(f"{name:<{width}} {getattr(self, name)!r}", file=file or sys.stdout)


config = Config(shared=False)
global_config = Config(shared=True)


@contextlib.contextmanager
def using_config(name: str, value: Any, config: Config = config) -> Iterator[None]:
    r"""Sets a configuration key for a block.

    Args:
        name: the key, as in ``"train"``.
        value: its value inside the block.
        config: ``rk.config`` (this thread or task) or ``rk.global_config`` (all threads).

    Raises:
        ConfigError: the key is unknown or does not take the value.

    >>> import renkei as rk
    >>> with rk.using_config("enable_backprop", False):
    ...     rk.config.enable_backprop
    False
    """
    if not config._shared:
        with scoped(**{name: _convert(name, value)}):
            yield
        return
    before = getattr(config, name)
    setattr(config, name, value)
    try:
        yield
    finally:
        setattr(config, name, before)


def no_backprop_mode() -> contextlib.AbstractContextManager[Any]:
    """A block in which nothing is recorded: inference without the memory of a graph."""
    return using_config("enable_backprop", False)


def force_backprop_mode() -> contextlib.AbstractContextManager[Any]:
    """A block in which the graph is recorded even inside ``no_backprop_mode``."""
    return using_config("enable_backprop", True)


def get_dtype(dtype: Any = None, map_mixed16: Any = None) -> np.dtype[Any]:
    r"""Resolves a dtype argument: None means the configured default.

    Args:
        dtype: a dtype, ``mixed16`` or None.
        map_mixed16: what ``mixed16`` stands for here (float16 if None).

    >>> import numpy as np, renkei as rk
    >>> rk.get_dtype(), rk.get_dtype(rk.mixed16, map_mixed16=np.float32)
    (dtype('float32'), dtype('float32'))
    """
    if dtype is None:
        dtype = current().dtype
    if dtype is mixed16 and map_mixed16 is not None:
        dtype = map_mixed16
    return np.dtype(dtype.dtype if dtype is mixed16 else dtype)
