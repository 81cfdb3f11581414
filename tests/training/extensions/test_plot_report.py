"""PlotReport: a PNG of the curves, of the values that were reported."""

from __future__ import annotations

import numpy as np
import pytest

from renkei.training.extensions import PlotReport

pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")


def test_draws_a_png(make_trainer, tmp_path):
    trainer = make_trainer((3, "epoch"), tmp_path)
    plot = PlotReport(["main/loss", "never"], "epoch", filename="loss.png")
    trainer.extend(plot)
    trainer.run()
    with Image.open(tmp_path / "loss.png") as picture:
        assert picture.format == "PNG" and len(np.unique(np.asarray(picture))) > 2
    assert [p.name for p in tmp_path.iterdir()] == ["loss.png"]
    (points,) = plot._points.values()
    assert [x for x, _ in points] == [1.0, 2.0, 3.0]


def test_resumes_its_points():
    a, b = PlotReport("x"), PlotReport("x")
    a._points = {"x": [(1.0, 2.0), (2.0, 1.5)]}
    b.load_state(a.state())
    assert b._points == a._points
