from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_exports.py"


def run(root, *arguments):
    # A process of its own, for another package named renkei; -S leaves ours out of the path.
    command = [sys.executable, "-S", str(TOOL), "--root", str(root), *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stderr == ""
    return result.returncode, result.stdout.splitlines()


def test_golden_list(project):
    files = {
        "src/renkei/__init__.py": "__all__ = ['a']\na = 1\n",
        "src/renkei/links/__init__.py": "__all__ = ['Linear']\nclass Linear: ...\n",
        "src/renkei/core/__init__.py": "__all__ = ['hidden']\nhidden = 1\n",
        "tools/public_names.txt": "renkei.a\n",
    }
    root = project(files)
    status, output = run(root)
    assert status == 1
    assert output == [
        "check_exports: renkei.links.Linear is new; "
        "if it is meant, run tools/check_exports.py --write"
    ]
    assert run(root, "--write") == (0, [])
    assert (root / "tools/public_names.txt").read_text() == "renkei.a\nrenkei.links.Linear\n"

    project({"src/renkei/links/__init__.py": "__all__ = ['Lost']\n"})
    status, output = run(root)
    assert status == 1
    assert "promises 'Lost', which does not exist" in output[0]
    assert any("renkei.links.Linear is gone" in line for line in output)
