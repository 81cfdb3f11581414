"""A crash, a full disk or an interrupt leaves the old file or the new one, never half."""

from __future__ import annotations

import errno
import os
import resource
import stat
import threading

import numpy as np
import pytest

from renkei import serializers
from renkei.core.errors import SaveError
from renkei.serializers import atomic_write
from renkei.serializers.npz import read_npz_state, save_npz

SAVES = ("save_npz", "save_hdf5", "save_safetensors")
BIG = {"a": np.random.default_rng(0).integers(0, 256, 50_000, np.uint8)}  # does not compress


@pytest.fixture(params=SAVES)
def save(request):
    for extra in {"save_hdf5": ["h5py"], "save_safetensors": ["safetensors"]}.get(
        request.param, []
    ):
        pytest.importorskip(extra)
    return getattr(serializers, request.param)


def only(folder, name=b"old"):
    assert [p.name for p in folder.iterdir()] == ["file"]
    assert (folder / "file").read_bytes() == name


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def test_full_disk(save, old):
    """Writes beyond a limit fail as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with pytest.raises(SaveError) as caught:
            save(old, BIG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(old) in str(caught.value)
    assert os.strerror(errno.EFBIG) in str(caught.value)
    assert caught.value.errno == errno.EFBIG
    only(old.parent)


def test_full_disk_at_the_end(save, old, monkeypatch):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SaveError, match=r"file: got No space left on device"):
        save(old, BIG)
    only(old.parent)


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_interrupt(save, old, monkeypatch, at):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, at, interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(old, BIG)
    only(old.parent)


def test_interrupt_while_writing(old):
    def write():
        with atomic_write(old) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    only(old.parent)


def test_errors_of_the_body_pass(old):
    def write():
        with atomic_write(old, "w") as file:
            file.write("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    only(old.parent)


def test_permissions(save, tmp_path):
    path = tmp_path / "file"
    before = os.umask(0o027)
    try:
        save(path, {"a": 1})
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    save(path, {"a": 2})
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_link_stays_a_link(save, tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    save(tmp_path / "link", {"a": 1})
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() != b"old"


def test_devices_are_written_directly(save):
    save("/dev/null", {"a": 1})
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_folder_without_permission(save, tmp_path):
    if os.geteuid() == 0:
        path = "/proc/none/file"  # root may write anywhere but where there is nothing
    else:
        (tmp_path / "shut").mkdir(mode=0o500)
        path = tmp_path / "shut" / "file"
    with pytest.raises(SaveError, match="Cannot write"):
        save(path, {"a": 1})


def test_many_at_once(tmp_path):
    """Threads that save to one path: a reader always finds one of their files, whole."""
    path = tmp_path / "file"
    save_npz(path, {"a": np.zeros(1000)})
    failures = []

    def write(number):
        try:
            for _ in range(15):
                save_npz(path, {"a": np.full(1000, number)})
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(float(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert len(set(read_npz_state(path)["a"].tolist())) == 1
    for thread in threads:
        thread.join()
    assert not failures
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_text(tmp_path):
    with atomic_write(tmp_path / "x", "w") as file:
        file.write("連係")
    assert (tmp_path / "x").read_bytes() == "連係".encode()
