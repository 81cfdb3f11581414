"""Misuse by chance: calls of every function and link with one wrong argument raise our errors.

Each call is a row of the case tables, or a link with its usual sizes, in which one argument is
replaced by something that users pass by mistake. It may succeed, as ``axis=-1`` often does, but it
must not crash, hang, or raise anything that does not speak the caller's language.
"""

from __future__ import annotations

import inspect
import random
import re
import resource
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
import renkei.links as L
from renkei.core.errors import RenkeiError
from renkei.testing import load_cases

CASES = Path(__file__).parent / "functions" / "cases"
# Python's own words for a wrong number of arguments, which are clear enough.
COUNT = re.compile(r"\(\) (missing \d|takes|got an unexpected keyword|got multiple values)")
HUGE = 10**18


def rows() -> dict[str, list[Any]]:
    """The rows of each public function that is called directly."""
    found: dict[str, list[Any]] = {name: [] for name in F.__all__}
    for path in sorted(CASES.glob("*.py")):
        for _, case in load_cases(path):
            name = getattr(case.function, "__name__", "")
            if name in found and case.function is getattr(F, name):
                found[name].append(case)
    return {name: cases for name, cases in found.items() if cases}


def wrong_array(x: Any, rng: random.Random) -> Any:
    """An array like ``x`` with one thing wrong, or no array at all."""
    if not isinstance(x, np.ndarray):
        return rng.choice(["text", 3, np.ones((2, 3), np.float32)])
    spoilt = x.copy()
    ids = x.dtype.kind in "iu"
    if spoilt.size and x.dtype.kind in "if":
        spoilt.flat[rng.randrange(spoilt.size)] = rng.choice([-99, 99]) if ids else np.nan
    return rng.choice(
        [
            lambda: None,
            lambda: "text",
            lambda: rng.choice([1, 1.5, -1]),
            lambda: x.tolist(),
            lambda: [x, None],
            lambda: x[None],
            lambda: x.reshape(-1),
            lambda: np.zeros((), x.dtype),
            lambda: np.concatenate([x, x], rng.randrange(x.ndim)) if x.ndim else x[None],
            lambda: x[:0] if x.ndim else x,
            lambda: np.zeros((*x.shape[:-1], 0), x.dtype) if x.ndim else x,
            lambda: x.astype(np.int64) if not ids else x.astype(np.float32),
            lambda: x > 0,
            lambda: x.astype(str),
            lambda: x.astype(object),
            lambda: spoilt,
            lambda: rk.Variable(),
        ]
    )()


def wrong_value(value: Any, rng: random.Random) -> Any:
    """Something else than a number, text or tuple that a function expects."""
    if isinstance(value, np.ndarray):
        return wrong_array(value, rng)
    choices: list[Any] = [None, "banana"]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        choices += [-1, 0, -7, HUGE, 1.5, float("nan"), (1, 2, 3, 4, 5), [value, None]]
    if isinstance(value, (tuple, list)):
        choices += [(), (*value, 1), value[:-1], tuple(-1 for _ in value), 3, (None,)]
    return rng.choice(choices)


def defaults(function: Any) -> dict[str, Any]:
    """The optional arguments of a function that are numbers, texts or tuples."""
    parameters = inspect.signature(function).parameters.values()
    return {
        p.name: p.default for p in parameters if isinstance(p.default, (int, float, str, tuple))
    }


