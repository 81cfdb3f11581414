"""state and load_state: round trips, checks before any change, messages."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import links as L
from renkei.core.errors import GraphError, LoadError, UninitializedError


class Model(rk.Chain):
    def __init__(self, size=3):
        super().__init__(l1=L.Linear(size, 2))
        self.layers = rk.ChainList(L.Linear(2, 2, nobias=True))
        self.mean = rk.State(np.zeros(2, np.float32))
        self.later = rk.State(None, np.float32)
        self.steps = rk.State(3)
        self.rate = rk.State(0.5)
        self.note = rk.State("start")
        self.nothing = rk.State(None)


def snapshot(link):
    return {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in link.state().items()}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def test_keys_and_kinds():
    state = Model().state()
    assert sorted(state) == [
        "l1/W",
        "l1/b",
        "later",
        "layers/0/W",
        "mean",
        "note",
        "nothing",
        "rate",
        "steps",
    ]
    assert state["steps"].shape == ()
    assert state["steps"].dtype == np.int64
    assert state["note"] == "start"
    assert state["nothing"] is None


def test_round_trip_keeps_arrays_and_types():
    a, b = Model(), Model()
    a.mean += 1
    a.steps, a.rate, a.note = 8, 0.25, "end"
    W, mean = b.l1.W.array, b.mean
    b.load_state(a.state())
    assert b.l1.W.array is W
    assert b.mean is mean
    assert same(a.state(), b.state())
    assert (type(b.steps), b.steps) == (int, 8)
    assert (type(b.rate), b.rate) == (float, 0.25)
    assert b.note == "end"


def test_open_states_are_filled_with_their_dtype():
    model = Model()
    given = np.ones(4)
    model.load_state({**model.state(), "later": given, "nothing": np.ones(2)})
    assert model.later.dtype == np.float32
    assert model.nothing.dtype == np.float64
    given[...] = 0
    assert model.later.tolist() == [1, 1, 1, 1]


def test_open_parameters_are_filled_without_drawing():
    model = L.Linear(None, 2)
    before = rk.core.random.generator().state()["host_counter"]
    model.load_state({"W": np.ones((2, 5)), "b": np.ones(2)})
    assert (rk.core.random.generator().state()["host_counter"] == before).all()
    assert model.W.array.dtype == np.float32
    assert model.in_size == 5
    assert model.W.requires_grad


def test_dtypes_are_cast():
    model = L.Linear(2, 2, initialW=rk.initializers.Zero(np.float16))
    model.load_state({"W": np.full((2, 2), 0.1), "b": np.zeros(2)})
    assert model.W.dtype == np.float16
    assert (model.W.array == np.float16(0.1)).all()


def test_unfilled_parameters_are_not_saved():
    with pytest.raises(UninitializedError, match="/l/W"):
        rk.Chain(l=L.Linear(None, 2)).state()


def test_lists_everything_wrong_and_changes_nothing():
    model = Model()
    state = snapshot(Model())
    state["mean"] += 1
    del state["steps"]
    state["more"] = np.ones(1)
    state["l1/W"] = np.ones((2, 4))
    state["note"] = np.ones(2)
    state["l1/b"] = np.ones(2, complex)
    before = snapshot(model)
    with pytest.raises(LoadError) as info:
        model.load_state(state)
    text = str(info.value)
    assert "missing: steps;" in text
    assert "unexpected: more;" in text
    assert "l1/W (shape (2, 4) into (2, 3))" in text
    assert "note (an array into a string)" in text
    assert "l1/b (dtype complex128 into float32)" in text
    assert same(before, snapshot(model))


def test_not_strict_still_refuses_what_does_not_fit():
    model = Model()
    model.load_state({"mean": np.ones(2), "more": np.ones(1)}, strict=False)
    assert model.mean.tolist() == [1, 1]
    with pytest.raises(LoadError, match="mean"):
        model.load_state({"mean": np.ones(3), "rate": 1.0}, strict=False)
    assert model.rate == 0.5


def test_none_for_a_parameter_leaves_it():
    layer = L.Linear(2, 2)
    W = layer.W.array.copy()
    layer.load_state({"W": None, "b": np.ones(2)})
    assert (layer.W.array == W).all()


def test_reserved_keys_are_not_unexpected():
    layer = L.Linear(2, 2)
    layer.load_state({**layer.state(), "_renkei/version": np.array(1)})


def test_long_lists_are_cut():
    model = rk.Sequential(*(L.Linear(1, 1) for _ in range(10)))
    with pytest.raises(LoadError, match="and 12 more"):
        model.load_state({})


@pytest.mark.parametrize(("prefix", "word"), [("updater/model:main/", "begin with"), ("", "lack")])
def test_guesses_a_prefix(prefix, word):
    model = rk.Chain(l=L.Linear(2, 2))
    outer = model if prefix else rk.Chain(predictor=model)
    state = {prefix + k: v for k, v in model.state().items()}
    expected = prefix or "predictor/"
    with pytest.raises(LoadError, match=f"{word} '{expected}'"):
        outer.load_state(state)


def test_shared_links_are_saved_once_and_load_from_either_path():
    shared = L.Linear(2, 2)
    model = rk.Chain(a=shared, b=shared)
    assert sorted(model.state()) == ["a/W", "a/b"]
    ones = {"W": np.ones((2, 2)), "b": np.ones(2)}
    model.load_state({f"b/{k}": v for k, v in ones.items()})  # an order another program chose
    assert shared.W.array.sum() == 4
    both = {f"{n}/{k}": v for n in "ab" for k, v in ones.items()}
    model.load_state(both)


def test_loading_marks_the_write():
    layer = L.Linear(2, 2)
    x = rk.Variable(np.ones((1, 2), np.float32))
    y = rk.functions.sum(layer(x))
    layer.load_state({"W": np.zeros((2, 2)), "b": np.zeros(2)})
    with pytest.raises(GraphError, match="overwritten"):
        y.backward()
