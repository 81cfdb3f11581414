"""Random numbers from one counter-based stream: the same on every backend, resumable, replayable.

A ``Generator`` is a key and an offset. Kernels on any device compute the numbers from (key, offset)
themselves, so nothing random has to be stored for backward, replay or resume. What is drawn on the
host (initial weights, shuffles) comes from NumPy's Philox generator under the same key.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from renkei.core.config import environment
from renkei.core.errors import DtypeError, RangeError, describe

__all__ = ["Generator", "bits", "generator", "seed", "uniform"]

_MASK = 0xFFFFFFFF
_SCALE = (0xD2511F53, 0xCD9E8D57)  # multipliers and key increments of Philox-4x32
_WEYL = (0x9E3779B9, 0xBB67AE85)


class Generator:
    r"""A stream of random numbers that is a pure function of (key, offset).

    Args:
        seed: a non-negative integer; None takes one from the operating system.

    >>> from renkei.core.random import Generator
    >>> a, b = Generator(1), Generator(1)
    >>> bool((a.host.normal(size=3) == b.host.normal(size=3)).all())
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        self._lock = threading.Lock()
        self.seed(seed)

    def seed(self, seed: int | None = None) -> None:
        """Starts the stream anew."""
        if seed is None:
            seed = int.from_bytes(os.urandom(8), "little")
        if not isinstance(seed, (int, np.integer)):
            raise DtypeError("seed(seed)", describe(seed), "an integer")
        if seed < 0:
            raise RangeError("seed(seed)", str(seed), "a non-negative integer")
        self.key = int(seed) % 2**64
        self.offset = 0
        self.host = np.random.Generator(np.random.Philox(key=[self.key, 0x52656E6B6569]))

    def take(self, count: int) -> tuple[int, int]:
        """Reserves ``count`` numbers of the stream; returns the (key, offset) where they begin."""
        with self._lock:
            offset = self.offset
            self.offset += (count + 3) // 4 * 4
        return self.key, offset

    def state(self) -> dict[str, Any]:
        """Everything that continues the stream, as arrays."""
        host = self.host.bit_generator.state
        inner = host["state"]
        return {
            "key": np.array([self.key], np.uint64),
            "offset": np.array([self.offset], np.uint64),
            "host_counter": inner["counter"].copy(),
            "host_key": inner["key"].copy(),
            "host_buffer": host["buffer"].copy(),
            "host_rest": np.array(
                [host["buffer_pos"], host["has_uint32"], host["uinteger"]], np.int64
            ),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continues where ``state`` was taken."""
        position, has_half, half = (int(v) for v in state["host_rest"])
        self.host.bit_generator.state = {
            "bit_generator": "Philox",
            "state": {
                "counter": np.asarray(state["host_counter"], np.uint64),
                "key": np.asarray(state["host_key"], np.uint64),
            },
            "buffer": np.asarray(state["host_buffer"], np.uint64),
            "buffer_pos": position,
            "has_uint32": has_half,
            "uinteger": half,
        }
        self.key, self.offset = int(state["key"][0]), int(state["offset"][0])


def bits(xp: Any, key: int, offset: int, count: int) -> Any:
    r"""``count`` random 32-bit integers of the stream (key, offset): Philox-4x32-10.

    Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011). The value at position i
    depends on the key and offset + i alone, whatever the device and the number of threads.

    Args:
        xp: the array module.
        key: 64 bits.
        offset: where to begin; a multiple of 4.
        count: how many.

    Returns:
        uint32 array of shape (count,).

    >>> from renkei.core.random import bits
    >>> bool((bits(np, 7, 4, 8)[4:] == bits(np, 7, 8, 4)).all())
    True
    """
    blocks = offset // 4 + xp.arange((count + 3) // 4, dtype=xp.uint64)
    zeros = xp.zeros_like(blocks)
    words = _philox((blocks & _MASK, blocks >> 32, zeros, zeros), key & _MASK, key >> 32)
    return xp.stack(words, axis=1).astype(xp.uint32).reshape(-1)[:count]


def _philox(counter: tuple[Any, Any, Any, Any], k0: int, k1: int) -> tuple[Any, Any, Any, Any]:
    """Ten rounds over four words of each counter, as uint64 arrays of values below 2**32."""
    c0, c1, c2, c3 = counter
    for _ in range(10):
        p0, p1 = c0 * _SCALE[0], c2 * _SCALE[1]
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & _MASK, (p0 >> 32) ^ c3 ^ k1, p0 & _MASK
        k0, k1 = (k0 + _WEYL[0]) & _MASK, (k1 + _WEYL[1]) & _MASK
    return c0, c1, c2, c3


def uniform(xp: Any, key: int, offset: int, shape: tuple[int, ...]) -> Any:
    """float32 numbers in [0, 1) of the stream (key, offset), 24 bits each."""
    count = int(np.prod(shape))
    numbers = bits(xp, key, offset, count) >> 8
    return numbers.astype(xp.float32).reshape(shape) * xp.float32(2.0**-24)


_default: Generator | None = None


def generator() -> Generator:
    """The generator that functions, initializers and iterators draw from."""
    global _default
    if _default is None:  # made on first use: numpy.random takes 10 ms to import
        start = environment("SEED")
        _default = Generator(None if start is None else int(start))
    return _default


def seed(seed: int | None = None) -> None:
    r"""Starts the random stream anew, so that a run can be repeated.

    Args:
        seed: a non-negative integer; None takes one from the operating system.

    Raises:
        DtypeError: the seed is no integer.
        RangeError: the seed is negative.

    >>> import renkei as rk
    >>> rk.seed(0)
    """
    generator().seed(seed)
