"""examples/cpp_op as its README says: build, check, and be found through the entry point."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cpp_op"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    if not (shutil.which(os.environ.get("CXX", "c++").split()[0])):
        pytest.skip("no C++ compiler")
    folder = tmp_path_factory.mktemp("cpp_op")
    ignored = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(EXAMPLE, folder, ignore=ignored, dirs_exist_ok=True)
    subprocess.run([sys.executable, "build.py"], cwd=folder, check=True, capture_output=True)
    return folder


def run(folder, *command):
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-W", "error", *command]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


def test_check(built):
    result = run(built, "check.py")
    assert result.returncode == 0, result.stderr
    shown = (EXAMPLE / "README.md").read_text(encoding="utf-8").split("```text\n")[1]
    assert result.stdout == shown.split("```")[0]


def test_check_notices_a_wrong_gradient(built, tmp_path):
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    source = tmp_path / "softsign.cpp"
    text = source.read_text()
    assert "gx[i] = gy[i] / (denominator * denominator)" in text
    source.write_text(text.replace("gy[i] / (denominator * denominator)", "gy[i] / denominator"))
    assert run(tmp_path, "build.py").returncode == 0
    result = run(tmp_path, "check.py")
    assert result.returncode != 0
    assert "gradient of input 0" in result.stderr


def test_the_reference_serves_without_the_library(built, tmp_path):
    shutil.copytree(built, tmp_path, ignore=shutil.ignore_patterns("*.so"), dirs_exist_ok=True)
    result = run(tmp_path, "check.py")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[1].split() == [
        "reference",
        "softsign_op.kernels.softsign_reference",
        "taken",
    ]


def test_entry_point(built):
    # What pip would install: the metadata of the package, made from its pyproject.toml.
    project = tomllib.loads((built / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = built / "softsign_op-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    lines = ["[renkei.kernels]"]
    lines += [f"{k} = {v}" for k, v in project["entry-points"]["renkei.kernels"].items()]
    (info / "entry_points.txt").write_text("\n".join(lines))
    code = (
        "import numpy as np, sys, renkei as rk\n"
        "from softsign_op import softsign\n"
        "assert 'softsign_op.kernels' not in sys.modules\n"
        "print(softsign(np.array([1.0, -3.0])).tolist(), 'softsign_op.kernels' in sys.modules)"
    )
    result = run(built, "-c", code)
    assert result.stdout == "[0.5, -0.75] True\n", result.stderr
