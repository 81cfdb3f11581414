"""Makes ``import chainer`` mean ``renkei.compat.chainer``: importing this module is enough.

>>> import renkei.compat.chainer.install
>>> import chainer.functions as F
>>> F.__name__
'renkei.compat.chainer.functions'
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from renkei.compat.chainer._tree import ROOT
from renkei.core.errors import UsageError

__all__ = ["installed"]

_NAME = "chainer"


class _Alias(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds ``chainer.x.y`` where ``renkei.compat.chainer.x.y`` is: the same module object."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _NAME and not fullname.startswith(_NAME + "."):
            return None
        if importlib.util.find_spec(ROOT + fullname[len(_NAME) :]) is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(ROOT + spec.name[len(_NAME) :])
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has put the alias's spec into the module; its own goes back.
        module.__spec__ = module.__spec__.loader_state or module.__spec__  # type: ignore[union-attr]


def installed() -> bool:
    """Whether the name ``chainer`` means this facade."""
    return any(isinstance(finder, _Alias) for finder in sys.meta_path)


def _install() -> None:
    present = sys.modules.get(_NAME)
    if present is not None and present.__name__ != ROOT:
        raise UsageError(
            "import renkei.compat.chainer.install",
            f"another chainer, loaded from {getattr(present, '__file__', '?')}",
            "to come first",
            "Import it before anything that imports chainer.",
        )
    if not installed():
        sys.meta_path.insert(0, _Alias())
        if importlib.util.find_spec("chainerx") is None:
            sys.modules["chainerx"] = importlib.import_module("renkei.compat.chainerx")


_install()