def misuse(case: Any, rng: random.Random) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a row with one of them wrong."""
    inputs: list[Any] = case.draw(np.float32)
    attrs = dict(case.attrs)
    optional = {**defaults(case.function), **attrs}
    if inputs and (not optional or rng.random() < 0.6):
        at = rng.randrange(len(inputs))
        inputs[at] = wrong_array(inputs[at], rng)
    elif optional:
        name = rng.choice(sorted(optional))
        attrs[name] = wrong_value(optional[name], rng)
    if rng.random() < 0.5:  # recorded calls take other ways
        inputs = [rk.Variable(x) if isinstance(x, np.ndarray) else x for x in inputs]
    if rng.random() < 0.03:
        inputs = inputs[:-1]
    return [inputs] if case.variadic else inputs, attrs


def shown(arguments: Any) -> str:
    text = re.sub(r"\s+", " ", repr(arguments))
    return text if len(text) < 300 else text[:300] + "..."


def check(function: Any, inputs: list[Any], attrs: dict[str, Any]) -> Exception | None:
    """Calls a function and runs backward; the error, if it is none of ours."""
    try:
        result = function(*inputs, **attrs)
        for y in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(y, rk.Variable) and y.requires_grad and y.size < 10**6:
                y.grad = np.ones_like(y.array)
                y.backward()
    except RenkeiError as error:
        if not error.call or "Error" in str(error).split(":")[0]:
            return error
    except TypeError as error:
        if not COUNT.search(str(error)):
            return error
    except MemoryError:  # asked for more than there is, and says how much
        pass
    except Exception as error:
        return error
    return None


def complaint(name: str, inputs: Any, attrs: Any, error: Exception) -> str:
    return f"{name}(*{shown(inputs)}, **{shown(attrs)})\n  -> {type(error).__name__}: {error}"


def misused_functions(calls: int, salt: str = "") -> list[str]:
    """What went wrong in so many misuses of every function."""
    failures = []
    for name, cases in rows().items():
        # Seeded by the name: a new function does not change the calls of the others.
        rng = random.Random(zlib.crc32((name + salt).encode()))
        for _ in range(calls):
            inputs, attrs = misuse(rng.choice(cases), rng)
            error = check(getattr(F, name), inputs, attrs)
            if error is not None:
                failures.append(complaint(f"F.{name}", inputs, attrs, error))
    return failures


# Links with usual sizes, and the shapes or ids of what they are called with.
LINKS: dict[str, tuple[tuple[Any, ...], list[Any]]] = {
    "BatchNormalization": ((3,), [(4, 3)]),
    "Convolution1D": ((2, 3, 3), [(2, 2, 6)]),
    "Convolution2D": ((2, 3, 3), [(2, 2, 6, 6)]),
    "Convolution3D": ((2, 3, 2), [(1, 2, 4, 4, 4)]),
    "ConvolutionND": ((2, 2, 3, 3), [(2, 2, 6, 6)]),
    "Deconvolution1D": ((2, 3, 3), [(2, 2, 6)]),
    "Deconvolution2D": ((2, 3, 3), [(2, 2, 6, 6)]),
    "Deconvolution3D": ((2, 3, 2), [(1, 2, 3, 3, 3)]),
    "DeconvolutionND": ((2, 2, 3, 3), [(2, 2, 6, 6)]),
    "EmbedID": ((5, 3), [np.array([0, 4, 2])]),
    "GRU": ((3, 4), [(2, 3)]),
    "GroupNormalization": ((2, 4), [(2, 4, 3)]),
    "LSTM": ((3, 4), [(2, 3)]),
    "LayerNormalization": ((3,), [(2, 3)]),
    "Linear": ((3, 4), [(2, 3)]),
    "Maxout": ((3, 2, 2), [(2, 3)]),
    "PReLU": (((3,),), [(2, 3)]),
    "StatefulGRU": ((3, 4), [(2, 3)]),
    "StatefulPeepholeLSTM": ((3, 4), [(2, 3)]),
    "StatelessGRU": ((3, 4), [(2, 4), (2, 3)]),
    "StatelessLSTM": ((3, 4), [(2, 4), (2, 4), (2, 3)]),
    "Swish": (((3,),), [(2, 3)]),
}


def misused_link(name: str, rng: random.Random) -> tuple[Any, list[Any]]:
    """A function that makes a link and calls it, with one argument of either wrong."""
    sizes, inputs = LINKS[name]
    values = [x if isinstance(x, np.ndarray) else np.ones(x, np.float32) for x in inputs]
    arguments = list(sizes)
    if rng.random() < 0.5:
        at = rng.randrange(len(arguments))
        arguments[at] = wrong_value(arguments[at], rng)
    else:
        at = rng.randrange(len(values))
        values[at] = wrong_array(values[at], rng)
    return lambda *xs: getattr(L, name)(*arguments)(*xs), [arguments, values]


def misused_links(calls: int, salt: str = "") -> list[str]:
    """What went wrong in so many misuses of every link."""
    failures = []
    for name in LINKS:
        rng = random.Random(zlib.crc32((name + salt).encode()))
        for _ in range(calls):
            function, (arguments, values) = misused_link(name, rng)
            error = check(function, values, {})
            if error is not None:
                failures.append(complaint(f"L.{name}", arguments, values, error))
    return failures


@pytest.fixture
def little_memory() -> Any:
    """Requests for absurd sizes fail at once instead of filling the machine."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, before[1]))
    with warnings.catch_warnings():  # of NaN and of division by zero, which are asked for here
        warnings.simplefilter("ignore")
        yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.usefixtures("little_memory")
def test_misused_functions() -> None:
    failures = misused_functions(2)
    assert not failures, "\n".join(failures)


@pytest.mark.usefixtures("little_memory")
def test_misused_links() -> None:
    failures = misused_links(6)
    assert not failures, "\n".join(failures)


def test_there_are_enough() -> None:
    assert 2 * len(rows()) + 6 * len(LINKS) >= 300
