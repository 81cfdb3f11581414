"""WeightAveraging: the formula, open sizes, states, resuming, evaluation within a training."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DtypeError, LoadError, RangeError
from renkei.iterators import SerialIterator
from renkei.training import StandardUpdater, Trainer
from renkei.training.extensions import Evaluator, WeightAveraging


def run(average, values):
    for value in values:
        average.target.w.array[...] = value
        average()
    return float(average.model.w.array[0])


@pytest.mark.parametrize(
    ("decay", "expected"),
    [
        (1, np.mean([1, 2, 6, 3])),
        (0, 3),
        # plain while t / (t + 1) < 0.6: 1, then 1.5; from then on 0.6 of the old one
        (0.6, 0.6 * (0.6 * 1.5 + 0.4 * 6) + 0.4 * 3),
    ],
)
def test_formula(decay, expected):
    average = WeightAveraging(rk.Link(w=1), decay)
    assert run(average, [1, 2, 6, 3]) == pytest.approx(expected)
    assert float(average.target.w.array[0]) == 3 and average.model is not average.target


def test_open_sizes_and_states():
    model = rk.Sequential(L.Linear(None, 3), L.BatchNormalization())
    average = WeightAveraging(model, 0.5)
    assert average.state() == {"t": 0}
    average()
    assert not average.model[0].W.is_initialized
    x = np.random.default_rng(0).normal(2, 1, (4, 2)).astype(np.float32)
    model(x)
    average()
    np.testing.assert_array_equal(average.model[0].W.array, model[0].W.array)
    np.testing.assert_array_equal(average.model[1].avg_mean, model[1].avg_mean)
    before = model[0].W.array.copy()
    model[0].W.array[...] += 2
    model(x)
    average()
    np.testing.assert_allclose(average.model[0].W.array, before + 1, rtol=1e-6)
    np.testing.assert_array_equal(average.model[1].avg_mean, model[1].avg_mean)
    assert average.model[1].avg_mean is not model[1].avg_mean


def test_resumes():
    average = WeightAveraging(rk.Link(w=1), 0.9)
    run(average, [1, 5])
    other = WeightAveraging(rk.Link(w=1), 0.9)
    other.load_state(average.state())
    assert run(other, [2, 7]) == run(average, [2, 7])
    with pytest.raises(LoadError, match="no key 't'"):
        other.load_state({})
    with pytest.raises(LoadError, match="w"):
        other.load_state({"t": np.array(5)})
    assert other.t == 4


def test_refuses():
    with pytest.raises(RangeError, match=r"decay=1\.5"):
        WeightAveraging(rk.Link(w=1), 1.5)
    with pytest.raises(DtypeError, match="a link"):
        WeightAveraging(F.relu)


class Regressor(rk.Chain):
    def forward(self, x):
        loss = F.mean((self.fc(x[:, None]) - 3 * x[:, None]) ** 2)
        rk.report({"loss": loss}, self)
        return loss


def test_within_a_training(tmp_path):
    rk.seed(0)
    data = np.linspace(-1, 1, 8).astype(np.float32)
    model = Regressor(fc=L.Linear(None, 1, initialW=0))
    optimizer = rk.optimizers.SGD(0.3).setup(model)
    updater = StandardUpdater(SerialIterator(data, 2, shuffle=False), optimizer)
    trainer = Trainer(updater, (2, "epoch"), out=str(tmp_path))
    average = WeightAveraging(model, 1)
    seen, evaluated = [], []
    trainer.extend(lambda p: seen.append(model.fc.W.array.copy()), name="see", priority=400,
                   trigger=(1, "iteration"))  # fmt: skip
    trainer.extend(average)
    held_out = SerialIterator(data, 8, repeat=False, shuffle=False)
    trainer.extend(Evaluator(held_out, average.model), name="averaged")
    trainer.extend(
        lambda p: evaluated.append(p.observation["averaged/main/loss"]),
        name="note",
        trigger=(1, "epoch"),
    )
    trainer.run()
    np.testing.assert_allclose(average.model.fc.W.array, np.mean(seen, axis=0), rtol=1e-5)
    expected = np.mean((data[:, None] @ average.model.fc.W.array.T
                        + average.model.fc.b.array - 3 * data[:, None]) ** 2)  # fmt: skip
    assert float(evaluated[-1]) == pytest.approx(float(expected), rel=1e-4)
    assert average.model.fc.W.grad is None
