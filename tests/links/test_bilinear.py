"""Bilinear: the formula, its parameters, mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from renkei import links as L
from renkei.core.errors import DtypeError, RenkeiError, ShapeError


def test_value(double, rng):
    link = L.Bilinear(3, 4, 2, initial_bias=(None, None, np.array([5.0, 7.0])))
    e1, e2 = rng.normal(size=(6, 3)), rng.normal(size=(6, 4))
    expected = np.einsum("ij,ik,jkl->il", e1, e2, link.W.array) + [5, 7]
    expected += e1 @ link.V1.array + e2 @ link.V2.array
    assert np.allclose(link(e1, e2).array, expected)
    assert link.V1.array.any() and link.V2.array.any()


def test_parameters():
    link = L.Bilinear(3, 4, 2)
    shapes = {path: p.shape for path, p in link.namedparams()}
    assert shapes == {"/V1": (3, 2), "/V2": (4, 2), "/W": (3, 4, 2), "/b": (2,)}
    assert (link.b.array == 0).all()
    alone = L.Bilinear(3, 4, 2, nobias=True)
    assert [path for path, _ in alone.namedparams()] == ["/W"]
    assert str(alone) == "Bilinear(left_size=3, right_size=4, out_size=2, nobias=True)"


def test_mistakes():
    with pytest.raises(DtypeError, match="initial_bias=int 0; expected a tuple of three"):
        L.Bilinear(3, 4, 2, initial_bias=0)
    with pytest.raises(RenkeiError, match="right_size"):
        L.Bilinear(3, -4, 2)
    with pytest.raises(ShapeError, match=r"In the model \(Bilinear 3→4→2\)"):
        L.Bilinear(3, 4, 2)(np.ones((2, 3), np.float32), np.ones((2, 3), np.float32))
