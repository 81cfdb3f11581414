"""Convolution kernels beside PyTorch's: forward, input gradient, weight gradient.

    python bench/conv.py [--threads N] [--json FILE]

Both run in one process with the same number of threads, in turns; the figure is the ratio of the
best times. PyTorch is not installed with the project: pip install torch.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from renkei import _native
from renkei.core.dispatch import run

SHAPES = [  # batch, channels, outputs, size
    (32, 3, 32, 32),
    (32, 32, 32, 32),
    (32, 32, 64, 8),
    (16, 64, 64, 56),
    (16, 256, 64, 28),
]


def calls(n: int, c: int, o: int, size: int, k: int) -> list[tuple[str, Any, Any]]:
    """For each kernel its name, our call and PyTorch's."""
    import torch

    rng = np.random.default_rng(0)
    x, W, gy = (
        rng.normal(size=shape).astype(np.float32)
        for shape in ((n, c, size, size), (o, c, k, k), (n, o, size, size))
    )
    tx, tW, tgy = map(torch.from_numpy, (x, W, gy))
    ones, pad = (1, 1), (k // 2, k // 2)
    attrs = {"stride": ones, "pad": pad, "dilate": ones, "groups": 1}

    def backward(mask: list[bool]) -> Callable[[], Any]:
        rest = (None, ones, pad, ones, False, (0, 0), 1, mask)
        return lambda: torch.ops.aten.convolution_backward(tgy, tx, tW, *rest)

    outsize = {"outsize": (size, size)}
    return [
        (
            "forward",
            lambda: run("convolution", x, W, None, **outsize, **attrs),
            lambda: torch.nn.functional.conv2d(tx, tW, None, 1, k // 2),
        ),
        (
            "grad_x",
            lambda: run("deconvolution", gy, W, None, **outsize, **attrs),
            backward([True, False, False]),
        ),
        (
            "grad_W",
            lambda: run("convolution_grad_w", x, gy, ksize=(k, k), **attrs),
            backward([False, True, False]),
        ),
    ]


def best(a: Callable[[], Any], b: Callable[[], Any], rounds: int = 12) -> tuple[float, float]:
    """Best seconds of two functions that are run in turns."""
    seen: tuple[list[float], list[float]] = ([], [])
    for i in range(rounds + 1):
        for function, times in zip((a, b), seen, strict=True):
            start = time.perf_counter()
            function()
            if i:
                times.append(time.perf_counter() - start)
    return min(seen[0]), min(seen[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", help="write the figures to this file")
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        print("The peer of this benchmark is PyTorch, which is not installed: pip install torch")
        return
    import torch

    torch.set_num_threads(options.threads)
    _native.set_num_threads(options.threads)
    rows = []
    for n, c, o, size in SHAPES:
        for k in (1, 3):
            work = 2 * n * c * o * size * size * k * k
            for name, ours, theirs in calls(n, c, o, size, k):
                mine, torchs = best(ours, theirs)
                row = {"shape": [n, c, o, size, k], "kernel": name, "ratio": mine / torchs}
                rows.append(row | {"gflops": work / mine / 1e9, "torch": work / torchs / 1e9})
                print(
                    f"{n}x{c}x{size}x{size} -> {o}, {k}x{k} {name:>7}: {work / mine / 1e9:5.0f} "
                    f"GFLOP/s, PyTorch {work / torchs / 1e9:5.0f}, time ratio {mine / torchs:.2f}"
                )
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
