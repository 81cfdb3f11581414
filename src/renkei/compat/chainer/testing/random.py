"""Random numbers that are the same in every run of a test."""

from __future__ import annotations

import functools
import os
import random
import types
from typing import Any

import numpy as np

from renkei.compat.chainer.testing import _bundle

__all__ = ["do_setup", "do_teardown", "fix_random", "generate_seed"]

_states: list[tuple[Any, Any]] = []
_depth = 0  # tests within condition.retry set up twice; only the outermost pair counts


def do_setup(deterministic: bool = True) -> None:
    """Remembers the generators' states and seeds NumPy's."""
    _states.append((random.getstate(), np.random.get_state()))
    np.random.seed(100 if deterministic else None)


def do_teardown() -> None:
    """Puts the generators' states back."""
    python_state, numpy_state = _states.pop()
    random.setstate(python_state)
    np.random.set_state(numpy_state)


def _setup_random() -> None:
    global _depth
    if _depth == 0:
        do_setup(not int(os.environ.get("CHAINER_TEST_RANDOM_NONDETERMINISTIC", "0")))
    _depth += 1


def _teardown_random() -> None:
    global _depth
    if _depth <= 0:
        raise AssertionError("_setup_random has not been called")
    _depth -= 1
    if _depth == 0:
        do_teardown()


def generate_seed() -> int:
    """A seed, inside a test with fixed random numbers."""
    if _depth <= 0:
        raise AssertionError("random is not set up")
    return int(np.random.randint(0xFFFFFFFF))


def fix_random(*, setup_method: str = "setUp", teardown_method: str = "tearDown") -> Any:
    """A decorator for a test or a class of tests: the same random numbers in every run.

    Args:
        setup_method: the name of the method that runs before each test.
        teardown_method: the name of the method that runs after it.
    """

    def decorate(target: Any) -> Any:
        if isinstance(target, types.FunctionType):
            return _fixed(target)
        cases = target.cases if isinstance(target, _bundle.Bundle) else None
        for klass in [target] if cases is None else [case.klass for case in cases]:
            _fix_class(klass, setup_method, teardown_method)
        return target

    return decorate


def _fixed(function: Any) -> Any:
    @functools.wraps(function)
    def test(*args: Any, **kwargs: Any) -> Any:
        _setup_random()
        try:
            return function(*args, **kwargs)
        finally:
            _teardown_random()

    return test


def _fix_class(klass: type, setup: str, teardown: str) -> None:
    before, after = getattr(klass, setup), getattr(klass, teardown)

    @functools.wraps(before)
    def new_setup(self: Any) -> None:
        _setup_random()
        before(self)

    @functools.wraps(after)
    def new_teardown(self: Any) -> None:
        try:
            after(self)
        finally:
            _teardown_random()

    setattr(klass, setup, new_setup)
    setattr(klass, teardown, new_teardown)
