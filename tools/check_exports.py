"""The public names, against the golden list tools/public_names.txt (``--write`` updates it)."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import common

# Modules whose __all__ is no promise to users.
HIDDEN = {"renkei.cli", "renkei.core", "renkei.kernels"}


def public_modules() -> list[str]:
    """renkei, renkei.functions, renkei.links ...: its direct submodules with an ``__all__``."""
    package = importlib.import_module("renkei")
    names = [f"renkei.{m.name}" for m in pkgutil.iter_modules(package.__path__)]
    return ["renkei", *sorted(n for n in names if n not in HIDDEN and "._" not in n)]


def current_names() -> tuple[list[str], list[str]]:
    """(all public names, complaints about names that __all__ promises and nobody has)."""
    names, broken = [], []
    for module_name in public_modules():
        module = importlib.import_module(module_name)
        promised = getattr(module, "__all__", None)
        if promised is None:
            continue
        if len(set(promised)) != len(promised):
            broken.append(f"{module_name}.__all__ names something twice")
        for name in promised:
            names.append(f"{module_name}.{name}")
            try:
                getattr(module, name)
            except (AttributeError, ImportError):  # lazy names import when asked for
                broken.append(f"{module_name}.__all__ promises {name!r}, which does not exist")
    return sorted(set(names)), broken


def check(golden: Path) -> Iterator[str]:
    names, broken = current_names()
    yield from broken
    known = golden.read_text(encoding="utf-8").split() if golden.exists() else []
    for name in sorted(set(names) - set(known)):
        yield f"{name} is new; if it is meant, run tools/check_exports.py --write"
    for name in sorted(set(known) - set(names)):
        yield f"{name} is gone; if it is meant, run tools/check_exports.py --write"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="check_exports", description=__doc__)
    parser.add_argument("--root", type=Path, default=common.ROOT)
    parser.add_argument(
        "--write", action="store_true", help="make the present names the golden list"
    )
    options = parser.parse_args(argv)
    root = options.root.resolve()
    sys.path.insert(0, os.fspath(root / "src"))
    golden = root / "tools/public_names.txt"
    if options.write:
        golden.write_text("\n".join(current_names()[0]) + "\n", encoding="utf-8")
    complaints = list(check(golden))
    for complaint in complaints:
        print(f"check_exports: {complaint}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
