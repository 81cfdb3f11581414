"""What is special about HDF5: Chainer's layout, and files that point elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from renkei.core.errors import LoadError, SaveError
from renkei.serializers import load_hdf5, read_hdf5_state, save_hdf5

h5py = pytest.importorskip("h5py")


def test_layout(tmp_path):
    path = tmp_path / "x.h5"
    save_hdf5(path, {"a/b/W": np.zeros((2, 3), np.float32), "a/t": 3, "none": None, "s": "text"})
    with h5py.File(path) as file:
        assert isinstance(file["a/b"], h5py.Group)
        assert (file["a/b/W"].compression, file["a/b/W"].compression_opts) == ("gzip", 4)
        assert file["a/t"].compression is None
        assert file["none"].shape is None
        assert file["none"].dtype == np.float32
        assert file["s"].asstr()[()] == "text"
    save_hdf5(path, {"W": np.zeros(5)}, compression=None)
    with h5py.File(path) as file:
        assert file["W"].compression is None


@pytest.mark.parametrize("value", [np.zeros(1, "M8[s]"), "a\0b"])
def test_what_hdf5_cannot_hold(tmp_path, value):
    with pytest.raises(SaveError, match="HDF5 cannot hold 'key'"):
        save_hdf5(tmp_path / "x.h5", {"key": value})
    assert not list(tmp_path.iterdir())


def test_array_and_group_of_one_name(tmp_path):
    with pytest.raises(SaveError, match="HDF5 cannot hold 'a/b'"):
        save_hdf5(tmp_path / "x.h5", {"a": 1, "a/b": 2})


def external_data(file, secret):
    file.create_dataset("W", (6,), "u1", external=[(str(secret), 0, 6)])


def external_link(file, secret):
    with h5py.File(secret.with_suffix(".h5"), "w") as other:
        other["W"] = np.ones(6)
    file["W"] = h5py.ExternalLink(str(secret.with_suffix(".h5")), "W")


def soft_link(file, secret):
    file["V"] = np.ones(6)
    file["W"] = h5py.SoftLink("/V")


def virtual(file, secret):
    with h5py.File(secret.with_suffix(".h5"), "w") as other:
        other["W"] = np.ones(6)
    layout = h5py.VirtualLayout((6,), "f8")
    layout[:] = h5py.VirtualSource(str(secret.with_suffix(".h5")), "W", (6,))
    file.create_virtual_dataset("W", layout)


def loop(file, secret):
    group = file.create_group("g")
    group["again"] = group
    file["W"] = np.ones(6)


def named_type(file, secret):
    file["W"] = np.dtype("f4")


def compound(file, secret):
    file["W"] = np.zeros(2, "i4,f4")


@pytest.mark.parametrize(
    "make", [external_data, external_link, soft_link, virtual, loop, named_type, compound]
)
def test_files_that_point_elsewhere(tmp_path, make):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        make(file, secret)
    found = {}
    with pytest.raises(LoadError, match=r"another|no array|unsupported|without end"):
        load_hdf5(tmp_path / "x.h5", found)
    assert found == {}


def test_files_of_others(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["words"] = ["a", "bc"]
        file["flag"] = True
        file["big"] = np.arange(3, dtype=">i4")
        file.create_dataset("chunks", data=np.arange(100.0), chunks=(7,), shuffle=True)
        file.attrs["ignored"] = 1
    state = read_hdf5_state(tmp_path / "x.h5")
    assert state["words"].tolist() == ["a", "bc"]
    assert state["flag"].dtype == bool
    assert state["big"].tolist() == [0, 1, 2]
    assert state["chunks"].tolist() == list(range(100))
