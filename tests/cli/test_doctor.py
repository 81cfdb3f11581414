"""renkei doctor says what is there."""

from __future__ import annotations

from renkei.cli.main import OK, main


def test_doctor(capsys):
    assert main(["doctor"]) == OK
    out = capsys.readouterr().out
    for word in ("renkei", "Python", "NumPy", "native module", "GPU", "package h5py"):
        assert word in out
