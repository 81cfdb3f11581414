"""Packages whose names are loaded on first use, so that ``import renkei`` stays light."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["lazy"]


def lazy(
    package: str, families: dict[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Makes ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    Args:
        package: its ``__name__``.
        families: for each module, the public names that it defines, separated by spaces.
    """
    home = {name: family for family, names in families.items() for name in names.split()}

    def get(name: str) -> Any:
        module = sys.modules[package]
        if name in home:
            value = getattr(importlib.import_module(f"{package}.{home[name]}"), name)
        elif name in families:
            return importlib.import_module(f"{package}.{name}")
        else:
            near = difflib.get_close_matches(name, home, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}")
        setattr(module, name, value)
        return value

    def names() -> list[str]:
        return sorted([*home, *families])

    return get, names, sorted(home)
