"""Trainer, updaters, triggers, extensions, iterators and data sets under Chainer's rules."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import functions as F
from renkei.compat.chainer import iterators, training
from renkei.compat.chainer import links as L
from renkei.compat.chainer.training import extensions, triggers, updaters


class Loss(chainer.Chain):
    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.l = L.Linear(2, 1, initialW=1)

    def forward(self, x: Any) -> Any:
        loss = F.sum(self.l(x)) / len(x)
        chainer.report({"loss": loss}, self)
        return loss


def trainer(out: Path, stop: Any = (3, "iteration"), size: int = 4, **options: Any) -> Any:
    data = np.arange(2 * size, dtype=np.float32).reshape(size, 2)
    iterator = iterators.SerialIterator(data, 2, shuffle=False)
    optimizer = chainer.optimizers.SGD(0.01).setup(Loss())
    updater = training.StandardUpdater(iterator, optimizer, **options)
    return training.Trainer(updater, stop, out=str(out))


def test_order_of_events(tmp_path: Path) -> None:
    events: list[str] = []

    class Noted(training.Extension):
        def __init__(self, name: str, priority: int) -> None:
            self.label, self.priority = name, priority

        def initialize(self, trainer: Any) -> None:
            events.append(f"initialize {self.label}")

        def __call__(self, trainer: Any) -> None:
            events.append(f"{self.label}{trainer.updater.iteration}")

        def finalize(self) -> None:
            events.append(f"finalize {self.label}")

    run = trainer(tmp_path, (2, "iteration"))
    run.extend(Noted("low", 10))
    run.extend(Noted("high", 20), call_before_training=True)
    run.extend(Noted("second", 20), name="Noted", trigger=(2, "iteration"))
    assert list(run._extensions) == ["Noted", "Noted_1", "Noted_2"]
    run.run()
    assert events == [
        *("initialize high", "initialize second", "initialize low", "high0"),
        *("high1", "low1", "high2", "second2", "low2"),
        *("finalize high", "finalize second", "finalize low"),
    ]
    with pytest.raises(RuntimeError, match="multiple times"):
        run.run()
    with pytest.raises(ValueError, match="extension q not found"):
        run.get_extension("q")
    with pytest.raises(ValueError, match="prohibited"):
        run.extend(lambda t: None, name="training")


def test_an_exception_reaches_extensions_and_the_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []
    run = trainer(tmp_path)

    def fail(t: Any) -> None:
        raise ValueError("no more")

    @training.make_extension(on_error=lambda t, exc, tb: seen.append(str(exc)))
    def watch(t: Any) -> None:
        pass

    run.extend(watch)
    run.extend(fail)
    run.extend(extensions.snapshot(snapshot_on_error=True, filename="on_error"))
    with pytest.raises(ValueError, match="no more"):
        run.run()
    assert seen == ["no more"] and (tmp_path / "on_error").exists()
    assert "Exception in main training loop: no more" in capsys.readouterr().err


def test_names_and_observations(tmp_path: Path) -> None:
    run = trainer(tmp_path)
    run.extend(extensions.observe_lr())
    run.extend(extensions.observe_value("twice", lambda t: 2 * t.updater.iteration))
    run.extend(extensions.LogReport(trigger=(1, "iteration")))
    run.run()
    assert list(run._extensions) == ["_observe_value", "_observe_value_1", "LogReport"]
    log = run.get_extension("LogReport").log
    assert [entry.get("twice") for entry in log] == [None, 4, None]
    assert log[1]["lr"] == 0.01 and "main/loss" in log[0]
    assert json.loads((tmp_path / "log").read_text()) == log


def test_print_report_and_progress_bar(tmp_path: Path) -> None:
    out = io.StringIO()
    run = trainer(tmp_path, (2, "epoch"))
    run.extend(extensions.LogReport(trigger=(2, "iteration")))
    run.extend(extensions.PrintReport(["epoch", "main/loss", "nothing"], out=out))
    run.extend(extensions.ProgressBar(update_interval=4, bar_length=10, out=out))
    run.run()
    lines = out.getvalue().split("\n")
    assert lines[0] == "epoch       main/loss   nothing   "
    assert lines[1].startswith("\033[J1           ") and lines[1].endswith(" " * 12)
    text = out.getvalue()
    assert "     total [##########] 100.00%\nthis epoch [..........]  0.00%\n" in text
    assert "         4 iter, 2 epoch / 2 epochs\n" in text and text.endswith("\033[4A\033[J")


def test_snapshots_are_kept_found_and_resumed(tmp_path: Path) -> None:
    first = trainer(tmp_path, (4, "iteration"))
    first.extend(extensions.snapshot(n_retains=2), trigger=(1, "iteration"))
    first.run()
    names = sorted(name for name in os.listdir(tmp_path) if name.startswith("snapshot"))
    assert names == ["snapshot_iter_3", "snapshot_iter_4"]
    second = trainer(tmp_path, (6, "iteration"))
    second.extend(extensions.snapshot(autoload=True), trigger=(9, "iteration"))
    second.run()
    whole = trainer(tmp_path / "whole", (6, "iteration"))
    whole.run()
    a, b = (t.updater.get_optimizer("main").target for t in (second, whole))
    assert second.updater.iteration == 6
    np.testing.assert_array_equal(a.l.W.array, b.l.W.array)
    with pytest.raises(TypeError, match="cannot be specified together"):
        extensions.snapshot(lambda f, o: None, writer=object())


@pytest.mark.parametrize(
    "name", ["SimpleWriter", "ThreadWriter", "ProcessWriter", "ThreadQueueWriter"]
)
def test_writers(name: str, tmp_path: Path) -> None:
    writer = getattr(extensions.snapshot_writers, name)()
    run = trainer(tmp_path)
    target = run.updater.get_optimizer("main").target
    run.extend(
        extensions.snapshot_object(target, "model_{.updater.iteration}", writer=writer),
        trigger=(2, "iteration"),
    )
    run.run()
    assert sorted(os.listdir(tmp_path)) == ["model_2"]
    loaded = Loss()
    chainer.serializers.load_npz(tmp_path / "model_2", loaded)
    assert (loaded.l.W.array != target.l.W.array).all()  # one update older


def test_shifts_and_their_resumption(tmp_path: Path) -> None:
    def values(shift: Any, calls: int) -> list[float]:
        optimizer = SimpleNamespace(lr=1.0)
        run = SimpleNamespace(updater=SimpleNamespace(get_optimizer=lambda name: optimizer))
        shift.initialize(run)
        seen = [optimizer.lr]
        for _ in range(calls):
            shift(run)
            seen.append(optimizer.lr)
        return [round(value, 4) for value in seen]

    assert values(extensions.ExponentialShift("lr", 0.5, target=0.2), 3) == [1, 0.5, 0.25, 0.2]
    assert values(extensions.InverseShift("lr", 1, 1), 3) == [1, 0.5, 0.3333, 0.25]
    assert values(extensions.LinearShift("lr", (2, 4), (1, 3)), 4) == [2, 2, 3, 4, 4]
    assert values(extensions.PolynomialShift("lr", 2, 2), 3) == [1, 0.25, 0, 0]
    assert values(extensions.StepShift("lr", 0.5, 2), 4) == [1, 1, 0.5, 0.5, 0.25]
    assert values(extensions.MultistepShift("lr", 0.5, [1, 3], 1), 3) == [1, 0.5, 0.5, 0.25]
    assert values(extensions.WarmupShift("lr", 0, 2, 1), 3) == [0, 0.5, 1, 1]
    shift, state = extensions.ExponentialShift("lr", 0.5), {}
    values(shift, 2)
    chainer.serializers.DictionarySerializer(state).save(shift)
    fresh = extensions.ExponentialShift("lr", 0.5, init=1.0)
    chainer.serializers.NpzDeserializer(state).load(fresh)
    assert values(fresh, 1) == [0.25, 0.125]
    with pytest.raises(ValueError, match="negative"):
        extensions.ExponentialShift("lr", -1)


def fired(trigger: Any, epochs: int = 3, per_epoch: int = 4, **values: Any) -> list[int]:
    found = []
    for i in range(1, epochs * per_epoch + 1):
        updater = SimpleNamespace(
            iteration=i, epoch=i // per_epoch, epoch_detail=i / per_epoch, is_new_epoch=False
        )
        seen = {key: series[i - 1] for key, series in values.items()}
        if trigger(SimpleNamespace(updater=updater, observation=seen, elapsed_time=float(i))):
            found.append(i)
    return found


def test_triggers() -> None:
    assert fired(triggers.IntervalTrigger(5, "iteration")) == [5, 10]
    assert fired(training.get_trigger((1.3, "epoch"))) == [6, 11]
    assert fired(triggers.ManualScheduleTrigger([2, 7], "iteration")) == [2, 7]
    assert fired(triggers.OnceTrigger()) == [1]
    assert fired(triggers.TimeTrigger(5)) == [5, 10]
    assert fired(training.get_trigger(None)) == []
    rising = [float(i) for i in range(12)]
    assert fired(triggers.MaxValueTrigger("x"), x=rising) == [4, 8, 12]
    assert fired(triggers.MinValueTrigger("x"), x=rising) == [4]
    stop = triggers.EarlyStoppingTrigger(monitor="x", patience=1)
    assert fired(stop, x=rising) == [8, 12]
    assert stop.get_training_length() == (100, "epoch")
    assert str(triggers.IntervalTrigger(3, "epoch")) == "IntervalTrigger(3, 'epoch')"


def test_evaluator(tmp_path: Path) -> None:
    model = Loss()
    data = [np.full(2, i, np.float32) for i in range(3)]
    iterator = iterators.SerialIterator(data, 2, repeat=False, shuffle=False)
    evaluator = extensions.Evaluator(iterator, model)
    assert evaluator.default_name == "validation"
    assert evaluator() == {"main/loss": 2.5}  # the means of both batches count the same
    evaluator.name = "test"
    seen: dict[str, Any] = {}
    with chainer.Reporter().scope(seen):
        evaluator()
    assert seen == {"test/main/loss": 2.5}
    with pytest.warns(UserWarning, match="infinite loop"):
        extensions.Evaluator(iterators.SerialIterator(data, 2), model)


def test_parallel_updater_on_the_host(tmp_path: Path) -> None:
    single = trainer(tmp_path / "a")
    data = single.updater.get_iterator("main").dataset
    optimizer = chainer.optimizers.SGD(0.005).setup(Loss())  # gradients of the halves are summed
    updater = updaters.ParallelUpdater(
        iterators.SerialIterator(data, 2, shuffle=False),
        optimizer,
        devices={"main": -1, "second": -1},
    )
    both = training.Trainer(updater, (3, "iteration"), out=str(tmp_path / "b"))
    both.extend(extensions.LogReport(trigger=(1, "iteration")))
    single.run()
    both.run()
    target = single.updater.get_optimizer("main").target
    np.testing.assert_allclose(optimizer.target.l.W.array, target.l.W.array, 1e-6)
    assert {"main/loss", "second/loss"} < set(both.get_extension("LogReport").log[0])
    assert not updaters.MultiprocessParallelUpdater.available()


def test_parameter_statistics_and_micro_average(tmp_path: Path) -> None:
    run = trainer(tmp_path, (2, "iteration"))
    model = run.updater.get_optimizer("main").target
    run.extend(extensions.ParameterStatistics(model.l, trigger=(2, "iteration"), prefix="p"))
    run.extend(lambda t: chainer.report({"n": t.updater.iteration, "d": 2}), priority=400)
    run.extend(extensions.MicroAverage("n", "d", "ratio", trigger=(2, "iteration")))
    run.extend(extensions.FailOnNonNumber())
    run.run()
    assert run.observation["ratio"] == 0.75
    assert run.observation["p/l/W/grad/percentile/3"] > 0
    assert {"p/l/b/data/mean", "p/l/W/data/zeros"} < set(run.observation)
    model.l.W.array[...] = np.nan
    with pytest.raises(RuntimeError, match="/l/W"):
        run.get_extension("FailOnNonNumber")(run)


@pytest.mark.parametrize("kind", ["MultithreadIterator", "MultiprocessIterator"])
def test_iterators_give_the_same_batches(kind: str) -> None:
    options = {"n_threads": 2} if kind == "MultithreadIterator" else {"n_processes": 2}
    np.random.seed(0)
    serial = iterators.SerialIterator(list(range(7)), 3)
    wanted = [(serial.next(), serial.epoch, serial.epoch_detail) for _ in range(6)]
    np.random.seed(0)
    with getattr(iterators, kind)(list(range(7)), 3, **options) as other:
        assert isinstance(other, chainer.dataset.Iterator)
        found = [(other.next(), other.epoch, other.epoch_detail) for _ in range(6)]
        state: dict[str, Any] = {}
        chainer.serializers.DictionarySerializer(state).save(other)
    assert found == wanted
    twin = iterators.SerialIterator(list(range(7)), 3)
    chainer.serializers.NpzDeserializer(state).load(twin)
    assert (twin.epoch, twin.current_position) == (serial.epoch, serial.current_position)
    assert list(twin._place.order) == list(serial._place.order)


def test_converters() -> None:
    calls = []

    @chainer.dataset.converter()
    def mine(batch: Any, device: Any) -> Any:
        calls.append(device)
        return np.asarray(batch)

    convert = chainer.dataset.convert._call_converter
    device = chainer.get_device("@numpy")
    convert(mine, [1], device)
    convert(lambda batch, device: calls.append(device), [1], device)
    convert(lambda batch, device: calls.append(device), [1], None)
    assert calls == [device, -1, None]
    x, t = chainer.dataset.concat_examples([(np.zeros(2), 1), (np.ones(3), 2)], -1, (9, None))
    assert x.tolist() == [[0, 0, 9], [1, 1, 1]] and t.tolist() == [1, 2]
    with pytest.raises(ValueError, match="batch is empty"):
        chainer.dataset.concat_examples([])


def test_data_sets(tmp_path: Path) -> None:
    datasets = chainer.datasets
    data = datasets.TupleDataset([1, 2, 3, 4], "abcd")
    assert datasets.TransformDataset(data, lambda pair: pair[0] * 10)[1:3] == [20, 30]
    assert datasets.TransformDataset(data, 0, lambda x: x * 10)[1] == 20
    np.random.seed(0)
    first, rest = datasets.split_dataset_random(data, 3)
    np.random.seed(0)
    order = np.random.permutation(4)
    assert [x for x, _ in [*first, *rest]] == [data[int(i)][0] for i in order]
    folds = datasets.get_cross_validation_datasets([0, 1, 2, 3, 4], n_folds=2)
    assert [test[:] for _, test in folds] == [[0, 1, 2], [3, 4]]
    with pytest.raises(ValueError, match="exceeds"):
        datasets.split_dataset(data, 5)
    with pytest.raises(IndexError):
        first[3]
    root = chainer.dataset.get_dataset_root()
    try:
        chainer.dataset.set_dataset_root(str(tmp_path))
        folder = chainer.dataset.get_dataset_directory("pfnet/chainer/mine")
        path = os.path.join(folder, "x.txt")
        made = []

        def create(target: str) -> str:
            made.append(target)
            return Path(target).write_text("made") and "made"

        for _ in range(2):
            content = chainer.dataset.cache_or_load_file(
                path, create, lambda p: Path(p).read_text()
            )
        assert content == "made" and len(made) == 1
        source = tmp_path / "source"
        source.write_text("hello")
        for _ in range(2):
            cached = chainer.dataset.cached_download(source.as_uri())
        assert Path(cached).read_text() == "hello" and "_dl_cache" in cached
        with pytest.raises(ValueError, match="No such file"):
            chainer.dataset.cached_download((tmp_path / "none").as_uri())
    finally:
        chainer.dataset.set_dataset_root(root)


def test_pickle_data_sets_hold_plain_values_and_no_pickles(tmp_path: Path) -> None:
    import pickle

    examples = [(np.arange(3.0), 1), (np.ones(2), 2)]
    with chainer.datasets.open_pickle_dataset_writer(tmp_path / "data") as writer:
        for example in examples:
            writer.write(example)
    with chainer.datasets.open_pickle_dataset(tmp_path / "data") as data:
        assert [(x.tolist(), t) for x, t in data] == [(x.tolist(), t) for x, t in examples]
    (tmp_path / "old").write_bytes(pickle.dumps(examples))
    with pytest.raises(ValueError), chainer.datasets.open_pickle_dataset(tmp_path / "old") as old:
        len(old)


def test_timer_hook() -> None:
    hook = chainer.link_hooks.TimerHook()

    class Slow(chainer.Link):
        def forward(self) -> None:
            time.sleep(0.002)

    with hook:
        Slow()()
        Slow()()
    assert hook.summary()["Slow"]["occurrence"] == 2 and hook.total_time() >= 0.004
    out = io.StringIO()
    hook.print_report(file=out)
    assert out.getvalue().split()[:3] == ["LinkName", "ElapsedTime", "Occurrence"]
