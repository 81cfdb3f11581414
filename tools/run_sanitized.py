"""Runs tests with the sanitized native module: run_sanitized.py FOLDER TESTS [PYTEST ARGS]."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import common


def library(name: str) -> str:
    compiler = os.environ.get("CXX") or shutil.which("c++") or "g++"
    command = [*compiler.split(), f"-print-file-name={name}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main(module_folder: str, *arguments: str) -> int:
    module = next(Path(module_folder).glob("_native*.so"))
    with tempfile.TemporaryDirectory() as folder:
        # The package as it is, with the sanitized module in place of the usual one.
        shutil.copytree(
            common.ROOT / "src/renkei",
            Path(folder, "renkei"),
            ignore=shutil.ignore_patterns("_native*", "__pycache__"),
        )
        shutil.copy(module, Path(folder, "renkei"))
        preload = [library(name) for name in ("libasan.so", "libubsan.so", "libstdc++.so.6")]
        environment = {
            **os.environ,
            "PYTHONPATH": folder,
            "PYTHONDONTWRITEBYTECODE": "1",
            "LD_PRELOAD": ":".join(path for path in preload if os.path.isabs(path)),
            # CPython keeps memory until the process ends; that is no leak of ours.
            "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=1",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        }
        check = [sys.executable, "-c", f"import renkei; assert {folder!r} in renkei.__file__"]
        subprocess.run(check, env=environment, check=True)
        command = [sys.executable, "-m", "pytest", "-q", "--capture=sys", *arguments]
        return subprocess.run(command, env=environment, cwd=common.ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
