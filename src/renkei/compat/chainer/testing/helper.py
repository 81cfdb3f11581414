"""Requirements, warnings and patches in tests."""

from __future__ import annotations

import contextlib
import re
import sys
import unittest
import warnings
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from unittest import mock

__all__ = ["assert_warns", "patch", "with_requires", "without_requires"]

_COMPARE = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}


def _numbers(text: str) -> tuple[int, ...]:
    """The release as numbers, without the zeros at its end; letters end it."""
    found = re.match(r"\d+(\.\d+)*", text.strip())
    parts = [int(part) for part in found.group().split(".")] if found else []
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _satisfied(requirement: str) -> bool:
    """Whether a requirement such as ``"numpy>=1.9,<3"`` holds here."""
    found = re.match(r"\s*([A-Za-z0-9_.\-]+)(\[[^\]]*\])?\s*(.*)", requirement)
    if found is None:
        raise ValueError(f"{requirement!r} is no requirement")
    name, clauses = found.group(1), found.group(3)
    if name == "chainer":
        from renkei.compat import chainer

        present = chainer.__version__
    else:
        try:
            present = version(name)
        except PackageNotFoundError:
            return False
    for clause in filter(None, (c.strip() for c in clauses.split(","))):
        parts = re.match(r"(==|!=|<=|>=|<|>)\s*(.+)", clause)
        if parts is None:
            raise ValueError(f"{clause!r} is no version clause")
        if not _COMPARE[parts.group(1)](_numbers(present), _numbers(parts.group(2))):
            return False
    return True


def with_requires(*requirements: str) -> Any:
    """A decorator: the test is skipped unless all requirements are met, as in ``"scipy>=1"``."""
    skip = not all(map(_satisfied, requirements))
    return unittest.skipIf(skip, f"requires: {','.join(requirements)}")


def without_requires(*requirements: str) -> Any:
    """A decorator: the test is skipped if all requirements are met."""
    skip = all(map(_satisfied, requirements))
    return unittest.skipIf(skip, f"requires: {','.join(requirements)}")


@contextlib.contextmanager
def assert_warns(expected: Any) -> Iterator[None]:
    """A block that must raise a warning of a class."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    if not any(isinstance(warning.message, expected) for warning in caught):
        raise AssertionError(f"{getattr(expected, '__name__', expected)} not triggerred")


def patch(target: str, *args: Any, **kwargs: Any) -> Any:
    """``mock.patch`` whose mock calls the real object, to watch how it is called."""
    if "wraps" not in kwargs:
        head, *rest = target.split(".")
        found: Any = sys.modules.get(head)
        if found is None:
            raise RuntimeError(f"Can't import {head}")
        for part in rest:
            found = getattr(found, part)
        kwargs["wraps"] = found
    return mock.patch(target, *args, **kwargs)
