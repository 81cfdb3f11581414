"""Devices and CUDA without a GPU."""

import numpy as np
import pytest

from renkei.compat import chainer
from renkei.compat.chainer import backend
from renkei.compat.chainer.backends import cuda, intel64

needs_no_gpu = pytest.mark.skipif(cuda.available, reason="there is a GPU")


@pytest.mark.parametrize("spec", ["@numpy", -1, "-1", backend.CpuDevice(), np.int64(-2)])
def test_specifiers_of_the_host(spec):
    device = chainer.get_device(spec)
    assert device == backend.CpuDevice() and repr(device) == "<CpuDevice (numpy)>"
    assert str(device) == "@numpy" and device.xp is np and hash(device) == hash("@numpy")


@needs_no_gpu
@pytest.mark.parametrize(
    ("spec", "error"),
    [("@foo", ValueError), ("@numpy:0", ValueError), ("@cupy:0", RuntimeError), (0, RuntimeError),
     ("native", RuntimeError), ("cuda:0", RuntimeError), ("@intel64", RuntimeError),
     (None, TypeError), (1.5, TypeError)],
)  # fmt: skip
def test_specifiers_that_name_nothing_here(spec, error):
    with pytest.raises(error):
        chainer.get_device(spec)


def test_send():
    device, a = backend.CpuDevice(), np.ones(2)
    assert device.send(a) is a and device.send((a, None)) == (a, None)
    assert device.send([a])[0] is a and device.send(3).shape == ()
    with pytest.raises(TypeError):
        device.send("text")
    with pytest.raises(TypeError):
        device.send(chainer.Variable(a))
    assert device.is_array_supported(a) and not device.is_array_supported([1])


def test_using_a_device():
    with chainer.using_device("@numpy") as device:
        assert device == backend.CpuDevice()
    with pytest.raises(RuntimeError, match="using_device"), backend.CpuDevice():
        pass


def test_modules_and_copies():
    x = chainer.Variable(np.ones(2))
    assert backend.get_array_module(x, np.ones(1)) is np is cuda.get_array_module(x)
    assert backend.get_device_from_array(np.ones(1)) == backend.CpuDevice()
    y = np.zeros(2)
    backend.copyto(y, np.ones(2))
    assert y.tolist() == [1, 1] and cuda.to_cpu(y) is y and cuda.to_cpu((y, None))[1] is None
    with pytest.raises(TypeError):
        cuda.to_cpu("text")


@needs_no_gpu
def test_without_cuda():
    with pytest.raises(RuntimeError, match="CUDA environment is not correctly set up"):
        cuda.check_cuda_available()
    with pytest.raises(RuntimeError, match="CUDA environment"):
        cuda.to_gpu(np.ones(1))
    with pytest.raises(RuntimeError, match="CUDA environment"):
        _ = cuda.cupy.ndarray
    with pytest.raises(RuntimeError, match="CUDA environment"):
        cuda.elementwise("T x", "T y", "y = x", "copy")
    assert cuda.get_device(np.ones(1)) == cuda.DummyDevice == cuda.get_device_from_id(-1)
    with cuda.get_device_from_array(np.ones(1)) as device:
        assert device.id == -1 and int(device) == -1
    assert chainer.cuda is cuda and not isinstance(np.ones(1), cuda.ndarray)


def test_decorators():
    calls = []

    @cuda.memoize()
    def square(x):
        calls.append(x)
        return x * x

    assert [square(3), square(3), square(4)] == [9, 9, 16] and calls == [3, 4]
    cuda.clear_memo()
    assert square(3) == 9 and len(calls) == 3


@needs_no_gpu
def test_fuse_leaves_functions_alone():
    assert cuda.fuse(abs) is abs and cuda.fuse()(abs) is abs


def test_cudnn_and_ideep_are_not_used():
    assert cuda.should_use_cudnn(">=auto") is False and not intel64.should_use_ideep("==always")
    for ask in (cuda.should_use_cudnn, intel64.should_use_ideep):
        with pytest.raises(ValueError, match="level"):
            ask("maybe")
    before = cuda.get_max_workspace_size()
    cuda.set_max_workspace_size(1)
    assert cuda.get_max_workspace_size() == 1
    cuda.set_max_workspace_size(before)
    assert not intel64.is_ideep_available() and not intel64.inputs_all_ready((np.ones(1),))
    with pytest.raises(RuntimeError, match="ChainerX is not available"):
        backend.to_chx(np.ones(1))
