"""ParallelUpdater and MultiprocessParallelUpdater: the same step as one model with all the data."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import renkei as rk
from renkei.core.errors import DtypeError, RangeError, WorkerError
from renkei.iterators import MultiprocessIterator, SerialIterator
from renkei.serializers import load_npz, save_npz
from renkei.training import (
    MultiprocessParallelUpdater,
    ParallelUpdater,
    StandardUpdater,
    Trainer,
)

F, L = rk.functions, rk.links
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(12, 5)).astype(np.float32), RNG.integers(0, 3, 12).astype(np.int32)
DATA = list(zip(X, T))


def make(in_size=5, dropout=0.0, seed=1):
    rk.seed(seed)
    model = L.Classifier(MLP(in_size, dropout))
    return model, rk.optimizers.MomentumSGD(0.1).setup(model)


class MLP(rk.Chain):
    def __init__(self, in_size, dropout):
        super().__init__()
        self.a, self.b, self.dropout = L.Linear(in_size, 8), L.Linear(8, 3), dropout

    def forward(self, x):
        h = F.relu(self.a(x))
        return self.b(F.dropout(h, self.dropout) if self.dropout else h)


def weights(model):
    return {path: param.array.copy() for path, param in model.namedparams()}


def assert_same(a, b, **tolerance):
    assert a.keys() == b.keys()
    for path in a:
        np.testing.assert_allclose(a[path], b[path], err_msg=path, **tolerance)


def serial(data=DATA, batch_size=4, **options):
    return SerialIterator(data, batch_size, shuffle=False, **options)


# -- ParallelUpdater -------------------------------------------------------------------------------


def test_parallel_sums_gradients_of_parts_of_the_batch():
    model, optimizer = make()
    updater = ParallelUpdater(serial(), optimizer, devices={"main": "@numpy", "second": "@numpy"})
    expected, reference = make()
    for i in range(2):
        updater.update()
        batch = DATA[4 * i : 4 * i + 4]
        loss = sum(expected(*rk.datasets.concat_examples(batch[k::2])) for k in range(2))
        expected.cleargrads()
        loss.backward()
        reference.update()
    assert_same(weights(model), weights(expected), rtol=1e-6)
    assert_same(weights(updater._models["second"]), weights(model))
    assert updater.iteration == 2


def test_parallel_reports_under_each_name(tmp_path):
    _, optimizer = make()
    updater = ParallelUpdater(serial(), optimizer, devices={"main": -1, "second": -1})
    trainer = Trainer(updater, (3, "iteration"), out=str(tmp_path))
    trainer.run()
    assert {"main/loss", "second/loss"} <= trainer.observation.keys()
    assert optimizer.epoch == 1


def test_parallel_with_own_models_and_fewer_examples_than_models():
    model, optimizer = make()
    models = {"main": model, "b": make(seed=2)[0], "c": make(seed=3)[0]}
    updater = ParallelUpdater(serial(DATA[:2], 2, repeat=False), optimizer, models=models)
    updater.update()
    assert_same(weights(models["c"]), weights(model))


def test_parallel_needs_a_main_model():
    _, optimizer = make()
    for options in ({}, {"devices": {"a": -1}}, {"models": {"a": optimizer.target}}):
        with pytest.raises(DtypeError, match="the key 'main'"):
            ParallelUpdater(serial(), optimizer, **options)


# -- MultiprocessParallelUpdater -------------------------------------------------------------------


@pytest.fixture
def build():
    made = []

    def build(iterators, optimizer, **options):
        made.append(MultiprocessParallelUpdater(iterators, optimizer, **options))
        return made[-1]

    yield build
    for updater in made:
        updater.finalize()
    assert not [p for p in multiprocessing.active_children() if "updater" in p.name]


@pytest.mark.parametrize("in_size", [5, None], ids=["sizes known", "sizes open"])
def test_processes_do_the_step_of_one_with_all_batches(build, in_size):
    model, optimizer = make(in_size)
    parts = [DATA[i::3] for i in range(3)]
    updater = build([serial(part, 2) for part in parts], optimizer)
    for _ in range(4):
        updater.update()
    expected, reference = make(in_size)
    for i in range(4):
        at = 2 * i % 4
        batch = [example for part in parts for example in part[at : at + 2]]
        reference.update(expected, *rk.datasets.concat_examples(batch))
    assert_same(weights(model), weights(expected), rtol=1e-5, atol=1e-7)
    assert optimizer.t == 4 and optimizer.epoch == 2 and updater.epoch == 2


def test_one_process_alone_is_the_standard_updater(build):
    model, optimizer = make()
    other, reference = make()
    for updater in (build([serial()], optimizer), StandardUpdater(serial(), reference)):
        for _ in range(3):
            updater.update()
    assert_same(weights(model), weights(other), rtol=0)


def trainer_of(build, out, stop, iterator=SerialIterator):
    model, optimizer = make(dropout=0.5)
    iterators = [iterator(DATA[i::2], 4) for i in range(2)]
    return model, Trainer(build(iterators, optimizer), stop, out=str(out))


def test_resumes_bit_for_bit_with_dropout_and_shuffling(build, tmp_path):
    whole, trainer = trainer_of(build, tmp_path, (7, "iteration"))
    trainer.run()
    _, first = trainer_of(build, tmp_path, (4, "iteration"))
    first.extend(lambda t: t.iteration == 4 and save_npz(tmp_path / "s", t), name="save")
    first.run()
    resumed, second = trainer_of(build, tmp_path, (7, "iteration"))
    rk.seed(77)
    load_npz(tmp_path / "s", second)
    second.run()
    assert_same(weights(resumed), weights(whole), rtol=0)
    again, third = trainer_of(build, tmp_path, (7, "iteration"))
    third.run()
    assert_same(weights(again), weights(whole), rtol=0)


def test_loads_while_the_processes_run(build, tmp_path):
    model, trainer = trainer_of(build, tmp_path, (7, "iteration"))
    updater = trainer.updater
    for _ in range(3):
        updater.update()
    save_npz(tmp_path / "s", trainer)
    for _ in range(3):
        updater.update()
    later = weights(model)
    load_npz(tmp_path / "s", trainer)
    for _ in range(3):
        updater.update()
    assert_same(weights(model), later, rtol=0)


def test_workers_may_have_workers(build, tmp_path):
    runs = []
    for kind in (SerialIterator, lambda data, n: MultiprocessIterator(data, n, n_processes=1)):
        model, trainer = trainer_of(build, tmp_path, (3, "iteration"), kind)
        trainer.run()
        runs.append(weights(model))
    assert_same(*runs, rtol=0)


def test_ends_when_a_worker_has_no_more_data(build, tmp_path):
    _, optimizer = make()
    updater = build([serial(), serial(DATA[:8], repeat=False)], optimizer)
    trainer = Trainer(updater, (9, "iteration"), out=str(tmp_path))
    trainer.run()
    assert trainer.iteration == 2


class Bad:
    def __init__(self, act):
        self.act = act

    def __len__(self):
        return 8

    def __getitem__(self, i):
        return self.act() if i == 4 else DATA[i]


def fail():
    raise KeyError("lost")


def test_an_error_in_a_worker_is_raised_here(build):
    _, optimizer = make()
    updater = build([serial(), serial(Bad(fail)), serial()], optimizer)
    updater.update()
    with pytest.raises(KeyError, match="lost") as caught:
        updater.update()
    assert "In worker 1" in caught.value.__notes__[0]


def test_a_dead_worker_is_named(build):
    _, optimizer = make()
    data = Bad(lambda: os.kill(os.getpid(), signal.SIGKILL))
    updater = build([serial(), serial(), serial(data)], optimizer)
    updater.update()
    with pytest.raises(WorkerError, match=r"worker 2 \(process \d+\) has died: got SIGKILL"):
        updater.update()


def test_workers_end_with_a_parent_that_is_killed():
    code = """if True:
        import multiprocessing, os, signal
        import numpy as np, renkei as rk
        from renkei.iterators import SerialIterator
        from renkei.training import MultiprocessParallelUpdater
        model = rk.links.Linear(2, 1)
        optimizer = rk.optimizers.SGD().setup(model)
        data = [np.ones(2, np.float32)] * 4
        updater = MultiprocessParallelUpdater(
            [SerialIterator(data, 2) for _ in range(3)], optimizer,
            loss_func=lambda x: rk.functions.sum(model(x)),
        )
        updater.update()
        print(*[p.pid for p in multiprocessing.active_children()], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    pids = [int(pid) for pid in run.stdout.split()]
    assert len(pids) == 2, run.stderr
    deadline = time.monotonic() + 10
    while any(map(_lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(_lives, pids))


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_arguments():
    _, optimizer = make()
    with pytest.raises(RangeError, match="as many devices"):
        MultiprocessParallelUpdater([serial()], optimizer, devices=[-1, -1])
    with pytest.raises(RangeError, match="at least 1"):
        MultiprocessParallelUpdater([], optimizer)
    assert MultiprocessParallelUpdater([serial()], optimizer, devices=[-1]).available()
