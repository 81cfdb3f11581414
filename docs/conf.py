"""Sphinx settings; the reference pages are written from the packages' ``__all__``."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

import renkei

project = "Renkei"
copyright = "the Renkei authors"
release = version = importlib.import_module("importlib.metadata").version("renkei")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "guide/generated"]  # the latter is included by a page
html_theme = "furo"
html_title = f"Renkei {version}"
autodoc_typehints = "none"  # the docstrings say shapes, which says more
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
suppress_warnings = ["ref.python"]  # one class reachable under two names

# Packages without a page of their own in the reference.
HIDDEN = {"cli", "compat", "core", "kernels"}


def page(module_name: str, names: list[str], elsewhere: set[str]) -> str:
    """The reference page of a package; what another page describes is shown without an index."""
    lines = [f"# {module_name}", "", "```{eval-rst}", f".. automodule:: {module_name}", ""]
    module = importlib.import_module(module_name)
    for name in sorted(names):
        value = getattr(module, name)
        kind = "class" if isinstance(value, type) else "function" if callable(value) else "data"
        # The defining module: what autodoc can read, whatever the name it is reached by.
        home = getattr(value, "__module__", None) or module_name
        if kind == "data" or not hasattr(importlib.import_module(home), name):
            home = module_name
        if isinstance(value, ModuleType):
            continue  # a submodule has its own page
        options = ["   :members:"] if kind == "class" else []
        if f"{home}.{name}" in elsewhere:
            options = ["   :no-index:"]
        elsewhere.add(f"{home}.{name}")
        lines += [f".. auto{kind}:: {home}.{name}", *options, ""]
    return "\n".join([*lines, "```", ""])


def summary(value: Any) -> str:
    """The first sentence of a docstring, which may go over several lines."""
    paragraph = (inspect.getdoc(value) or "").strip().partition("\n\n")[0]
    return " ".join(paragraph.split()).removesuffix(":")


def function_index() -> str:
    """All functions by family, each with a link and the beginning of its docstring."""
    from renkei.functions import _FAMILIES

    lines = []
    for family, names in sorted(_FAMILIES.items()):
        module = importlib.import_module(f"renkei.functions.{family}")
        lines += [f"## {family}", "", "```{eval-rst}", summary(module), ""]
        for name in sorted(names.split()):
            function = getattr(module, name)
            title = summary(function)
            assert title, f"F.{name} has no docstring"
            lines.append(f"* :py:func:`~{function.__module__}.{name}`: {title}")
        lines += ["```", ""]
    return "\n".join(lines)


def write_function_index(*_: Any) -> None:
    folder = Path(__file__).parent / "guide" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    path, text = folder / "functions.md", function_index()
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def write_reference(*_: Any) -> None:
    folder = Path(__file__).parent / "reference" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    submodules = [m.name for m in pkgutil.iter_modules(renkei.__path__)]
    found = [*(f"renkei.{n}" for n in submodules if n not in HIDDEN and n[0] != "_"), "renkei"]
    wanted, described = {}, set()
    for module_name in found:
        names = getattr(importlib.import_module(module_name), "__all__", None)
        if names:
            wanted[folder / f"{module_name}.md"] = page(module_name, list(names), described)
    for old in set(folder.glob("*.md")) - set(wanted):
        old.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    app.connect("builder-inited", write_reference)
    app.connect("builder-inited", write_function_index)
