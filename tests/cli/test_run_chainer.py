"""renkei run-chainer: a program that imports chainer."""

import runpy
import sys

import pytest

from renkei.cli.main import main

PROGRAM = """
import os, sys
import numpy as np
import chainer
import chainer.functions as F
from helper import factor

x = chainer.Variable(np.array([1., 2.], np.float32))
y = F.sum(x * factor)
y.backward()
print(chainer.__name__, __name__, sys.argv[1:], x.grad.tolist(), np.float is float)
"""


@pytest.fixture
def script(tmp_path):
    (tmp_path / "helper.py").write_text("factor = 3\n")
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


EXPECTED = "renkei.compat.chainer __main__ ['a', '--epoch', '2'] [3.0, 3.0] True\n"


def test_a_program_runs_with_its_arguments(script, capsys):
    before = sys.argv, list(sys.path)
    assert main(["run-chainer", str(script), "a", "--epoch", "2"]) == 0
    assert capsys.readouterr().out == EXPECTED and (sys.argv, sys.path) == before


def test_the_module_runs_programs_too(script, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["chainer", str(script), "a", "--epoch", "2"])
    runpy.run_module("renkei.compat.chainer", run_name="__main__")
    assert capsys.readouterr().out == EXPECTED
    monkeypatch.setattr(sys, "argv", ["chainer"])
    with pytest.raises(SystemExit, match="usage"):
        runpy.run_module("renkei.compat.chainer", run_name="__main__")


def test_no_such_program(capsys):
    assert main(["run-chainer", "no/such/program.py"]) == 1
    assert "a file that exists" in capsys.readouterr().err
