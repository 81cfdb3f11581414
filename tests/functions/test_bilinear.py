"""Mistakes of bilinear functions."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DtypeError, ShapeError, UsageError

E1, E2, W = np.ones((4, 3)), np.ones((4, 2)), np.ones((3, 2, 5))
V1, V2, B = np.ones((3, 5)), np.ones((2, 5)), np.ones(5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((E1, E1, W), ShapeError, r"e2 \(4, 3\) and W \(3, 2, 5\)"),
        ((E1, E2[:3], W), ShapeError, r"e2 \(3, 2\)"),
        ((E1[0], E2, W), ShapeError, r"e1 \(3,\)"),
        ((E1, E2, W[0]), ShapeError, r"W \(2, 5\)"),
        ((E1.astype(int), E2, W), DtypeError, "e1 int64"),
        ((E1, None, W), DtypeError, "e2 NoneType"),
        ((E1, E2, W, V1), UsageError, "only V1"),
        ((E1, E2, W, None, V2, B), UsageError, "only V2 and b"),
        ((E1, E2, W, V2, V2, B), ShapeError, r"V1.shape == \(3, 5\)"),
        ((E1, E2, W, V1, V1, B), ShapeError, r"V2.shape == \(2, 5\)"),
        ((E1, E2, W, V1, V2, B[:1]), ShapeError, r"b.shape == \(5,\)"),
    ],
)
def test_mistakes(arguments, error, message):
    with pytest.raises(error, match=message):
        F.bilinear(*arguments)
