"""TensorBoardReport: event files that hold what was reported."""

from __future__ import annotations

import struct
import warnings

import pytest

from renkei.training.extensions import TensorBoardReport

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("tensorboardX")

pytestmark = pytest.mark.filterwarnings("ignore")


def events(folder):
    from tensorboardX.proto.event_pb2 import Event

    (path,) = folder.glob("events.out.tfevents.*")
    content, at = path.read_bytes(), 0
    while at < len(content):
        (length,) = struct.unpack_from("<Q", content, at)
        yield Event.FromString(content[at + 12 : at + 12 + length])
        at += 12 + length + 4


def test_scalars_by_iteration(make_trainer, tmp_path):
    trainer, seen = make_trainer((5, "iteration"), tmp_path), []
    trainer.extend(lambda p: seen.append(float(p.observation["main/loss"])), name="n")
    trainer.extend(TensorBoardReport())
    trainer.run()
    rows = [(e.step, v.tag, v.simple_value) for e in events(tmp_path) for v in e.summary.value]
    assert [row[:2] for row in rows] == [(i, "main/loss") for i in range(1, 6)]
    assert [row[2] for row in rows] == pytest.approx(seen, rel=1e-6)


def test_only_the_keys_that_are_asked_for(make_trainer, tmp_path):
    trainer = make_trainer((1, "iteration"), tmp_path)
    trainer.extend(lambda p: p.observation.update(x=2.0, text="no number"), name="n")
    trainer.extend(TensorBoardReport(["x", "text", "missing"]))
    trainer.run()
    tags = [v.tag for e in events(tmp_path) for v in e.summary.value]
    assert tags == ["x"]
