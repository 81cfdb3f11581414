"""NegativeSampling, BlackOut and BinaryHierarchicalSoftmax."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DtypeError, RangeError, ShapeError, UsageError
from renkei.testing import check_link

T = np.array([1, 0, 3])


class Fixed(L.BlackOut):
    """With classes that do not change from call to call."""

    sample_data = np.array([[0, 2], [3, 3], [1, 2]])

    def forward(self, x):
        return super().forward(x, T)


class Tree(L.BinaryHierarchicalSoftmax):
    def forward(self, x):
        return super().forward(x, T)


class Negative(L.NegativeSampling):
    """Starts from the same seed in every call; its weights begin with zeros, so that a link with
    others is made."""

    def __init__(self):
        super().__init__(2, [4, 3, 2, 1], 5)
        self.W.array[...] = np.arange(8).reshape(4, 2) / 8

    def forward(self, x):
        rk.seed(0)
        return super().forward(x, T)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fixed(2, [4, 3, 2, 1], 2),
        lambda: Tree(2, ((0, 2), (3, 1))),
        Negative,
    ],
    ids=["BlackOut", "BinaryHierarchicalSoftmax", "NegativeSampling"],
)
def test_link(make):
    check_link(make, [(3, 2)], tol={"float16": (2e-2, 2e-2)})


def test_keys():
    made = L.NegativeSampling(2, [1, 2, 3], 4), L.BlackOut(2, [1, 2, 3], 4)
    for link in (*made, L.BinaryHierarchicalSoftmax(2, (((0, 1), 2), 3))):
        assert {k: v.shape for k, v in link.state().items()} == {"W": (3, 2)}
    assert not made[0].W.array.any()


def test_wrong_classes_are_drawn_by_frequency():
    rk.seed(0)
    link = L.NegativeSampling(2, [16, 1, 0], 20, power=0.5)
    x, t = np.ones((200, 2), np.float32), np.full(200, 2)
    _, samples = link(x, t, return_samples=True)
    assert samples.shape == (200, 21)
    np.testing.assert_allclose(np.bincount(samples[:, 1:].ravel()) / 4000, [0.8, 0.2], atol=0.02)


def test_paths_of_a_tree():
    link = L.BinaryHierarchicalSoftmax(2, ((3, 1), (2, 0)))
    assert link.nodes.tolist() == [0, 2, 0, 1, 0, 2, 0, 1]
    assert link.codes.tolist() == [-1, -1, 1, -1, -1, 1, 1, 1]
    assert link.begins.tolist() == [0, 2, 4, 6, 8]


def test_probabilities_of_all_classes_sum_to_1(rng):
    link = L.BinaryHierarchicalSoftmax(2, (((0, 4), 2), (3, 1)))
    x = rng.normal(size=(1, 2)).astype(np.float32)
    total = sum(float(F.exp(-link(x, np.array([c])))) for c in range(5))
    assert total == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(
    ("counts", "tree"),
    [
        ({0: 8, 1: 5, 2: 6, 3: 4}, ((3, 1), (2, 0))),
        (dict(enumerate([1, 1, 2, 2, 3, 3, 1, 7])), (7, (((6, (0, 1)), 4), (5, (2, 3))))),
        ({5: 1}, 5),
    ],
)
def test_huffman_trees_as_chainer_makes_them(counts, tree):
    assert L.BinaryHierarchicalSoftmax.create_huffman_tree(counts) == tree


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: L.BinaryHierarchicalSoftmax(2, ((0, 1), 0)), RangeError, "class 0 twice"),
        (lambda: L.BinaryHierarchicalSoftmax(2, ((0, 1, 2), 3)), DtypeError, "pairs of nodes"),
        (lambda: L.BinaryHierarchicalSoftmax(2, ("a", "b")), DtypeError, "pairs of nodes"),
        (lambda: L.BinaryHierarchicalSoftmax.create_huffman_tree({}), UsageError, "no classes"),
        (lambda: L.NegativeSampling(2, [], 3), ShapeError, "weights"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
