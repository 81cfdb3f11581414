"""How the tests run the programs under examples/: as their users do, each in its own process."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _check_finite(figures: Any, where: str) -> None:
    values = figures.items() if isinstance(figures, dict) else ()
    for key, value in values:
        _check_finite(value, f"{where}/{key}")
    assert not isinstance(figures, float) or math.isfinite(figures), where


@pytest.fixture
def run_example(tmp_path: Path) -> Callable[..., tuple[dict[str, Any], str]]:
    """Runs ``examples/<script>`` with options; returns its figures.json and what it printed."""

    def run(script: str, *options: str, out: str = "out") -> tuple[dict[str, Any], str]:
        # Small matrices gain nothing from BLAS threads, and the tests run side by side.
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-W", "error", str(ROOT / "examples" / script)]
        command += ["--out", str(tmp_path / out), *options]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8"
        )
        assert done.returncode == 0, done.stderr
        figures = json.loads((tmp_path / out / "figures.json").read_text(encoding="utf-8"))
        _check_finite(figures, script)
        return figures, done.stdout

    return run
