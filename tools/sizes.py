"""How large files and functions are, and how large they may be."""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import common

FILE_LINES, FUNCTION_LINES = 600, 80
CORE_FILES, CORE_LINES = 14, 400  # lines without docstrings: what must be understood at once
CHECKED = ("src", "tests", "tools", "bench", "examples")
SUFFIXES = (".py", ".cpp", ".hpp", ".inl")


def files(root: Path) -> list[Path]:
    found = [p for folder in CHECKED for p in (root / folder).rglob("*") if p.suffix in SUFFIXES]
    return sorted(p for p in found if "build" not in p.relative_to(root).parts)


def count_lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def docstring_lines(node: ast.AST) -> int:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    if not isinstance(node, kinds) or not ast.get_docstring(node):
        return 0
    return (node.body[0].end_lineno or 0) - node.body[0].lineno + 1


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """(name, lines of code) of each function: without its docstring and decorators."""
    for node in ast.walk(common.tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield node.name, lines - docstring_lines(node)


def check(root: Path) -> Iterator[str]:
    """Checks the sizes; waivers with reasons are in tools/size_waivers.txt."""
    waived = common.waivers(root / "tools/size_waivers.txt")
    core = [p for p in files(root) if p.parent == root / "src/renkei/core" and p.stem != "__init__"]
    if len(core) > CORE_FILES:
        yield f"src/renkei/core has {len(core)} files; at most {CORE_FILES}"
    too_large = set()
    for path in files(root):
        where = path.relative_to(root).as_posix()
        limit, lines = FILE_LINES, count_lines(path)
        if path in core:
            limit = CORE_LINES
            lines -= sum(docstring_lines(node) for node in ast.walk(common.tree(path)))
        if lines > limit:
            too_large.add(where)
            if where not in waived:
                yield f"{where} has {lines} lines; at most {limit}"
        for name, length in functions(path) if path.suffix == ".py" else ():
            if length > FUNCTION_LINES:
                too_large.add(f"{where}::{name}")
                if f"{where}::{name}" not in waived:
                    yield f"{where}::{name} has {length} lines; at most {FUNCTION_LINES}"
    for what in sorted(set(waived) - too_large):
        yield f"tools/size_waivers.txt: {what} is small enough now; remove its waiver"


def report(root: Path) -> None:
    package = root / "src/renkei"
    by_part: dict[str, list[Path]] = {}
    for path in files(root):
        relative = path.relative_to(root)
        part = relative.parts[0]
        if package in path.parents:
            part = "/".join(relative.parts[:3]) if len(relative.parts) > 3 else "src/renkei"
        by_part.setdefault(part, []).append(path)
    print(f"{'part':<32}{'files':>7}{'lines':>8}{'median function':>17}{'longest':>9}")
    for part, paths in sorted(by_part.items()):
        lengths = [n for p in paths if p.suffix == ".py" for _, n in functions(p)] or [0]
        lines = sum(count_lines(p) for p in paths)
        middle = statistics.median(lengths)
        print(f"{part:<32}{len(paths):>7}{lines:>8}{middle:>17.0f}{max(lengths):>9}")


if __name__ == "__main__":
    if "--report" in sys.argv:
        report(common.ROOT)
    else:
        sys.exit(common.run("sizes", check))
