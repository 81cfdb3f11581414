"""From a list of examples to arrays on a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from renkei.core.device import get_array_module, get_array_types, get_device
from renkei.core.errors import DataError, describe

__all__ = ["concat_examples", "to_device"]


def to_device(device: Any, x: Any) -> Any:
    """Sends an array to a device; with None it stays where it is."""
    return x if device is None else get_device(device).send(x)


def concat_examples(batch: Sequence[Any], device: Any = None, padding: Any = None) -> Any:
    r"""Stacks a list of examples: tuples give a tuple of arrays, dictionaries a dictionary.

    Args:
        batch: examples of one form: arrays or numbers, tuples or dictionaries of them.
        device: where the arrays go; None leaves them.
        padding: with a value, arrays of different sizes are padded at their ends with it to the
            largest size; a tuple or a dictionary gives a value for each item.

    Returns:
        Arrays whose first axis is the example.

    Raises:
        DataError: the batch is empty, or its examples do not fit together.

    >>> from renkei.datasets import concat_examples
    >>> x, t = concat_examples([(np.zeros(3), 1), (np.ones(3), 0)])
    >>> x.shape, t
    ((2, 3), array([1, 0]))
    >>> concat_examples([np.array([1]), np.array([2, 3])], padding=-1)
    array([[ 1, -1],
           [ 2,  3]])
    """
    if not hasattr(batch, "__getitem__") or isinstance(batch, (str, Mapping)):
        raise DataError("concat_examples(batch)", describe(batch), "a list of examples")
    if len(batch) == 0:
        raise DataError("batch is empty", hint="The iterator gave no examples.")
    first = batch[0]
    if isinstance(first, tuple):
        pads = padding if isinstance(padding, tuple) else (padding,) * len(first)
        _check_form(batch, tuple, len(first))
        if len(pads) != len(first):
            expected = f"{len(first)}, one for each item"
            raise DataError("concat_examples(padding=...)", f"{len(pads)} values", expected)
        return tuple(
            to_device(device, _stack([example[i] for example in batch], pads[i], f"item {i}"))
            for i in range(len(first))
        )
    if isinstance(first, Mapping):
        _check_form(batch, Mapping, len(first))
        pads_by_name = padding if isinstance(padding, Mapping) else dict.fromkeys(first, padding)
        return {
            k: to_device(device, _stack([e[k] for e in batch], pads_by_name.get(k), f"item {k!r}"))
            for k in first
        }
    return to_device(device, _stack(list(batch), padding, "examples"))


def _check_form(batch: Sequence[Any], form: Any, size: int) -> None:
    for i, example in enumerate(batch):
        if not isinstance(example, form) or len(example) != size:
            raise DataError(
                "concat_examples(batch)",
                f"example {i} is a {type(example).__name__} unlike the first one",
                f"a {type(batch[0]).__name__} of {size} items",
            )
        if isinstance(example, Mapping) and example.keys() != batch[0].keys():
            got = f"example {i} with the keys {sorted(example)}"
            raise DataError("concat_examples(batch)", got, f"{sorted(batch[0])}, as the first one")


def _stack(items: list[Any], padding: Any, what: str) -> Any:
    try:
        arrays = [x if isinstance(x, get_array_types()) else np.asarray(x) for x in items]
    except ValueError as error:  # lists of unequal lengths
        raise DataError(
            "concat_examples(batch)", f"{what}: {error}", "numbers or arrays"
        ) from error
    if any(a.dtype == object for a in arrays):
        raise DataError("concat_examples(batch)", f"{what} that are no arrays", "numbers or arrays")
    xp = get_array_module(*arrays)
    shapes = {a.shape for a in arrays}
    if len(shapes) == 1:
        return xp.stack(arrays)
    if padding is None or len({a.ndim for a in arrays}) > 1:
        shown = ", ".join(map(str, sorted(shapes)[:4]))
        raise DataError(
            "concat_examples(batch)",
            f"{what} of shapes {shown}",
            "one shape",
            "Give padding=0 to pad them to the largest.",
        )
    size = tuple(max(sizes) for sizes in zip(*shapes, strict=True))
    filled = [a for a in arrays if a.size]  # an empty list alone has become float64
    try:
        result = xp.full((len(arrays), *size), padding, xp.result_type(*(filled or arrays)))
    except (TypeError, ValueError) as error:
        got = f"{describe(padding)} for {arrays[0].dtype} {what}"
        raise DataError("concat_examples(padding=...)", got, "a number") from error
    for i, a in enumerate(arrays):
        result[(i, *map(slice, a.shape))] = a
    return result
