"""observe_lr and observe_value add numbers to the observation."""

from __future__ import annotations

from renkei.training.extensions import LogReport, observe_lr, observe_value


def test_both(make_trainer):
    trainer = make_trainer((1, "epoch"))
    trainer.extend(observe_lr(), trigger=(1, "iteration"))
    trainer.extend(observe_value("twice", lambda p: 2 * p.iteration), name="twice")
    trainer.extend(LogReport(filename=None))
    trainer.run()
    (entry,) = trainer.get_extension("LogReport").log
    assert entry["lr"] == 0.1 and entry["twice"] == 8.0
