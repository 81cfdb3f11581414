"""Who may import whom, and how light ``import renkei`` is. See ARCHITECTURE.md."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import common

# Each line may import the lines below it. Parts of one line don't know each other, except PEERS.
LAYERS = [
    ["cli", "compat"],
    ["models", "rl", "vision"],
    ["quantization", "distributed", "export", "training", "testing"],
    ["summary"],
    ["capture", "datasets", "distributions", "iterators", "optimizers", "serializers", "draw"],
    ["links", "sparse"],
    ["functions", "initializers", "reporter"],
    ["kernels"],
    ["core", "_lazy", "_version"],
]
RANK = {part: len(LAYERS) - i for i, line in enumerate(LAYERS) for part in line}
PEERS = {
    ("cli", "compat"): "run-chainer starts programs on the facade",
    ("datasets", "iterators"): "a data set's loader is an iterator",
    ("iterators", "datasets"): "batches are put together by datasets.convert",
    ("training", "distributed"): "updaters that run on several processes",
}
NEVER = {
    ("functions", "kernels"): "functions name an operation; the kernel table finds the kernel",
    ("links", "kernels"): "links call functions",
    ("optimizers", "kernels"): "optimizers name an operation; the kernel table finds the kernel",
}
# What `import renkei` may load besides the standard library.
LIGHT = {"numpy", "renkei"}


def imports(module: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """(line, dotted name, whether it is a bare ``import renkei``) of every import that runs."""
    typing_only = {
        id(child)
        for node in ast.walk(module)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for child in ast.walk(node)
    }
    for node in ast.walk(module):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, alias.name == "renkei"
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, "relative", False
            elif node.module == "renkei":
                for alias in node.names:
                    yield node.lineno, f"renkei.{alias.name}", False
            else:
                yield node.lineno, node.module or "", False


def judge(name: str, target: str) -> str | None:
    """Why module ``name`` may not import ``target``, or None."""
    source_part, part = (*name.split("."), "", "")[1], (*target.split("."), "", "")[1]
    if source_part == part or not source_part:
        return None
    if part == "_native":
        return None if source_part in ("kernels", "cli") else "only kernels and cli use _native"
    if source_part not in RANK:
        return f"{source_part!r} has no layer; give it one in tools/check_layers.py"
    if part not in RANK:
        return f"{target} has no layer; give {part!r} one in tools/check_layers.py"
    if (source_part, part) in NEVER:
        return f"{source_part} never import {part}: {NEVER[source_part, part]}"
    if RANK[part] < RANK[source_part] or (source_part, part) in PEERS:
        return None
    return f"{source_part} may not import {part}: it is not below"


def check_imports(root: Path) -> Iterator[str]:
    for path in common.modules(root):
        name, where = common.dotted(path, root), path.relative_to(root)
        for line, target, bare in imports(common.tree(path)):
            if target == "relative":
                yield f"{where}:{line}: relative import; write the whole name"
            elif bare:
                yield f"{where}:{line}: `import renkei`; import from the defining module"
            elif target.startswith("renkei."):
                reason = judge(name, target)
                if reason:
                    yield f"{where}:{line}: {reason}"


def check_light(root: Path) -> Iterator[str]:
    """What a real ``import renkei`` loads that is neither NumPy's nor the standard library's."""
    code = (
        "import sys, numpy; before = set(sys.modules)\n"
        "import renkei\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    if result.returncode:
        yield f"import renkei fails: {result.stderr.strip().splitlines()[-1]}"
    heavy = set(result.stdout.split()) - LIGHT - set(sys.stdlib_module_names)
    heavy = {name for name in heavy if "cython" not in name}  # the runtime of numpy.random
    if heavy:
        yield f"import renkei loads {', '.join(sorted(heavy))}; import them where they are used"


def check(root: Path) -> Iterator[str]:
    """Checks the layers of imports."""
    yield from check_imports(root)
    yield from check_light(root)


if __name__ == "__main__":
    sys.exit(common.run("check_layers", check))
