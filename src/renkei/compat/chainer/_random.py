"""The engine's random numbers as a function of the state of ``numpy.random``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from renkei.core.random import generator

__all__ = ["numpy_keys"]


@contextlib.contextmanager
def numpy_keys() -> Iterator[None]:
    """A block whose random numbers start from a key drawn from ``numpy.random``.

    A program that calls ``numpy.random.seed`` gets the same numbers again, as it is used to.
    """
    source = generator()
    before = source.state()
    source.seed(int(np.random.randint(2**31)))
    try:
        yield
    finally:
        source.load_state(before)
