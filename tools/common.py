"""What the checks of tools/ share: finding modules, reading them, reporting."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def modules(root: Path) -> list[Path]:
    """All Python files of the package under ``root``, sorted."""
    return sorted((root / "src" / "renkei").rglob("*.py"))


def dotted(path: Path, root: Path) -> str:
    """``src/renkei/core/graph.py`` -> ``renkei.core.graph``; a package's own name for __init__."""
    parts = path.relative_to(root / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def exported(path: Path) -> list[str] | None:
    """The names in a module's ``__all__``, or None if it has none (or computes it)."""
    for node in tree(path).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
            try:
                return [str(name) for name in ast.literal_eval(node.value)]
            except ValueError:
                return None
    return None


def waivers(path: Path) -> dict[str, str]:
    """Lines ``what: reason``; empty lines and those with # are skipped."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        if line.strip() and not line.startswith("#"):
            what, _, reason = line.partition(": ")
            if not reason.strip():
                raise SystemExit(f"{path}: {line!r} gives no reason (write `what: reason`)")
            found[what.strip()] = reason.strip()
    return found


def run(name: str, check: Callable[[Path], Iterable[str]], argv: list[str] | None = None) -> int:
    """Runs a check from the command line: prints its complaints, returns the exit status."""
    parser = argparse.ArgumentParser(prog=name, description=check.__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the tree to check")
    complaints = list(check(parser.parse_args(argv).root.resolve()))
    for complaint in complaints:
        print(f"{name}: {complaint}")
    return 1 if complaints else 0
