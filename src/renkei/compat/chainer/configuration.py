"""``chainer.config``: the engine's settings, and keys that a program adds for itself."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any, TextIO

from renkei.core.config import (
    KEYS,
    Settings,
    _current,
    _global,
    _overlays,
    current,
    get_dtype,
    mixed16,
    scoped,
)
from renkei.core.config import _convert as _converted
from renkei.core.config import config as core_config
from renkei.core.config import global_config as core_global_config

__all__ = [
    "DebugMode",
    "GlobalConfig",
    "LocalConfig",
    "config",
    "force_backprop_mode",
    "get_compute_mode",
    "get_dtype",
    "global_config",
    "is_debug",
    "mixed16",
    "no_backprop_mode",
    "set_debug",
    "using_config",
]


def _show(names: Any, config: Any, file: TextIO | None) -> None:
    names = sorted(names)
    width = max(map(len, names), default=0)
    for name in names:
        print(f"{name:<{width}} {getattr(config, name)!r}", file=file or sys.stdout)


class GlobalConfig:
    """The settings that every thread takes where it has set none itself."""

    autotune = compute_mode = cudnn_deterministic = cudnn_fast_batch_normalization = None
    debug = dtype = enable_backprop = in_recomputing = keep_graph_on_report = None
    lazy_grad_sum = schedule_func = train = type_check = use_cudnn = None
    use_cudnn_tensor_core = use_ideep = use_static_graph = warn_nondeterministic = None

    def show(self, file: TextIO | None = None) -> None:
        """Prints all keys with their values, sorted, one a line."""
        _show(self.__dict__, self, file)


class LocalConfig:
    """The settings of the running thread: its own, and the global ones behind them.

    Args:
        global_config: a GlobalConfig.
    """

    def __init__(self, global_config: Any) -> None:
        super().__setattr__("_global", global_config)
        super().__setattr__("_local", threading.local())

    def __delattr__(self, name: str) -> None:
        delattr(self._local, name)

    def __getattr__(self, name: str) -> Any:
        own = self._local.__dict__
        return own[name] if name in own else getattr(self._global, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._local, name, value)

    def _owns(self, name: str) -> bool:
        return name in self._local.__dict__

    def show(self, file: TextIO | None = None) -> None:
        """Prints all keys with the values in force, sorted, one a line."""
        _show({*self._global.__dict__, *self._local.__dict__}, self, file)


class _EngineGlobal(GlobalConfig):
    """``chainer.global_config``."""

    def __getattribute__(self, name: str) -> Any:
        if name in KEYS:
            return getattr(core_global_config, name)
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in KEYS:
            setattr(core_global_config, name, value)
        else:
            super().__setattr__(name, value)

    def show(self, file: TextIO | None = None) -> None:
        _show({*KEYS, *self.__dict__}, self, file)


class _EngineLocal(LocalConfig):
    """``chainer.config``."""

    def __getattr__(self, name: str) -> Any:
        if name in KEYS:
            return getattr(current(), name)
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in KEYS:
            setattr(core_config, name, value)
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name not in KEYS:
            super().__delattr__(name)
            return
        settings = current()
        if name not in settings._own:
            raise AttributeError(name)
        values = settings.values() | {name: getattr(_global, name)}
        settings = Settings(values, settings._own - {name})
        _overlays.add(settings)
        _current.set(settings)

    def _owns(self, name: str) -> bool:
        return name in current()._own if name in KEYS else super()._owns(name)

    def show(self, file: TextIO | None = None) -> None:
        _show({*KEYS, *self._global.__dict__, *self._local.__dict__}, self, file)


global_config = _EngineGlobal()
config = _EngineLocal(global_config)
global_config._will_recompute = False  # type: ignore[attr-defined]  # what F.forget sets


@contextlib.contextmanager
def using_config(name: str, value: Any, config: Any = config) -> Iterator[None]:
    r"""Sets a configuration key for a block.

    Args:
        name: the key.
        value: its value inside the block.
        config: ``chainer.config`` (this thread) or ``chainer.global_config`` (all).

    >>> from renkei.compat import chainer
    >>> with chainer.using_config('train', False):
    ...     chainer.config.train
    False
    """
    if isinstance(config, _EngineLocal) and name in KEYS:
        with scoped(**{name: _converted(name, value)}):
            yield
        return
    owned = not isinstance(config, LocalConfig) or config._owns(name)
    before = getattr(config, name) if owned else None
    setattr(config, name, value)
    try:
        yield
    finally:
        setattr(config, name, before) if owned else delattr(config, name)


def no_backprop_mode() -> contextlib.AbstractContextManager[Any]:
    """A block in which nothing is recorded."""
    return using_config("enable_backprop", False)


def force_backprop_mode() -> contextlib.AbstractContextManager[Any]:
    """A block in which the graph is recorded even inside ``no_backprop_mode``."""
    return using_config("enable_backprop", True)


def is_debug() -> bool:
    """Whether debug mode is on."""
    return bool(config.debug)


def set_debug(debug: bool) -> None:
    """Switches debug mode on or off."""
    config.debug = debug


class DebugMode:
    """A block in debug mode; deprecated: ``using_config('debug', True)``.

    Args:
        debug: whether it is on.
    """

    def __init__(self, debug: bool) -> None:
        self._using = using_config("debug", debug)

    def __enter__(self) -> None:
        self._using.__enter__()

    def __exit__(self, *args: Any) -> None:
        self._using.__exit__(*args)


def get_compute_mode() -> Any:
    """The arithmetic of GPU matrix products; None for the default."""
    return config.compute_mode


def _from_environment() -> None:
    for name in (
        "cudnn_fast_batch_normalization debug dtype keep_graph_on_report lazy_grad_sum type_check "
        "use_cudnn use_ideep"
    ).split():
        text = os.environ.get("CHAINER_" + name.upper())
        if text:
            setattr(global_config, name, text)


_from_environment()
