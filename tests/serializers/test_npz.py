"""What is special about npz: pickles, ignored names, file objects, flipped bits."""

from __future__ import annotations

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import renkei as rk
from renkei import links as L
from renkei.core.errors import LoadError, UsageError
from renkei.serializers.npz import load_npz, read_npz_state, save_npz
from renkei.serializers.pickled_none import PICKLED_NONE, is_pickled_none


class Trap:
    """Unpickling it makes a directory."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("shape", [(), (1,)])
def test_no_pickle_runs(tmp_path, shape):
    trap = np.empty(shape, object)
    trap[...] = Trap(tmp_path / "sprung")
    np.savez(tmp_path / "bad.npz", W=trap, b=np.zeros(3))
    model = L.Linear(2, 3, initialW=1.0)
    with pytest.raises(LoadError, match="'W' holds a pickled Python object, which is never loaded"):
        load_npz(tmp_path / "bad.npz", model)
    assert not (tmp_path / "sprung").exists()
    assert (model.W.array == 1).all()
    with np.load(tmp_path / "bad.npz", allow_pickle=True) as file, pytest.raises(Exception):  # noqa: B017
        file["W"] + file["W"]
    assert (tmp_path / "sprung").exists()  # the trap is a real one


@pytest.mark.parametrize("protocol", range(6))
def test_none_of_every_protocol(protocol):
    data = pickle.dumps(np.array(None, object), protocol)
    assert is_pickled_none(data)
    assert is_pickled_none(data.replace(b"numpy._core", b"numpy.core")) or protocol > 3
    assert not is_pickled_none(data + b".")
    for cut in range(len(data)):
        assert not is_pickled_none(data[:cut])
    for other in (np.array(1, object), np.array([None], object), np.array("x", object), None, "b"):
        assert not is_pickled_none(pickle.dumps(other, protocol))


# numpy.array(None) as NumPy 1.23 pickles it.
OLD = {
    0: b"cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nc_codecs\nencode"
    b"\np3\n(Vb\np4\nVlatin1\np5\ntp6\nRp7\ntp8\nRp9\n(I1\n(tcnumpy\ndtype\np10\n(VO8\np11\nI00\nI01"
    b"\ntp12\nRp13\n(I3\nV|\np14\nNNNI-1\nI-1\nI63\ntp15\nbI00\n(lp16\nNatp17\nb.",
    2: b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02"
    b"c_codecs\nencode\nq\x03X\x01\x00\x00\x00bq\x04X\x06\x00\x00\x00latin1q\x05\x86q\x06Rq\x07\x87"
    b"q\x08Rq\t(K\x01)cnumpy\ndtype\nq\nX\x02\x00\x00\x00O8q\x0b\x89\x88\x87q\x0cRq\r(K\x03X\x01"
    b"\x00\x00\x00|q\x0eNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x0fb\x89]q\x10Natq\x11b.",
    3: PICKLED_NONE,
    4: b"\x80\x04\x95\x86\x00\x00\x00\x00\x00\x00\x00\x8c\x15numpy.core.multiarray\x94\x8c\x0c"
    b"_reconstruct\x94\x93\x94\x8c\x05numpy\x94\x8c\x07ndarray\x94\x93\x94K\x00\x85\x94C\x01b\x94"
    b"\x87\x94R\x94(K\x01)h\x03\x8c\x05dtype\x94\x93\x94\x8c\x02O8\x94\x89\x88\x87\x94R\x94(K\x03"
    b"\x8c\x01|\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?t\x94b\x89]\x94Nat\x94b.",
}


@pytest.mark.parametrize("protocol", OLD)
def test_none_of_old_numpy(protocol):
    assert is_pickled_none(OLD[protocol])
    for i in range(len(OLD[protocol])):  # no byte makes it accept something that it has not read
        damaged = bytearray(OLD[protocol])
        damaged[i] ^= 0x11
        is_pickled_none(bytes(damaged))


def test_none_is_what_numpy_reads(tmp_path):
    save_npz(tmp_path / "x", {"a": None, "b": 2})
    with np.load(tmp_path / "x", allow_pickle=True) as file:
        assert file["b"] == 2
        if np.lib.NumpyVersion(np.__version__) < "2.0.0":
            assert file["a"].item() is None
    assert read_npz_state(tmp_path / "x")["a"] is None


def test_numpy_reads_what_we_write(tmp_path):
    state = {"W": np.arange(6.0).reshape(2, 3).T, "file": np.array(1), "text": "héllo"}
    for compression in (True, False):
        save_npz(tmp_path / "x", state, compression=compression)
        with np.load(tmp_path / "x") as file:
            assert set(file.files) == set(state)
            for key, value in state.items():
                np.testing.assert_array_equal(file[key], value)
        with zipfile.ZipFile(tmp_path / "x") as archive:
            kinds = {entry.compress_type for entry in archive.infolist()}
            assert kinds == {zipfile.ZIP_DEFLATED if compression else zipfile.ZIP_STORED}


def test_we_read_what_numpy_writes(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", a=np.asfortranarray(np.ones((2, 3))), b=np.array(">f4"))
    np.savez(tmp_path / "y.npz", a=np.arange(3, dtype=">i4"), words=np.array(["a", "bc"]))
    assert read_npz_state(tmp_path / "x.npz")["a"].shape == (2, 3)
    state = read_npz_state(tmp_path / "y.npz")
    assert state["a"].dtype.isnative
    assert state["a"].tolist() == [0, 1, 2]
    assert state["words"].tolist() == ["a", "bc"]
    state["a"][0] = 5  # writable


def test_same_state_same_bytes():
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        save_npz(file, {"a": np.arange(4), "b": "x"})
    assert files[0].getvalue() == files[1].getvalue()


def test_open_files_stay_open(tmp_path):
    with open(tmp_path / "x", "w+b") as file:
        save_npz(file, {"a": 1})
        assert read_npz_state(file)["a"] == 1
        assert not file.closed


@pytest.mark.parametrize(
    "ignore", ["b", ["b"], lambda key: key.startswith("b"), [lambda key: key == "b", "x"]]
)
def test_ignored_names(tmp_path, ignore):
    save_npz(tmp_path / "x", {"W": np.full((3, 2), 2.0), "b": np.zeros(99)})
    for model in (L.Linear(2, 3), L.Linear(None, 3)):
        model.b.array[...] = 5
        load_npz(tmp_path / "x", model, ignore_names=ignore)
        assert (model.W.array == 2).all()
        assert (model.b.array == 5).all()
    save_npz(tmp_path / "y", {"b": np.zeros(3)})
    for model in (L.Linear(2, 3), L.Linear(None, 3)):
        with pytest.raises(LoadError, match="missing: W"):
            load_npz(tmp_path / "y", model, ignore_names=ignore)
    found = {}
    load_npz(tmp_path / "x", found, ignore_names=ignore)
    assert list(found) == ["W"]


def test_unknown_dtypes_and_sizes(tmp_path):
    def entry(header, data):
        file = io.BytesIO()
        text = header.ljust(117) + "\n"
        body = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + data
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a.npy", body)
        return file

    good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}"
    assert read_npz_state(entry(good, bytes(8)))["a"].tolist() == [0, 0]
    for header, data, match in (
        (good, bytes(12), "12 bytes"),
        (good, bytes(7), "7 bytes"),
        (good.replace("2,", "10**30,"), bytes(8), "damaged"),
        (good.replace("2,", f"{10**30},"), bytes(8), "another number"),
        (good.replace("2,", "-2,"), bytes(8), "another number"),
        (good.replace("<f4", "|V4"), bytes(8), "unsupported dtype"),
        (good.replace("<f4", "nonsense"), bytes(8), "damaged"),
        ("__import__('os').abort()", bytes(8), "damaged"),
        (good.replace("<f4", "|O"), bytes(8), "never loaded"),
    ):
        with pytest.raises(LoadError, match=match):
            read_npz_state(entry(header, data))


def test_zip_without_arrays(tmp_path):
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"x")
    with pytest.raises(LoadError, match="a zip file without arrays"):
        read_npz_state(tmp_path / "model.pt")


STATE = {"W": np.arange(6, dtype=np.float32), "note": "hello", "nothing": None}


def saved(compression):
    file = io.BytesIO()
    save_npz(file, STATE, compression)
    return file.getvalue()


@pytest.mark.parametrize("compression", [True, False])
@settings(deadline=None, max_examples=150, derandomize=True)
@given(data=st.data())
def test_flipped_bits(compression, data):
    """Every damage is noticed, or harmless."""
    whole = bytearray(saved(compression))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        state = read_npz_state(io.BytesIO(bytes(whole)))
    except LoadError:
        return
    for key, value in state.items():
        np.testing.assert_array_equal(value, STATE[key])


def test_hooked_optimizer_without_setup(tmp_path):
    with pytest.raises(UsageError, match="setup"):
        save_npz(tmp_path / "x", rk.optimizers.SGD())
    assert not list(tmp_path.iterdir())
