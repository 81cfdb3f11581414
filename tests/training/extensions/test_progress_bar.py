"""ProgressBar: moves in a terminal, is quiet in a file."""

from __future__ import annotations

import io

import pytest

from renkei.training.extensions import ProgressBar

pytest.importorskip("tqdm")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("length", "shown"), [(None, "2.00/2 epochs"), ((8, "iteration"), "8/8")], ids=["stop", "own"]
)
def test_moves_to_the_end(make_trainer, length, shown):
    out, trainer = Terminal(), make_trainer((2, "epoch"))
    trainer.extend(ProgressBar(length, out=out))
    trainer.run()
    assert shown in out.getvalue()


def test_quiet_in_a_file(make_trainer):
    out, trainer = io.StringIO(), make_trainer((1, "epoch"))
    trainer.extend(ProgressBar(out=out))
    trainer.run()
    assert out.getvalue() == ""
