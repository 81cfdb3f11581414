"""Devices: specifiers, where arrays are, and what a machine without a GPU says."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import renkei as rk
from renkei.core.device import (
    CpuDevice,
    Device,
    as_array,
    current_device,
    device_of,
    get_array_module,
    get_array_types,
    get_device,
    using_device,
)
from renkei.core.errors import DeviceError, DtypeError


class Elsewhere(Device):
    """A second device for tests: the host under another name."""

    name = "@elsewhere"
    xp = np

    def send(self, array):
        return np.array(array)


@pytest.mark.parametrize("spec", ["@numpy", -1, "-1", np.int64(-1), CpuDevice()])
def test_host_specifiers(spec):
    device = get_device(spec)
    assert isinstance(device, CpuDevice)
    assert str(device) == "@numpy"
    assert repr(device) == "<CpuDevice (numpy)>"
    assert device.xp is np
    assert device == get_device("@numpy")
    assert hash(device) == hash(get_device("@numpy"))
    assert device != "@numpy"


@pytest.mark.parametrize("spec", [1.5, None, True, ["@numpy"]])
def test_specifiers_of_the_wrong_type(spec):
    with pytest.raises(DtypeError, match=r"get_device\(spec\)"):
        get_device(spec)


@pytest.mark.parametrize("spec", ["numpy", "@cuda:0", "@cupy:x", "", "@numpy:0", "gpu"])
def test_specifiers_that_name_nothing(spec):
    with pytest.raises(DeviceError, match="'@numpy', '@cupy:N' or a number"):
        get_device(spec)


@pytest.mark.parametrize("spec", ["@cupy:99", 99, "99"])
def test_gpus_that_are_not_there(spec):
    with pytest.raises(DeviceError, match=r"@cupy:99 cannot be used.*CUDA device"):
        get_device(spec)


def test_arrays_and_modules():
    a = np.ones(2, np.float32)
    assert device_of(a) == get_device("@numpy")
    assert get_array_module(a, 1, None, rk.Variable(a)) is np
    assert np.ndarray in get_array_types()
    host = get_device(-1)
    assert host.send(a) is a
    assert host.send([1, 2]).tolist() == [1, 2]


def test_as_array():
    a = np.ones(2, np.float32)
    assert as_array(a) is a
    assert as_array(a, np.float32) is a
    assert as_array(a, np.float64).dtype == np.float64
    scalar = as_array(np.float32(2))
    assert (type(scalar), scalar.dtype, scalar.shape) == (np.ndarray, np.float32, ())
    assert as_array(3, np.float16).dtype == np.float16


def test_using_device():
    assert current_device() == get_device("@numpy")
    with using_device(Elsewhere()) as device:
        assert current_device() is device
        p = rk.Parameter(1.0)
        with using_device("@numpy"):
            assert current_device() == get_device("@numpy")
        assert current_device() is device
    assert current_device() == get_device("@numpy")
    p.initialize(2)
    assert p.array.tolist() == [1, 1]


def test_using_device_is_undone_after_an_error():
    def fail():
        with using_device(Elsewhere()):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert current_device() == get_device("@numpy")


def test_the_current_device_belongs_to_the_thread():
    seen = []
    with using_device(Elsewhere()):
        thread = threading.Thread(target=lambda: seen.append(str(current_device())))
        thread.start()
        thread.join()
    assert seen == ["@numpy"]


def test_the_base_class_is_abstract():
    with pytest.raises(NotImplementedError):
        Device().xp
    with pytest.raises(NotImplementedError):
        Device().send(np.ones(1))


@pytest.mark.gpu
def test_gpu_round_trip():
    device = get_device(0)
    x = rk.Variable(np.arange(3, dtype=np.float32))
    x.to_device(device)
    y = x * 2
    y.grad = y.xp.ones_like(y.array)
    y.backward()
    assert str(x.device) == "@cupy:0"
    x.to_cpu()
    assert x.grad.tolist() == [2, 2, 2]
