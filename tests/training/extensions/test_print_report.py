"""PrintReport: a table with one line an entry."""

from __future__ import annotations

import io

import numpy as np

from renkei.training.extensions import LogReport, PrintReport


def test_table(make_trainer):
    out, trainer = io.StringIO(), make_trainer((2, "epoch"))
    trainer.extend(LogReport())
    trainer.extend(PrintReport(["epoch", "main/loss", "missing"], out=out))
    trainer.run()
    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["epoch", "main/loss", "missing"]
    assert len(lines) == 3 and lines[0].index("main/loss") == 12
    loss = trainer.get_extension("LogReport").log[1]["main/loss"]
    epoch, shown = lines[2].split()
    assert epoch == "2"
    np.testing.assert_allclose(float(shown), loss, rtol=1e-5)


def test_takes_a_log_report_itself(make_trainer):
    out, trainer, log = io.StringIO(), make_trainer((1, "epoch")), LogReport(filename=None)
    trainer.extend(log, name="other")
    trainer.extend(PrintReport(["iteration"], log, out))
    trainer.run()
    assert out.getvalue().split() == ["iteration", "4"]


def test_a_resumed_table_prints_only_new_lines(make_trainer):
    report = PrintReport(["epoch"])
    report.load_state({"_printed": np.asarray(7)})
    assert report.state()["_printed"] == 7
