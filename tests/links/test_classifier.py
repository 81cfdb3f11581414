"""Classifier."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DtypeError, UsageError
from renkei.reporter import Reporter


@pytest.fixture
def data():
    return np.ones((4, 3), np.float32), np.array([0, 1, 1, 0])


def test_loss_and_accuracy_are_kept_and_reported(data):
    x, t = data
    W = np.array([[0, 0, 0], [1, 1, 1]])
    model = L.Classifier(L.Linear(3, 2, initialW=W))
    reporter = Reporter()
    reporter.add_observer("main", model)
    with reporter:
        loss = model(x, t)
    expected = np.log(1 + np.exp(3)) - 1.5
    assert np.isclose(float(loss), expected)
    assert model.loss is loss
    assert float(model.accuracy) == 0.5
    assert model.y.shape == (4, 2)
    assert np.isclose(float(reporter.observation["main/loss"]), expected)
    assert float(reporter.observation["main/accuracy"]) == 0.5
    loss.backward()
    assert model.predictor.W.grad is not None
    assert [path for path, _ in model.namedparams()] == ["/predictor/W", "/predictor/b"]


def test_without_accuracy(data):
    model = L.Classifier(L.Linear(3, 2), accfun=None)
    model.compute_accuracy = False
    model(*data)
    assert model.accuracy is None


def test_other_functions_and_any_predictor(data):
    x, t = data
    model = L.Classifier(lambda x: rk.Variable(x), lossfun=lambda y, t: F.sum(y), accfun=len_of)
    assert float(model(x, t)) == 12
    assert model.accuracy == 4


def len_of(y, t):
    return len(t)


@pytest.mark.parametrize("key", [0, 1, -1, -2])
def test_label_position(data, key):
    x, t = data
    arguments = [x, x]
    arguments[key % 2] = t
    model = L.Classifier(lambda x: L.Linear(3, 2)(x), label_key=key)
    assert model(*arguments).shape == ()


def test_label_by_name(data):
    x, t = data
    model = L.Classifier(L.Linear(3, 2), label_key="t")
    assert model(x=x, t=t).shape == ()
    with pytest.raises(UsageError, match="labels as 't'"):
        model(x=x)


def test_bad_label_keys(data):
    with pytest.raises(DtypeError, match="label_key"):
        L.Classifier(L.Linear(3, 2), label_key=1.5)
    with pytest.raises(UsageError, match="labels at position 3"):
        L.Classifier(L.Linear(3, 2), label_key=3)(*data)
