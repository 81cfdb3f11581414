"""Compiles softsign.cpp into softsign_op/libsoftsign.so with the C++ compiler ($CXX or c++)."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    library = FOLDER / "softsign_op" / "libsoftsign.so"
    compiler = shlex.split(os.environ.get("CXX", "c++"))
    options = ["-std=c++17", "-O3", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([*compiler, *options, str(FOLDER / "softsign.cpp")], check=True)
    print(f"built {library}")


if __name__ == "__main__":
    main()
