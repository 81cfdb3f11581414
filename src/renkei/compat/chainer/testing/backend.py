"""Tests for many backends."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from renkei.compat.chainer import backend
from renkei.compat.chainer.configuration import using_config
from renkei.compat.chainer.testing import _bundle, attr

__all__ = ["BackendConfig", "inject_backend_tests"]

_DEFAULTS: dict[str, Any] = {
    "use_chainerx": False,
    "chainerx_device": None,
    "use_cuda": False,
    "cuda_device": None,
    "use_cudnn": "never",
    "cudnn_deterministic": False,
    "autotune": False,
    "cudnn_fast_batch_normalization": False,
    "use_ideep": "never",
}
_CONFIGURED = ("use_cudnn", "cudnn_deterministic", "autotune", "use_ideep")


class BackendConfig:
    r"""A device with the configuration that a test runs in; a context manager.

    Args:
        params: a dict of settings, as in ``{'use_cuda': True}``.

    >>> from renkei.compat.chainer import testing
    >>> testing.BackendConfig({}).device
    <CpuDevice (numpy)>
    """

    use_chainerx: bool
    chainerx_device: str | None
    use_cuda: bool
    cuda_device: int | None
    use_cudnn: str
    use_ideep: str

    def __init__(self, params: dict[str, Any]) -> None:
        if not isinstance(params, dict):
            raise TypeError("params must be a dict.")
        for key in params:
            if key not in _DEFAULTS:
                raise ValueError(f"Parameter {key} is not defined")
        self.__dict__.update(_DEFAULTS | params)
        if self.use_chainerx and not isinstance(self.chainerx_device, str):
            raise AssertionError("'chainerx_device' must be a string that names a device")
        if self.use_cuda and self.cuda_device is None:
            self.cuda_device = 0
        self._scopes: list[contextlib.ExitStack] = []

    xp = property(lambda self: self.device.xp, doc="The array module of the device.")

    @functools.cached_property
    def device(self) -> Any:
        """The device."""
        if self.use_cuda:
            return backend.GpuDevice.from_device_id(self.cuda_device or 0)
        if self.use_chainerx:
            return backend.ChainerxDevice(self.chainerx_device)
        return backend.CpuDevice() if self.use_ideep == "never" else backend.Intel64Device()

    def __enter__(self) -> BackendConfig:
        with contextlib.ExitStack() as stack:
            for key in _CONFIGURED:
                stack.enter_context(using_config(key, getattr(self, key)))
            stack.enter_context(backend.using_device(self.device))
            self._scopes.append(stack.pop_all())
        return self

    def __exit__(self, typ: Any, value: Any, traceback: Any) -> None:
        self._scopes.pop().__exit__(typ, value, traceback)

    def __repr__(self) -> str:
        cells = [f"{key}={getattr(self, key)!r}" for key in _DEFAULTS]
        return f"<BackendConfig {' '.join(cells)}>"

    def get_func_str(self) -> str:
        """The settings as a part of a class name."""
        cells = []
        for key in _DEFAULTS:
            value = getattr(self, key)
            text = str(value).lower() if isinstance(value, bool) else str(value)
            cells.append(f"{key}_{text}")
        return "__".join(cells)

    def get_pytest_marks(self) -> list[Any]:
        """Decorators that mark a test with what it needs."""
        marks: list[Any] = []
        if self.use_chainerx:
            kind, _, index = (self.chainerx_device or "").partition(":")
            marks = [attr.chainerx] + ([attr.gpu] if kind == "cuda" else [])
            if kind == "cuda" and int(index or 0) >= 1:
                marks.append(attr.multi_gpu(int(index) + 1))
        elif self.use_cuda:
            marks = [attr.gpu] + ([attr.cudnn] if self.use_cudnn != "never" else [])
            if (self.cuda_device or 0) >= 1:
                marks.append(attr.multi_gpu((self.cuda_device or 0) + 1))
        elif self.use_ideep != "never":
            marks = [attr.ideep]
        return marks

    def get_array(self, np_array: Any) -> Any:
        """An array, or a list or tuple of arrays, on the device."""
        return self.device.send(np_array)


def inject_backend_tests(method_names: list[str] | None, params: list[dict[str, Any]]) -> Any:
    """A class decorator: test methods get a BackendConfig as their first argument.

    Args:
        method_names: the methods; None for all.
        params: one dict of settings for each backend.
    """
    if method_names is not None and not isinstance(method_names, list):
        raise TypeError("method_names must be either None or a list.")
    if not isinstance(params, list) or not all(isinstance(p, dict) for p in params):
        raise TypeError("params must be a list of dicts.")

    def generate(base: type) -> Iterator[Any]:
        if method_names is not None:  # the other methods, once
            yield base.__name__, {}, lambda m: None if m.__name__ in method_names else m
        for parameter in params:
            config = BackendConfig(parameter)
            name = f"{base.__name__}_{config.get_func_str()}"
            yield name, {}, functools.partial(_with_config, config, method_names)

    return _bundle.make_decorator(generate)


def _with_config(config: BackendConfig, names: list[str] | None, method: Any) -> Any:
    if names is not None and method.__name__ not in names:
        return None

    @functools.wraps(method)
    def test(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, config, *args, **kwargs)

    del test.__wrapped__  # else pytest takes the argument for a fixture
    for mark in config.get_pytest_marks():
        test = mark(test)
    return test
