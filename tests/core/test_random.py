"""The random stream: Philox against published vectors, independence, resuming."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import renkei as rk
from renkei.core.errors import RangeError
from renkei.core.random import Generator, _philox, bits, generator, uniform

# Counter, key and result of Philox-4x32-10, from the file kat_vectors of the Random123 library.
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip


def words(text):
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_philox_gives_the_published_numbers(counter, key, result):
    arrays = tuple(np.array([word], np.uint64) for word in words(counter))
    found = _philox(arrays, *words(key))
    assert [int(word[0]) for word in found] == words(result)


def test_bits_begin_with_the_vector_of_zeros():
    assert bits(np, 0, 0, 4).tolist() == words(KNOWN[0][2])
    assert bits(np, 0, 0, 4).dtype == np.uint32


def scalar_philox(counter, key):
    """The algorithm once more, on Python's integers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(c[0] * 0xD2511F53, 2**32)
        high1, low1 = divmod(c[2] * 0xCD9E8D57, 2**32)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**62), st.integers(0, 9))
def test_bits_are_a_function_of_key_and_position(key, block, count):
    found = bits(np, key, 4 * block, count)
    expected = []
    for i in range(3):
        counter = [(block + i) % 2**32, (block + i) >> 32, 0, 0]
        expected += scalar_philox(counter, [key % 2**32, key >> 32])
    assert found.tolist() == expected[:count]


def test_uniform_numbers():
    u = uniform(np, 3, 0, (100, 50))
    assert (u.shape, u.dtype) == ((100, 50), np.float32)
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(float(u.mean()) - 0.5) < 0.02
    assert abs(float(u.var()) - 1 / 12) < 0.005
    expected = (bits(np, 3, 0, 5000) >> 8) / 2**24
    np.testing.assert_array_equal(u.reshape(-1), expected.astype(np.float32))
    assert uniform(np, 3, 0, ()).shape == ()
    assert uniform(np, 3, 0, (0, 2)).shape == (0, 2)


def test_take_reserves_whole_blocks():
    g = Generator(5)
    assert [g.take(n) for n in (1, 4, 5, 0, 1)] == [(5, 0), (5, 4), (5, 8), (5, 16), (5, 16)]


def test_streams_differ_by_seed_and_repeat():
    a, b = Generator(1), Generator(2)
    assert (a.host.random(4) != b.host.random(4)).all()
    key, other = a.take(4)[0], b.take(4)[0]
    assert (bits(np, key, 0, 4) != bits(np, other, 0, 4)).all()
    a.take(100)
    a.seed(1)
    assert a.take(1) == (1, 0)
    assert a.host.random() == Generator(1).host.random()


def test_seeds():
    assert Generator(2**64 + 3).key == 3
    assert Generator().key != Generator().key
    assert Generator(np.int64(4)).key == 4
    with pytest.raises(RangeError, match="got -1; expected a non-negative integer"):
        Generator(-1)
    with pytest.raises(RangeError):
        rk.seed(-1)


def test_seed_restarts_the_default_generator():
    before = generator().state()
    try:
        rk.seed(7)
        first = generator().take(8), generator().host.random(3).tolist()
        rk.seed(7)
        assert (generator().take(8), generator().host.random(3).tolist()) == first
    finally:
        generator().load_state(before)


@pytest.mark.parametrize("draws", [0, 1, 3, 5])
def test_state_continues_the_stream(draws):
    g = Generator(11)
    g.take(10)
    g.host.integers(0, 7, draws, dtype=np.uint32)  # leaves half a word and a part of a buffer
    g.host.random(draws)
    state = g.state()
    assert all(isinstance(value, np.ndarray) for value in state.values())
    expected = g.take(3), g.host.random(20).tolist(), g.host.integers(0, 9, 5).tolist()
    other = Generator(99)
    other.load_state(state)
    found = other.take(3), other.host.random(20).tolist(), other.host.integers(0, 9, 5).tolist()
    assert found == expected
    g.load_state(state)
    assert g.take(3) == expected[0], "the state did not change meanwhile"


def test_state_survives_a_file(tmp_path):
    g = Generator(2**63 + 5)
    g.take(2**40)
    g.host.random(3)
    np.savez(tmp_path / "state.npz", **g.state())
    expected = g.take(1), g.host.random()
    other = Generator(0)
    with np.load(tmp_path / "state.npz", allow_pickle=False) as stored:
        other.load_state(dict(stored))
    assert (other.take(1), other.host.random()) == expected


def test_threads_never_get_the_same_numbers():
    g = Generator(0)
    taken: list[int] = []
    threads = [
        threading.Thread(target=lambda: taken.extend(g.take(3)[1] for _ in range(200)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(0, 4 * 800, 4))


def test_environment_variable_seeds():
    code = "from renkei.core.random import generator; print(generator().key)"
    env = {**os.environ, "RENKEI_SEED": "123"}
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert out.stdout.strip() == "123", out.stderr
