"""Installs the wheel, and then the sources, into environments where no compiler can be found."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import common

SMOKE = """
import os, sys, numpy as np, renkei
from importlib.util import find_spec
assert "site-packages" in renkei.__file__, renkei.__file__
native = find_spec("renkei._native") is not None
assert native is (sys.argv[1] == "native"), f"native module: {native}"
if native:
    import renkei._native as module
    assert module.info()["version"], module.info()
    p, g = np.ones(3, np.float32), np.ones(3, np.float32)
    module.sgd_step([p], [g], lr=0.5)
    assert p.tolist() == [0.5] * 3
x = renkei.Variable(np.array(3.0))
(x * x).backward()
assert x.grad == 6.0, x.grad
print("ok:", "with" if native else "without", "the native module")
"""


def without_compiler(folder: Path) -> dict[str, str]:
    """An environment in which no compiler, CMake or Ninja is found."""
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    keep = {k: v for k, v in os.environ.items() if k not in ("CC", "CXX", "VIRTUAL_ENV")}
    return {**keep, "PATH": str(empty), "CC": "/nonexistent/cc", "CXX": "/nonexistent/c++"}


def install(what: Path | str, kind: str, folder: Path) -> None:
    """Installs ``what`` into a fresh environment without a compiler and tries it there."""
    venv.create(folder / kind, with_pip=True)
    python = folder / kind / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    environment = without_compiler(folder)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, str(what)], env=environment, check=True, cwd=folder)
    subprocess.run([python, "-c", SMOKE, kind], env=environment, check=True, cwd=folder)
    command = [str(python.with_name("renkei")), "--help"]
    subprocess.run(command, env=environment, check=True, cwd=folder, stdout=subprocess.DEVNULL)


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
        build += ["--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "dist")]
        subprocess.run([*build, str(common.ROOT)], check=True)
        wheel = next((folder / "dist").glob("renkei-*.whl"))
        print(wheel.name)
        pure = wheel.name.endswith("-py3-none-any.whl")
        if pure:
            print("no compiler here: the wheel is pure Python")
        install(wheel, "pure" if pure else "native", folder)
        install(common.ROOT, "sources", folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
