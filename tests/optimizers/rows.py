"""The rows of expected.json, and links to update."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import renkei as rk

__all__ = ["EXPECTED", "GRADS", "NAMES", "P", "link", "steps"]

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "expected.json").read_text())
P = [[0.5, -1.0, 2.0], [0.0, 0.25, -3.0]]  # as in make_expected.py
GRADS = [
    [[0.1, -0.2, 0.3], [0.0, 2.0, -1.0]],
    [[-0.3, -0.1, 0.2], [0.0, 1.0, 4.0]],
    [[0.2, 0.0, -0.5], [0.0, -1.5, 0.01]],
]
NAMES = [
    f"{n}-{'-'.join(settings) or 'default'}" if settings else n
    for n, settings, _ in EXPECTED["rules"]
]


def link(dtype=np.float32, copies=1):
    result = rk.Link()
    for i in range(copies):
        setattr(result, f"w{i}", rk.Parameter(np.array(P, dtype)))
    return result


def steps(optimizer, dtype=np.float32, scale=1.0, each=None):
    for i, g in enumerate(GRADS):
        if each:
            each(i)
        for param in optimizer.target.params():
            param.grad = (np.array(g) * scale).astype(dtype)
        optimizer.update()
    return optimizer.target.w0.array
