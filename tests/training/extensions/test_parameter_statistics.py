"""ParameterStatistics and VariableStatisticsPlot: names, numbers, resuming, bounded memory."""

from __future__ import annotations

import types

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import ConfigError, DtypeError
from renkei.training.extensions import ParameterStatistics, VariableStatisticsPlot


def model(gradient=True):
    chain = rk.Chain(l1=rk.links.Linear(4, 3))
    chain.l1.W.array = np.arange(12, dtype=np.float32).reshape(3, 4) - 2
    if gradient:
        chain.l1.W.grad = np.full((3, 4), 2, np.float32)
    return chain


def run(extension, iteration=1, out=None):
    seen = {}
    progress = types.SimpleNamespace(
        iteration=iteration, epoch_detail=0.0, observation=seen, out=out
    )
    with rk.reporter.report_scope(seen):
        extension(progress)
    return seen


def test_names_and_numbers():
    seen = run(ParameterStatistics(model(), prefix="net", trigger=(1, "iteration")))
    w = np.arange(12.0) - 2
    for name, expected in [
        ("mean", w.mean()),
        ("std", w.std()),
        ("min", -2),
        ("max", 9),
        ("zeros", 1),
        ("percentile/3", 3.5),
        ("percentile/0", np.percentile(w, 0.13)),
    ]:
        assert seen[f"net/l1/W/data/{name}"] == pytest.approx(expected)
    assert seen["net/l1/W/grad/mean"] == 2 and seen["net/l1/b/data/zeros"] == 3
    assert "net/l1/b/grad/mean" not in seen  # there is none yet


def test_choices():
    only = {"first": lambda x: float(x[0])}
    extension = ParameterStatistics(
        [model().l1], only, report_params=False, trigger=(1, "iteration")
    )
    extension.register_statistics("two", lambda x: x[:2] * 10)
    assert run(extension) == {
        "l1/W/grad/first": 2,
        "l1/W/grad/two/0": 20,
        "l1/W/grad/two/1": 20,
    }
    with pytest.raises(DtypeError, match="a link or several"):
        ParameterStatistics([np.zeros(3)])


def test_names_of_links():
    link = model().l1
    link.name = "first"
    extension = ParameterStatistics(
        link, {"max": np.max}, report_grads=False, trigger=(1, "iteration")
    )
    assert "first/W/data/max" in run(extension)


def test_nan_parameters_may_be_skipped():
    chain = model(gradient=False)
    chain.l1.W.array[0, 0] = np.nan
    extension = ParameterStatistics(
        chain.l1, {"two": lambda x: x[:2]}, trigger=(1, "iteration"), skip_nan_params=True
    )
    seen = run(extension)
    assert np.isnan(seen["l1/W/data/two"]) and seen["l1/b/data/two/0"] == 0


def test_means_over_the_interval_and_over_a_resume():
    chain = model(gradient=False)
    make = lambda: ParameterStatistics(
        chain.l1, {"max": lambda x: x.max()}, trigger=(2, "iteration")
    )
    first = make()
    assert run(first, 1) == {}
    chain.l1.W.array += 4
    second = make()
    second.load_state(first.state())
    assert run(second, 2)["l1/W/data/max"] == 11


def test_plot_keeps_a_bounded_number_of_samples(tmp_path):
    chain = model()
    plot = VariableStatisticsPlot(chain, max_sample_size=8, trigger=(50, "iteration"))
    for i in range(1, 51):
        chain.l1.W.array += 1
        run(plot, i, tmp_path)
    assert 4 <= len(plot._samples) <= 8 and plot._samples[-1][0] == 48
    assert [i for i, _ in plot._samples] == list(range(8, 49, 8))
    i, (data, grad) = plot._samples[0]
    values = np.concatenate([chain.l1.W.array.ravel() - 42, np.zeros(3)])
    expected = [values.mean(), values.std(), *np.percentile(values, plot._percentiles)]
    np.testing.assert_allclose(data, expected, rtol=1e-6)
    assert grad[:2] == [2, 0]
    assert (tmp_path / "statistics.png").read_bytes().startswith(b"\x89PNG")
    other = VariableStatisticsPlot(chain, max_sample_size=8)
    other.load_state(plot.state())
    assert other._samples == plot._samples and other._stride == plot._stride


@pytest.mark.parametrize(
    "options",
    [
        {"plot_std": False, "percentile_sigmas": None},
        {"plot_mean": False, "report_grad": False, "percentile_sigmas": 50},
        {"plot_mean": False, "plot_std": False, "percentile_sigmas": [10, 90], "marker": "x"},
    ],
    ids=["mean", "std", "bands"],
)
def test_parts_of_the_plot(options, tmp_path):
    plot = VariableStatisticsPlot(
        [model(), rk.Variable(np.ones(3))], trigger=(1, "iteration"), filename="s.svg", **options
    )
    run(plot, 1, tmp_path)
    assert "<svg" in (tmp_path / "s.svg").read_text()


def test_nothing_to_draw():
    with pytest.raises(ConfigError, match="something to draw"):
        VariableStatisticsPlot(model(), plot_mean=False, plot_std=False, percentile_sigmas=())
    with pytest.raises(ConfigError, match="something to draw"):
        VariableStatisticsPlot([])
    with pytest.raises(DtypeError, match="links or Variables"):
        VariableStatisticsPlot(3)
