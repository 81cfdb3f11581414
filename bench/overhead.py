"""Overhead per small operation beside PyTorch eager: 100 chained tanh(h * c + c) on 8x8 arrays.

    python bench/overhead.py [--json FILE]

Both run in one process on one thread, interleaved; the figure is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import renkei as rk
from renkei import functions as F

STEPS, ROUNDS = 100, 200


def ours(h0: Any, c0: Any, backward: bool) -> Callable[[], None]:
    seed = np.ones_like(h0)

    def run() -> None:
        h, c = rk.Variable(h0), rk.Variable(c0)
        for _ in range(STEPS):
            h = F.tanh(h * c + c)
        if backward:
            h.grad = seed
            h.backward()

    return run


def theirs(h0: Any, c0: Any, backward: bool) -> Callable[[], None]:
    import torch

    torch.set_num_threads(1)
    start, factor = torch.from_numpy(h0), torch.from_numpy(c0)
    seed = torch.ones_like(start)

    def run() -> None:
        h = start.detach().requires_grad_()
        c = factor.detach().requires_grad_()
        for _ in range(STEPS):
            h = torch.tanh(h * c + c)
        if backward:
            h.backward(seed)

    return run


def measure(a: Callable[[], None], b: Callable[[], None]) -> tuple[float, float]:
    """Median seconds of two functions that are run in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(ROUNDS + 10):
        for function, seen in zip((a, b), times, strict=True):
            start = time.perf_counter()
            function()
            if i >= 10:
                seen.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        print("The peer of this benchmark is PyTorch, which is not installed: pip install torch")
        return
    rng = np.random.default_rng(0)
    h0 = rng.normal(size=(8, 8)).astype(np.float32)
    c0 = (rng.normal(size=(8, 8)) * 0.1).astype(np.float32)
    rows = {}
    for name, backward in (("forward", False), ("forward+backward", True)):
        mine, torch = measure(ours(h0, c0, backward), theirs(h0, c0, backward))
        per_op = 1e6 / (3 * STEPS)
        rows[name] = {
            "renkei_us_per_op": mine * per_op,
            "torch_us_per_op": torch * per_op,
            "ratio": mine / torch,
        }
        print(
            f"{name:>17}: renkei {mine * per_op:5.2f} us/op, PyTorch {torch * per_op:5.2f} us/op, "
            f"ratio {mine / torch:.2f}"
        )
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
