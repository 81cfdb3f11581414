"""The command line: exit codes and messages."""

from __future__ import annotations

import subprocess
import sys

from renkei.cli.main import MISUSED, main


def test_no_command_shows_help(capsys):
    assert main([]) == MISUSED
    assert "train" in capsys.readouterr().out


def test_usage_errors_exit_with_2():
    done = subprocess.run(
        [sys.executable, "-m", "renkei.cli.main", "train"], capture_output=True, text=True
    )
    assert done.returncode == 2 and "config" in done.stderr
