"""LogReport: means per interval in a JSON file that is always whole."""

from __future__ import annotations

import json

import pytest

from renkei.core.errors import LoadError
from renkei.training.extensions import LogReport


def test_entries_are_means_over_the_interval(make_trainer, tmp_path):
    trainer, losses = make_trainer((2, "epoch"), tmp_path), []
    trainer.extend(lambda p: losses.append(float(p.observation["main/loss"])), name="n")
    trainer.extend(LogReport())
    trainer.run()
    log = json.loads((tmp_path / "log").read_text())
    assert [(e["epoch"], e["iteration"]) for e in log] == [(1, 4), (2, 8)]
    assert log[0]["main/loss"] == pytest.approx(sum(losses[:4]) / 4)
    assert log[1]["main/loss"] == pytest.approx(sum(losses[4:]) / 4)
    assert 0 < log[0]["elapsed_time"] < log[1]["elapsed_time"]


def test_keys_postprocess_and_file_name(make_trainer, tmp_path):
    trainer = make_trainer((1, "epoch"), tmp_path)

    def post(entry):
        entry["double"] = 2 * entry["x"]

    trainer.extend(lambda p: p.observation.update(x=1.0), name="n")
    trainer.extend(LogReport(["x"], postprocess=post, filename="log_{epoch}.json"))
    trainer.run()
    (entry,) = json.loads((tmp_path / "log_1.json").read_text())
    assert "main/loss" not in entry and entry["double"] == 2.0


def test_no_file(make_trainer, tmp_path):
    trainer = make_trainer((1, "epoch"), tmp_path)
    trainer.extend(LogReport(filename=None))
    trainer.run()
    assert list(tmp_path.iterdir()) == [] and len(trainer.get_extension("LogReport").log) == 1


def test_state_that_cannot_be_read():
    with pytest.raises(LoadError, match="_log"):
        LogReport().load_state({"_log": "{"})
