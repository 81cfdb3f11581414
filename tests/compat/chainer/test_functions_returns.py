"""What functions return beside their Variable: arrays, as Chainer's do."""

from __future__ import annotations

import numpy as np

from renkei.compat.chainer import Variable
from renkei.compat.chainer import functions as F


def test_places_and_masks_are_arrays():
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    y, places = F.max_pooling_2d(x, 2, return_indices=True)
    assert isinstance(y, Variable) and isinstance(places, np.ndarray)
    y, mask = F.dropout(x, 0.5, return_mask=True)
    assert isinstance(y, Variable) and isinstance(mask, np.ndarray)


def test_one_array_broadcast_alone():
    x = np.ones((3, 2), np.float32)
    assert isinstance(F.broadcast(x), Variable)
    a, b = F.broadcast(x, x[:1])
    assert a.shape == b.shape == (3, 2)
