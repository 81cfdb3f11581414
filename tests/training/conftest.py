"""A training of two numbers that needs no links, to test the loop alone."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.iterators import SerialIterator
from renkei.training import StandardUpdater, Trainer


class Model:
    """y = w x, with the interface that an optimizer's target has."""

    def __init__(self):
        self.w = rk.Parameter(np.array([0.5, -1.0], np.float64), name="w")

    def __call__(self, x):
        loss = rk.functions.sum((self.w - x) ** 2)
        rk.report({"loss": loss}, self)
        return loss

    def namedlinks(self, skipself=False):
        return iter(() if skipself else (("/", self),))

    def namedparams(self, include_uninit=True):
        yield "/w", self.w

    def cleargrads(self):
        self.w.cleargrad()

    def to_device(self, device):
        return self

    def state(self):
        return {"w": self.w.array}

    def load_state(self, state, strict=True):
        self.w.array = np.array(state["w"])


class Momentum:
    """The smallest optimizer with a state."""

    lr = 0.1

    def __init__(self, target):
        self.target, self.t, self.v, self.epochs = target, 0, np.zeros(2), 0

    def add_hook(self, hook):
        raise NotImplementedError

    def new_epoch(self, auto=False):
        self.epochs += 1

    def update(self, loss_function, *args):
        loss = loss_function(*args)
        self.target.cleargrads()
        loss.backward()
        self.v = 0.9 * self.v - self.lr * self.target.w.grad
        self.target.w.array = self.target.w.array + self.v
        self.t += 1

    def state(self):
        return {"t": np.asarray(self.t), "v": self.v, "lr": np.asarray(self.lr)}

    def load_state(self, state, strict=True):
        self.t, self.v, self.lr = int(state["t"]), np.array(state["v"]), float(state["lr"])


@pytest.fixture
def make_trainer(tmp_path):
    """Builds a trainer over 8 examples in batches of 2: an epoch is 4 iterations."""

    def make(stop=(2, "epoch"), out=None, seed=0):
        rk.seed(seed)
        data = np.random.default_rng(0).normal(size=(8, 2))
        updater = StandardUpdater(SerialIterator(data, 2), Momentum(Model()))
        return Trainer(updater, stop, out=str(out or tmp_path / "result"))

    return make
