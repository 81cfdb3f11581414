"""Classes of tests made from one class, for decorators that multiply tests."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

__all__ = ["Bundle", "Case", "make_decorator"]


class Case(NamedTuple):
    """A class of tests; ``module`` and ``name`` say where it was put, None for the original."""

    klass: type
    module: str | None
    name: str | None


class Bundle:
    """The classes that a decorator made, for the next decorator."""

    __test__ = False

    def __init__(self, cases: list[Case]) -> None:
        self.cases = cases


Generator = Callable[[type], Iterable[tuple[str, dict[str, Any], Callable[[Any], Any]]]]


def make_decorator(generate: Generator) -> Callable[[Any], Bundle]:
    """A class decorator that replaces a class of tests by generated ones.

    Args:
        generate: takes the class; gives, for each new one, its name, its members and a function
            from each test method to the new one (or None to leave it out).
    """

    def decorate(target: Any) -> Bundle:
        cases = target.cases if isinstance(target, Bundle) else [Case(target, None, None)]
        made: list[Case] = []
        for case in cases:
            if case.module is not None:  # made by the decorator below: ours take its place
                delattr(sys.modules[case.module], case.name or "")
            module = case.module or case.klass.__module__
            made += [_made(case.klass, module, *row) for row in generate(case.klass)]
        return Bundle(made)

    return decorate


def _made(
    base: type, module: str, name: str, members: dict[str, Any], convert: Callable[[Any], Any]
) -> Case:
    members = dict(members)
    for key, method in inspect.getmembers(base, inspect.isfunction):
        if key.startswith("test_"):
            members[key] = convert(method)  # None hides the method from test runners
    klass = type(name, (base,), {**members, "__module__": module})
    setattr(sys.modules[module], name, klass)
    return Case(klass, module, name)
