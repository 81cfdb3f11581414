"""Broadcasting: errors; the values are in cases/broadcast.py."""

from __future__ import annotations

import numpy as np
import pytest

import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.core.variable import Variable

X = np.zeros((2, 3, 4))


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (ShapeError, lambda: F.broadcast_to(X, (2, 3)), r"broadcast_to\(x, shape\)"),
        (ShapeError, lambda: F.broadcast_to(X, (2, 3, 5)), "shapes that broadcast"),
        (ShapeError, lambda: F.broadcast_to(X, (2, 1, 4)), "a larger shape"),
        (ShapeError, lambda: F.sum_to(X, (2, 3)), r"sum_to\(x, shape\)"),
        (ShapeError, lambda: F.sum_to(X, (5, 2, 3, 4)), "a smaller shape"),
        (ShapeError, lambda: F.broadcast(X, X[:, :2]), r"broadcast\(\*xs\)"),
        (DtypeError, lambda: F.broadcast(X, 1.0), r"xs\[1\] float 1.0; expected an array"),
        (ShapeError, lambda: F.scale(X, np.zeros(4)), r"x \(2, 3, 4\) and y \(4,\), axis=1"),
        (ShapeError, lambda: F.scale(X, np.zeros((4, 1)), -1), "from axis -1 on"),
        (RangeError, lambda: F.scale(X, np.zeros(3), 3), r"scale\(x, y, axis\): got axis=3"),
        (DtypeError, lambda: F.scale(X, 2.0), "y float 2.0; expected an array or a Variable"),
        (ShapeError, lambda: F.bias(X, np.zeros(2)), r"bias\(x, y, axis\): got x \(2, 3, 4\)"),
    ],
)
def test_errors(error, call, message):
    with pytest.raises(error, match=message):
        call()


def test_the_module_does_not_hide_the_function():
    import importlib

    module = importlib.import_module("renkei.functions.broadcast")
    assert F.broadcast is module.broadcast


def test_what_needs_no_work_is_returned():
    x = Variable(X)
    assert F.broadcast_to(x, X.shape) is x
    assert F.sum_to(x, X.shape) is x
