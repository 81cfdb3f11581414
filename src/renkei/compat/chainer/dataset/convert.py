"""Converters: from a list of examples to arrays on a device."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from renkei.compat.chainer import backend
from renkei.datasets.convert import concat_examples as _concat

__all__ = [
    "ConcatWithAsyncTransfer",
    "Converter",
    "Conveyor",
    "concat_examples",
    "concat_examples_func",
    "converter",
    "to_device",
]


class Converter:
    """The base of converters: callables that take a batch and a Device or None."""

    def __call__(self, batch: Any, device: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must implement __call__.")


class _FunctionConverter(Converter):
    """A function as a converter."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.base_callable = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.base_callable(*args, **kwargs)


def converter() -> Callable[[Callable[..., Any]], Converter]:
    r"""Makes a converter of a function of a batch and a Device.

    >>> from renkei.compat import chainer
    >>> @chainer.dataset.converter()
    ... def doubled(batch, device):
    ...     return device.send(np.array(batch) * 2)
    >>> doubled([1, 2], chainer.get_device("@numpy"))
    array([2, 4])
    """

    def decorate(function: Callable[..., Any]) -> Converter:
        result = _FunctionConverter(function)
        functools.update_wrapper(result, function)
        return result

    return decorate


def _call_converter(convert: Any, batch: Any, device: Any) -> Any:
    """Calls a converter; a plain function gets the number of a GPU, -1, or None."""
    if isinstance(convert, Converter):
        return convert(batch, device)
    if device is None:
        return convert(batch, None)
    return convert(batch, getattr(device._engine, "index", -1))


def to_device(device: Any, x: Any) -> Any:
    """Sends an array to a device; with None it stays where it is."""
    return x if device is None else backend.get_device(device).send(x)


def concat_examples_func(batch: Any, device: Any = None, padding: Any = None) -> Any:
    r"""Stacks a list of examples: tuples give a tuple of arrays, dictionaries a dictionary.

    Args:
        batch: examples of one form: arrays or numbers, tuples or dictionaries of them.
        device: where the arrays go; None leaves them.
        padding: with a value, arrays of different sizes are padded with it to the largest size; a
            tuple or a dictionary gives a value for each item.
    """
    arrays = _concat(batch, None, padding)
    if device is None:
        return arrays
    device = backend.get_device(device)
    if isinstance(arrays, tuple):
        return tuple(device.send(x) for x in arrays)
    if isinstance(arrays, dict):
        return {key: device.send(x) for key, x in arrays.items()}
    return device.send(arrays)


concat_examples = converter()(concat_examples_func)


class Conveyor:
    """Takes arrays and gives them back on a device, in turn."""

    def __init__(self, device: Any = None, stream: Any = None) -> None:
        self.device = device
        self._waiting: list[Any] = []

    def put(self, array: Any) -> None:
        """Takes an array."""
        self._waiting.append(to_device(self.device, array))

    def get(self) -> Any:
        """Gives the earliest array that has not been given yet."""
        return self._waiting.pop(0)


class ConcatWithAsyncTransfer:
    r"""Stacks examples as ``concat_examples`` does; the copy to a GPU may run beside computing.

    Args:
        stream, compute_stream: CUDA streams; not needed, CuPy's copies are ordered.
    """

    def __init__(self, stream: Any = None, compute_stream: Any = None) -> None:
        self.stream, self.compute_stream = stream, compute_stream

    def __call__(self, batch: Any, device: Any = None, padding: Any = None) -> Any:
        return concat_examples(batch, device, padding)
