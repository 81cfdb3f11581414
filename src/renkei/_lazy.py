"""Packages whose names are loaded on first use, so that ``import renkei`` stays light."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

__all__ = ["lazy"]


class _Package(ModuleType):
    """A package in which a function may have the name of its module: the function wins.

    Importing ``functions.linear`` makes the module an attribute of ``functions``, which would hide
    the function ``linear``.
    """

    _home: dict[str, str]

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and self._home.get(name) == name:
            value = getattr(value, name)
        super().__setattr__(name, value)


def lazy(
    package: str, families: dict[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Makes ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    Args:
        package: its ``__name__``.
        families: for each module, the public names that it defines, separated by spaces.
    """
    home = {name: family for family, names in families.items() for name in names.split()}
    own = sys.modules[package]
    own.__dict__["_home"] = home
    own.__class__ = _Package

    def get(name: str) -> Any:
        if name in home:
            value = getattr(importlib.import_module(f"{package}.{home[name]}"), name)
        elif name in families:
            return importlib.import_module(f"{package}.{name}")
        else:
            near = difflib.get_close_matches(name, home, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}")
        setattr(own, name, value)
        return value

    def names() -> list[str]:
        return sorted([*home, *families])

    return get, names, sorted(home)
