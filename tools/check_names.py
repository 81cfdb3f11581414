"""One name, one path in every tree; public functions and classes explain themselves."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import common

# Where a kernel's family lives if not in functions/.
KERNEL_FAMILIES = {"optimizer": "src/renkei/optimizers"}
# Folders of tests/ that mirror something other than src/renkei, or nothing.
OTHER_TESTS = {"compat", "docs", "examples", "native", "tools"}
# Packages without a mirror: the facades hold other programs' names, and whole programs test them.
UNMIRRORED = {"compat", "kernels"}
# Packages whose exported functions and classes are documented with an example.
DOCUMENTED = ("functions", "links", "optimizers", "initializers")


def check_kernels(root: Path) -> Iterator[str]:
    for path in sorted((root / "src/renkei/kernels").glob("*/*.py")):
        if path.stem.startswith("_"):
            continue
        family = KERNEL_FAMILIES.get(path.stem, f"src/renkei/functions/{path.stem}.py")
        if not (root / family).exists():
            yield f"{path.relative_to(root)}: there is no {family} that it belongs to"
    for path in sorted((root / "src/native/kernels").glob("*.cpp")):
        module = f"src/renkei/kernels/native/{path.stem}.py"
        if not (root / module).exists():
            yield f"{path.relative_to(root)}: there is no {module} that registers it"


def check_tests(root: Path, waived: dict[str, str]) -> Iterator[str]:
    """tests/a/test_b.py is about src/renkei/a/b (a module or a package), and so is cases/b.py."""
    package = root / "src/renkei"
    for path in sorted((root / "tests").rglob("*.py")):
        where = path.relative_to(root / "tests")
        if where.parts[0] in OTHER_TESTS or path.stem in ("conftest", "__init__"):
            continue
        is_case = path.parent.name == "cases"
        if not is_case and not path.stem.startswith("test_"):
            continue
        folder = path.parent.parent if is_case else path.parent
        name = path.stem.removeprefix("test_")
        target = package / folder.relative_to(root / "tests") / name
        if target.is_dir() or target.with_suffix(".py").exists():
            continue
        if f"tests/{where.as_posix()}" not in waived:
            yield f"tests/{where.as_posix()}: there is no {target.relative_to(root)}.py to test"


def check_tested(root: Path, waived: dict[str, str]) -> Iterator[str]:
    """Every module with public names has tests of its own, or its package has."""
    for path in common.modules(root):
        where = path.relative_to(root / "src/renkei")
        if where.parts[0] in UNMIRRORED or path.stem.startswith("_") or not common.exported(path):
            continue
        tests = root / "tests" / where.parent
        candidates = [
            tests / f"test_{path.stem}.py",
            tests / "cases" / path.name,
            tests.parent / f"test_{where.parent.name}.py",
        ]
        if not any(c.exists() for c in candidates) and where.as_posix() not in waived:
            yield f"src/renkei/{where.as_posix()}: no {candidates[0].relative_to(root)}"


def missing_parts(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    text = ast.get_docstring(node) or ""
    if not text:
        return ["a docstring"]
    missing = [] if ">>>" in text else ["an example (>>>)"]
    if isinstance(node, ast.FunctionDef):
        # `xp` is the array module that @elementwise passes; a caller never sees it.
        names = {a.arg for a in node.args.posonlyargs + node.args.args + node.args.kwonlyargs}
        if names - {"xp"} and "Args:" not in text:
            missing.append("Args:")
        gives_nothing = node.returns is not None and ast.unparse(node.returns) == "None"
        if "Returns:" not in text and "Yields:" not in text and not gives_nothing:
            missing.append("Returns:")
    return missing


def check_docstrings(root: Path, waived: dict[str, str]) -> Iterator[str]:
    for package in DOCUMENTED:
        single = root / f"src/renkei/{package}.py"
        files = [single] if single.exists() else (root / f"src/renkei/{package}").rglob("*.py")
        for path in sorted(files):
            names = set(common.exported(path) or [])
            for node in common.tree(path).body:
                if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name not in names:
                    continue
                where = f"{path.relative_to(root).as_posix()}::{node.name}"
                missing = missing_parts(node)
                if missing and where not in waived:
                    yield f"{where}: the docstring lacks {', '.join(missing)}"


def check(root: Path) -> Iterator[str]:
    """Checks that names are mirrored and documented; waivers are in tools/name_waivers.txt."""
    waived = common.waivers(root / "tools/name_waivers.txt")
    yield from check_kernels(root)
    yield from check_tests(root, waived)
    yield from check_tested(root, waived)
    yield from check_docstrings(root, waived)


if __name__ == "__main__":
    sys.exit(common.run("check_names", check))
