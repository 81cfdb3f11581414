"""Bilinear functions, product by product."""

from __future__ import annotations

import numpy as np

import renkei.functions as F
from renkei.testing import Case


def products(e1, e2, W, V1=None, V2=None, b=None):
    n = len(e1)
    y = np.zeros((n, W.shape[2]))
    for i in range(n):
        left, right = e1[i].ravel(), e2[i].ravel()
        for j, k in np.ndindex(W.shape[:2]):
            y[i] += left[j] * right[k] * W[j, k]
        if V1 is not None:
            y[i] += left @ V1 + right @ V2 + b
    return y


CASES = [
    Case(F.bilinear, [(4, 3), (4, 2), (3, 2, 5)], expected=products),
    Case(
        F.bilinear,
        [(4, 3), (4, 2), (3, 2, 5), (3, 5), (2, 5), (5,)],
        expected=products,
        label="with linear parts",
    ),
    Case(
        F.bilinear,
        [(2, 2, 2), (2, 1, 3), (4, 3, 2)],
        expected=products,
        label="further axes",
    ),
]
