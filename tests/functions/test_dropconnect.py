"""Statistics, options and mistakes of dropconnect."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, RangeError, ShapeError

X, W, B = np.ones((4, 3)), np.ones((2, 3)), np.ones(2)


def test_the_mean_stays_and_examples_differ():
    rk.seed(0)
    y = F.simplified_dropconnect(np.ones((2000, 4)), np.ones((1, 4)), ratio=0.25)
    assert set(np.unique(y.round(6))) == {0, 1.333333, 2.666667, 4, 5.333333}
    assert abs(y.mean() - 4) < 0.1


def test_one_mask_for_all_examples():
    rk.seed(0)
    y = F.simplified_dropconnect(np.ones((50, 9)), np.ones((7, 9)), use_batchwise_mask=False)
    assert (y == y[0]).all() and len(np.unique(y[0])) > 1


def test_the_argument_counts_and_not_the_configuration():
    rk.seed(0)
    with rk.using_config("train", False):
        y = F.simplified_dropconnect(np.ones((50, 9)), np.ones((7, 9)))
    assert len(np.unique(y)) > 1
    assert (F.simplified_dropconnect(X, W, B, 0.9, train=False) == 4).all()


def test_a_given_mask_counts_also_in_testing():
    mask = np.array([[1, 0, 0], [1, 1, 1]])
    y = F.simplified_dropconnect(X, W, None, 0.5, train=False, mask=rk.Variable(mask * 1.0))
    assert y.tolist() == [[1, 3]] * 4


@pytest.mark.parametrize(
    ("arguments", "attrs", "error", "message"),
    [
        ((X, W[:, :2]), {}, ShapeError, r"x \(4, 3\) and W \(2, 2\)"),
        ((X[0], W), {}, ShapeError, r"x \(3,\)"),
        ((X, W, X), {}, ShapeError, r"b.shape == \(2,\)"),
        ((X, W), {"mask": np.ones((3, 2, 3))}, ShapeError, r"a mask \(2, 3\) or \(4, 2, 3\)"),
        ((X.astype(int), W), {}, DtypeError, "x int64"),
        ((X, None), {}, DtypeError, "W NoneType"),
        ((X, W), {"ratio": 1.0}, RangeError, "ratio=1.0"),
        ((X, W), {"ratio": "half"}, DtypeError, "ratio="),
    ],
)
def test_mistakes(arguments, attrs, error, message):
    with pytest.raises(error, match=message):
        F.simplified_dropconnect(*arguments, **attrs)
