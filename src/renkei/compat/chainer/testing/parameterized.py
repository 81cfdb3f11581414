"""Tests for many combinations of parameters."""

from __future__ import annotations

import functools
import itertools
import types
import unittest
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from renkei.compat.chainer.testing import _bundle

__all__ = [
    "from_pytest_parameterize",
    "parameterize",
    "parameterize_pytest",
    "product",
    "product_dict",
]


def _shown(value: Any) -> str:
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) else repr(value)


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head = (limit - 3) // 2
    return text[:head] + "..." + text[len(text) - (limit - 3 - head) :]


def _class_name(base: str, i: int, parameter: dict[str, Any]) -> str:
    cells = [f"{k}={_shortened(_shown(v), 100)}" for k, v in sorted(parameter.items())]
    return f"{base}_param_{i}_{{{_shortened(', '.join(cells), 5000)}}}"


def parameterize(*params: dict[str, Any]) -> Any:
    r"""A class decorator: one class of tests for each dict, its items as attributes.

    Args:
        params: dicts of attributes; ``testing.product`` makes them.

    >>> from renkei.compat.chainer import testing
    >>> testing.product({"shape": [(2,), ()], "dtype": ["f"]})
    [{'dtype': 'f', 'shape': (2,)}, {'dtype': 'f', 'shape': ()}]
    """

    def generate(base: type) -> Iterator[Any]:
        for i, parameter in enumerate(params):
            name = _class_name(base.__name__, i, parameter)
            yield name, _members(base, parameter), functools.partial(_explaining, base, parameter)

    return _bundle.make_decorator(generate)


def _members(base: type, parameter: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {
        "__str__": lambda self: f"{base.__str__(self)}  parameter: {parameter}"
    }
    for key, value in parameter.items():
        # a function stays a function: it does not become a method
        members[key] = staticmethod(value) if isinstance(value, types.FunctionType) else value
    return members


def _explaining(base: type, parameter: dict[str, Any], method: Any) -> Any:
    """The test method with the parameters in the messages of its failures."""

    @functools.wraps(method)
    def test(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except unittest.SkipTest:
            raise
        except Exception as error:
            rows = [f"  {k}: {v}" for k, v in sorted(parameter.items())]
            error.add_note(
                "Parameterized test failed.\n\n"
                f"Base test method: {base.__name__}.{method.__name__}\nTest parameters:\n"
                + "\n".join(rows)
            )
            raise

    return test


def from_pytest_parameterize(names: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """Dicts from names separated by commas and a list of their values."""
    keys = names.split(",")
    if len(keys) == 1:
        return [{keys[0]: value} for value in values]
    for value in values:
        if not isinstance(value, (tuple, list)) or len(value) != len(keys):
            raise AssertionError(f"{len(keys)} values are wanted for {names!r}, got {value!r}")
    return [dict(zip(keys, value, strict=True)) for value in values]


def parameterize_pytest(names: str, values: Sequence[Any]) -> Any:
    """``parameterize`` with the arguments of pytest's own."""
    return parameterize(*from_pytest_parameterize(names, values))


def product(parameter: Any) -> list[dict[str, Any]]:
    """All combinations, from a dict of lists of values or from a list of lists of dicts."""
    if isinstance(parameter, dict):
        rows = [from_pytest_parameterize(k, v) for k, v in sorted(parameter.items())]
        return product_dict(*rows)
    if not isinstance(parameter, list):
        raise TypeError(f"parameter must be either dict or list. Actual: {type(parameter)}")
    if not all(isinstance(row, list) and all(isinstance(d, dict) for d in row)
               for row in parameter):  # fmt: skip
        raise TypeError("parameter must be list of lists of dicts")
    return product_dict(*parameter)


def product_dict(*parameters: Any) -> list[dict[str, Any]]:
    """All combinations of one dict of each list, joined."""
    return [
        {k: v for part in parts for k, v in part.items()}
        for parts in itertools.product(*parameters)
    ]


_product_dict_orig = product_dict


def _pairwise_product_dict(*parameters: Any) -> list[dict[str, Any]]:
    """Some combinations, so that any two dicts of two lists meet in one of them."""
    if len(parameters) <= 2:
        return _product_dict_orig(*parameters)
    lists = [list(dicts) for dicts in parameters]
    chosen = sorted(_nd_indices_to_cover_each_2d([len(dicts) for dicts in lists]))
    return [
        {k: v for i, dicts in zip(index, lists, strict=True) for k, v in dicts[i].items()}
        for index in chosen
    ]


def _nd_indices_to_cover_each_2d(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    pairs = list(itertools.combinations(range(len(shape)), 2))
    missing = {(i, j): set(np.ndindex(shape[i], shape[j])) for i, j in pairs}
    order = list(itertools.product(*map(range, shape)))
    np.random.RandomState(seed=0).shuffle(order)
    for index in order:
        new = [(i, j) for i, j in pairs if (index[i], index[j]) in missing[i, j]]
        for i, j in new:
            missing[i, j].discard((index[i], index[j]))
        if new:
            yield tuple(index)
