"""StandardUpdater: forms of batches, loss functions, epochs."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import RangeError
from renkei.iterators import SerialIterator
from renkei.training import StandardUpdater


class Recorder:
    """An optimizer that notes what it is asked to do."""

    target = None

    def __init__(self):
        self.calls, self.epochs = [], 0

    def update(self, loss, *args, **kwargs):
        self.calls.append((loss, args, kwargs))

    def new_epoch(self, auto=False):
        assert auto
        self.epochs += 1


@pytest.mark.parametrize(
    ("data", "args", "kwargs"),
    [([(1, 2)], 2, 0), ([{"a": 1, "b": 2}], 0, 2), ([3], 1, 0)],
    ids=["tuple", "dict", "single"],
)
def test_forms_of_batches(data, args, kwargs):
    optimizer = Recorder()
    updater = StandardUpdater(SerialIterator(data, 1), optimizer, loss_func=max)
    updater.update()
    ((loss, given, named),) = optimizer.calls
    assert (loss, len(given), len(named)) == (max, args, kwargs) and updater.iteration == 1


def test_epochs_are_announced():
    optimizer = Recorder()
    updater = StandardUpdater(SerialIterator(np.ones(4), 2), optimizer, loss_func=max)
    for _ in range(5):
        updater.update()
    assert optimizer.epochs == 2 and optimizer.use_auto_new_epoch
    assert (updater.epoch, updater.epoch_detail, updater.is_new_epoch) == (2, 2.5, False)


def test_several_iterators_and_optimizers():
    iterators = {"main": SerialIterator([1], 1), "extra": SerialIterator([2], 1)}
    optimizers = {"main": Recorder(), "critic": Recorder()}
    updater = StandardUpdater(iterators, optimizers)
    assert updater.get_iterator("extra") is iterators["extra"]
    assert updater.get_optimizer("critic") is optimizers["critic"]
    assert updater.get_all_optimizers() == optimizers


def test_accumulated_batches_are_one_large_batch():
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    weights = []
    for size, times in ((8, 1), (2, 4)):
        rk.seed(0)
        link = L.Linear(3, 2)
        optimizer = rk.optimizers.Adam().setup(link)
        iterator = SerialIterator(x, size, shuffle=False)

        def loss(x, link=link):
            return F.mean(link(x) ** 2)

        updater = StandardUpdater(iterator, optimizer, loss_func=loss, accumulate=times)
        for _ in range(3):
            updater.update()
        assert (updater.epoch, optimizer.t, optimizer.epoch) == (3, 3, 3)
        weights.append(link.W.array)
    np.testing.assert_allclose(*weights, rtol=1e-5)


def test_accumulate_is_checked():
    with pytest.raises(RangeError, match="accumulate"):
        StandardUpdater(SerialIterator([1], 1), Recorder(), accumulate=0)
