"""What holds for every format: round trips, refusals with a diagnosis, damaged files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import renkei as rk
from renkei import links as L
from renkei import serializers, training
from renkei.core.errors import DtypeError, LoadError, SaveError, UninitializedError

FORMATS = ("npz", "hdf5", "safetensors")


@pytest.fixture(params=FORMATS)
def form(request):
    """The (save, load, read) functions of a format."""
    if request.param != "npz":
        pytest.importorskip({"hdf5": "h5py"}.get(request.param, request.param))
    return functions(request.param)


def functions(name):
    return tuple(
        getattr(serializers, text)
        for text in (f"save_{name}", f"load_{name}", f"read_{name}_state")
    )


class Net(rk.Chain):
    def __init__(self, first=1.0):
        super().__init__()
        self.l1 = L.Linear(2, 3, initialW=first)
        self.body = rk.ChainList(L.Linear(3, 2, initialW=first))
        self.count = rk.State(np.zeros((), np.int64))
        self.note = rk.State("first")
        self.nothing = rk.State(None)


def same(a, b):
    assert a.keys() == b.keys()
    for key, value in b.items():
        assert type(a[key]) is type(value), key
        if isinstance(value, np.ndarray):
            assert a[key].dtype == value.dtype, key
            assert a[key].shape == value.shape, key
            np.testing.assert_array_equal(a[key], value)
        else:
            assert a[key] == value, key


def test_link(form, tmp_path):
    save, load, read = form
    model, other = Net(2.0), Net()
    model.count += 5
    model.note = "second"
    save(tmp_path / "model", model)
    assert set(read(tmp_path / "model")) == {
        "l1/W", "l1/b", "body/0/W", "body/0/b", "count", "note", "nothing"
    }  # fmt: skip
    held = other.l1.W.array
    load(tmp_path / "model", other)
    same(other.state(), model.state())
    assert other.l1.W.array is held  # into the array itself: others may hold it


def test_optimizer_resumes(form, tmp_path):
    save, load, _ = form
    x = np.arange(4, dtype=np.float32).reshape(2, 2)

    def run(net, optimizer, steps):
        for _ in range(steps):
            optimizer.update(lambda: rk.functions.sum(net.body[0](net.l1(x)) ** 2))

    def make():
        net = Net(0.5)
        return net, rk.optimizers.Adam(alpha=0.02).setup(net)

    whole, resumed = make(), make()
    run(*whole, 3)
    save(tmp_path / "model", whole[0])
    save(tmp_path / "optimizer", whole[1])
    run(*whole, 3)
    load(tmp_path / "model", resumed[0])
    load(tmp_path / "optimizer", resumed[1])
    run(*resumed, 3)
    same(resumed[0].state(), whole[0].state())


def test_open_sizes(form, tmp_path):
    save, load, _ = form
    with pytest.raises(UninitializedError, match="/W"):
        save(tmp_path / "model", L.Linear(None, 3))
    assert not list(tmp_path.iterdir())
    model, other = L.Linear(2, 3), L.Linear(None, 3)
    save(tmp_path / "model", model)
    load(tmp_path / "model", other)
    np.testing.assert_array_equal(other.W.array, model.W.array)


def test_trainer_with_open_sizes(form, tmp_path):
    """A training resumes into a model that has never seen an example."""
    save, load, _ = form

    class Loss(rk.Chain):
        def __init__(self):
            super().__init__()
            self.l = L.Linear(None, 2)

        def forward(self, x, t):
            return rk.functions.mean_squared_error(self.l(x), t)

    def make(iterations):
        rng = np.random.default_rng(0)
        pairs = [(rng.random(3, np.float32), rng.random(2, np.float32)) for _ in range(6)]
        optimizer = rk.optimizers.Adam(alpha=0.1).setup(Loss())
        updater = training.StandardUpdater(rk.iterators.SerialIterator(pairs, 2), optimizer)
        return training.Trainer(updater, (iterations, "iteration"), out=str(tmp_path / "out"))

    first = make(3)
    first.run()
    save(tmp_path / "snapshot", first)
    resumed = make(5)
    load(tmp_path / "snapshot", resumed)
    saved, loaded = first.state(), resumed.state()
    for key in saved:
        if key.startswith("updater/"):
            np.testing.assert_array_equal(loaded[key], saved[key], err_msg=key)
    resumed.run()
    assert resumed.updater.iteration == 5


DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="="),
    hnp.unsigned_integer_dtypes(endianness="="),
    hnp.floating_dtypes(endianness="=", sizes=(16, 32, 64)),
)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
ARRAYS = hnp.arrays(DTYPES, SHAPES, elements={"allow_nan": True}) | hnp.arrays(
    np.float32, SHAPES
).map(lambda a: a.T)
# NUL ends a string in NumPy and HDF5; UTF-8 has no surrogates.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8)
KEYS = st.lists(st.sampled_from("abcW0"), min_size=1, max_size=3).map("/".join)
STATES = st.dictionaries(KEYS, ARRAYS | TEXTS | st.none(), max_size=5).filter(
    lambda state: not any(a != b and b.startswith(a + "/") for a in state for b in state)
)


@pytest.mark.parametrize("name", FORMATS)
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck), derandomize=True)
@given(state=STATES)
def test_round_trip(name, state, tmp_path):
    if name != "npz":
        pytest.importorskip({"hdf5": "h5py"}.get(name, name))
    save, load, read = functions(name)
    save(tmp_path / "state", state)
    same(read(tmp_path / "state"), state)
    found = {}
    load(tmp_path / "state", found)
    same(found, state)


def test_numbers_and_nested_dictionaries(form, tmp_path):
    save, _, read = form
    variable = rk.Variable(np.ones(2, np.float32))
    save(tmp_path / "d", {"a": 1, "b": {"c": 2.5, "d": {"e": True}}, "v": variable, "l": [1, 2]})
    assert {k: v.tolist() for k, v in read(tmp_path / "d").items()} == {
        "a": 1, "b/c": 2.5, "b/d/e": True, "v": [1.0, 1.0], "l": [1, 2]
    }  # fmt: skip


def test_what_cannot_be_saved(form, tmp_path):
    save, load, _ = form
    with pytest.raises(DtypeError, match=r"state\(\)"):
        save(tmp_path / "x", object())
    for value in (object(), np.array([None]), {1, 2}, np.zeros(1, "i4,f4")):
        with pytest.raises(DtypeError, match="'key'"):
            save(tmp_path / "x", {"key": value})
    assert not list(tmp_path.iterdir())
    save(tmp_path / "x", {"key": 1})
    with pytest.raises(DtypeError, match=r"load_state\(\)"):
        load(tmp_path / "x", object())


# -- what does not fit -----------------------------------------------------------------------------


def refused(form, tmp_path, state, match, obj=None, **options):
    """Loading is refused, and the object is as it was."""
    save, load, _ = form
    obj = Net() if obj is None else obj
    save(tmp_path / "state", state)
    before = {k: np.copy(v) for k, v in obj.state().items()}
    with pytest.raises(LoadError, match=match) as caught:
        load(tmp_path / "state", obj, **options)
    after = obj.state()
    assert after.keys() == before.keys()
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value)
    return str(caught.value)


def changed(**changes):
    state = {**Net(3.0).state(), **changes}
    return {k: v for k, v in state.items() if v is not ...}


@pytest.mark.parametrize(
    ("state", "match"),
    [
        (changed(**{"l1/W": ..., "body/0/b": ...}), "missing: body/0/b, l1/W"),
        (changed(**{"l2/W": np.zeros(2)}), "unexpected: l2/W"),
        (changed(**{"l1/W": np.zeros((2, 3), np.float32)}), r"l1/W .*\(2, 3\).*\(3, 2\)"),
        (changed(**{"l1/W": np.zeros((3, 2), np.complex64)}), "l1/W .*complex64"),
        (changed(**{"l1/W": "text"}), "l1/W .*string"),
        ({}, "missing"),
    ],
)
def test_all_or_nothing(form, tmp_path, state, match):
    if form[0] is serializers.save_safetensors:
        state = {k: v for k, v in state.items() if getattr(v, "dtype", None) != np.complex64}
        match = "missing" if "complex" in match else match
    text = refused(form, tmp_path, state, match)
    assert str(tmp_path / "state") in text


def test_not_strict(form, tmp_path):
    save, load, _ = form
    save(tmp_path / "state", {"l1/W": np.full((3, 2), 7.0), "other": 1})
    model = Net()
    load(tmp_path / "state", model, strict=False)
    assert (model.l1.W.array == 7).all()
    assert (model.body[0].W.array == 1).all()


def test_wider_floats_are_cast(form, tmp_path):
    save, load, _ = form
    save(tmp_path / "state", {"W": np.full((3, 2), 1.5), "b": np.zeros(3, np.float16)})
    model = L.Linear(2, 3)
    load(tmp_path / "state", model)
    assert model.W.array.dtype == np.float32
    assert (model.W.array == 1.5).all()


SNAPSHOT = {
    "updater/iteration": 3,
    **{f"updater/model:main/{k}": v for k, v in Net(3.0).state().items()},
    "updater/optimizer:main/t": 3,
    "updater/optimizer:main/epoch": 0,
}


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        (SNAPSHOT, "This is a trainer snapshot: use path='updater/model:main/'"),
        (
            {k.replace("model:main/", "model:main/predictor/"): v for k, v in SNAPSHOT.items()},
            "use path='updater/model:main/predictor/'",
        ),
        (
            {f"predictor/{k}": v for k, v in Net(3.0).state().items()},
            "The file's keys start with 'predictor/': use path='predictor/'",
        ),
    ],
)
def test_diagnosis(form, tmp_path, state, hint):
    refused(form, tmp_path, state, re.escape(hint))
    path = re.search("path='(.*)'", hint)[1]
    model = Net()
    form[1](tmp_path / "state", model, path=path)  # the advice is good
    assert (model.l1.W.array == 3).all()
    form[1](tmp_path / "state", model, path=path.rstrip("/"))


def test_no_diagnosis_without_reason(form, tmp_path):
    """One key that happens to end alike is no sign of a prefix."""
    text = refused(form, tmp_path, {"x/l1/W": np.zeros(1), "y": 1}, "unexpected: x/l1/W, y")
    assert "path=" not in text


def test_diagnosis_of_a_missing_prefix(form, tmp_path):
    refused(form, tmp_path, Net().state(), "lack 'predictor/'", rk.Chain(predictor=Net()))


def test_diagnosis_of_a_model_for_a_trainer(form, tmp_path):
    class Trainer:
        def state(self):
            return {"updater/iteration": np.array(0), "updater/model:main/l1/W": np.zeros(1)}

        def load_state(self, state, strict=True):
            raise LoadError("Trainer.load_state", "missing: updater/iteration")

    refused(form, tmp_path, Net().state(), "This is a model file, not a snapshot", Trainer())


def test_diagnosis_of_a_snapshot_for_an_optimizer(form, tmp_path):
    optimizer = rk.optimizers.SGD().setup(rk.Link())
    refused(form, tmp_path, SNAPSHOT, "use path='updater/optimizer:main/'", optimizer)


def test_wrong_path(form, tmp_path):
    text = refused(form, tmp_path, Net().state(), "nothing under path='l9/'", path="l9/")
    assert "l1/W" in text
    refused(form, tmp_path, SNAPSHOT, "use path='updater/model:main/'", path="model:main")


# -- files -----------------------------------------------------------------------------------------


def test_truncated_at_every_tenth_byte(form, tmp_path):
    save, load, _ = form
    path = tmp_path / "state"
    model = L.Linear(2, 3, initialW=1.0)
    save(path, {"W": np.zeros((3, 2), np.float32), "b": np.zeros(3, np.float32)})
    whole = path.read_bytes()
    for size in range(0, len(whole), 10):
        path.write_bytes(whole[:size])
        with pytest.raises(LoadError) as caught:
            load(path, model)
        assert str(path) in str(caught.value)
    assert (model.W.array == 1).all()
    path.write_bytes(whole)
    load(path, model)
    assert (model.W.array == 0).all()


def test_not_there(form, tmp_path):
    save, load, _ = form
    with pytest.raises(LoadError, match=r"Cannot open .*absent"):
        load(tmp_path / "absent", Net())
    with pytest.raises(SaveError, match="There is no directory"):
        save(tmp_path / "absent" / "file", Net())
    with pytest.raises(LoadError):
        load(tmp_path, Net())


def test_other_formats_are_told(tmp_path):
    pytest.importorskip("h5py")
    path = tmp_path / "x"
    for data, match in (
        (b"\x93NUMPY\x01\x00", "a single array"),
        (b"\x89HDF\r\n\x1a\n", "use load_hdf5"),
        (b"\x80\x04K\x01.", "a pickle, which is never loaded"),
        (b"", "empty"),
        (b"hello", r"damaged or no npz file.*5 bytes"),
    ):
        path.write_bytes(data)
        with pytest.raises(LoadError, match=match):
            serializers.load_npz(path, {})


def test_names_are_taken_literally(form, tmp_path):
    form[0](tmp_path / "model", {"a": 1})
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ImportError, match=r"renkei\[hdf5\]"):
        serializers.save_hdf5(tmp_path / "x", {})
    assert not list(Path(tmp_path).iterdir())
