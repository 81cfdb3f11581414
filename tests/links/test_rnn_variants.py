"""LSTMs over trees, zoneout and minimal gated units, against textbook steps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DtypeError, RangeError, ShapeError, UsageError
from renkei.testing import check_link


def values(link):
    return {k: np.asarray(v, np.float64) for k, v in link.state().items()}


def child_sum(link, *inputs):
    s, d, n = values(link), link.state_size, len(inputs) // 2
    cs, hs, x = inputs[:n], inputs[n:-1], inputs[-1]
    of_x = x @ s["W_x/W"].T + s["W_x/b"]
    a, i, o = np.split(of_x[:, : 3 * d] + sum(hs, 0) @ s["W_h_aio/W"].T if n else
                       of_x[:, : 3 * d], 3, axis=1)  # fmt: skip
    c = np.tanh(a) * expit(i)
    for c_k, h_k in zip(cs, hs):
        c = c + c_k * expit(of_x[:, 3 * d :] + h_k @ s["W_h_f/W"].T)
    return c, expit(o) * np.tanh(c)


def n_ary(link, *inputs):
    s, n = values(link), link.n_ary
    cs, hs, x = inputs[:n], inputs[n:-1], inputs[-1]
    g = x @ s["W_x/W"].T + s["W_x/b"]
    for k, h in enumerate(hs, start=1):
        g = g + h @ s[f"W_h{k}/W"].T
    a, i, o, *fs = np.split(g, 3 + n, axis=1)
    c = np.tanh(a) * expit(i) + sum(c_k * expit(f) for c_k, f in zip(cs, fs))
    return c, expit(o) * np.tanh(c)


def mgu(link, h, x):
    s = values(link)
    f = expit(np.hstack([h, x]) @ s["W_f/W"].T + s["W_f/b"])
    new = np.tanh(np.hstack([f * h, x]) @ s["W_h/W"].T + s["W_h/b"])
    return f * new + (1 - f) * h


@pytest.mark.parametrize("n", [1, 3])
def test_child_sum_tree_lstm(n):
    inputs = [(2, 2)] * (2 * n) + [(2, 3)]
    check_link(lambda: L.ChildSumTreeLSTM(3, 2), inputs, expected=child_sum)


def test_a_leaf_of_a_child_sum_tree(rng):
    link, x = L.ChildSumTreeLSTM(3, 2), rng.normal(size=(4, 3)).astype("f")
    for found, right in zip(link(x), child_sum(link, x)):
        np.testing.assert_allclose(found.array, right, rtol=1e-5)


@pytest.mark.parametrize("n", [1, 2])
def test_n_ary_tree_lstm(n):
    inputs = [(2, 2)] * (2 * n) + [(2, 3)]
    check_link(lambda: L.NaryTreeLSTM(3, 2, n), inputs, expected=n_ary)


@pytest.mark.parametrize("kind", [L.ChildSumTreeLSTM, L.NaryTreeLSTM])
def test_none_stands_for_zeros(kind, rng):
    link = kind(3, 2)
    c, h, x = (rng.normal(size=(4, k)).astype("f") for k in (2, 2, 3))
    for some, full in [
        ((c, None, h, None, x), (c, 0 * c, h, 0 * h, x)),
        ((c, c, h, h, None), (c, c, h, h, 0 * x)),
        ((None, None, h, h, None), (0 * c, 0 * c, h, h, 0 * x)),
    ]:
        for found, right in zip(link(*some), link(*full)):
            np.testing.assert_array_equal(found.array, right.array)


def test_gradients_reach_the_leaves_of_a_tree(rng):
    link = L.NaryTreeLSTM(3, 2)
    xs = [rk.Variable(rng.normal(size=(1, 3)).astype("f")) for _ in range(3)]
    none = [None] * 4
    (c1, h1), (c2, h2) = link(*none, xs[0]), link(*none, xs[1])
    F.sum(link(c1, c2, h1, h2, xs[2])[1]).backward()
    assert all(x.grad.any() for x in xs)


def test_tree_keys():
    assert sorted(L.ChildSumTreeLSTM(3, 2).state()) == ["W_h_aio/W", "W_h_f/W", "W_x/W", "W_x/b"]
    assert sorted(L.NaryTreeLSTM(3, 2).state()) == ["W_h1/W", "W_h2/W", "W_x/W", "W_x/b"]


def test_zoneout_lstm_is_an_lstm_in_inference():
    """Its gates have no other bias for forgetting than the rest."""

    def expected(link, x):
        twin = L.LSTM(3, 2)
        twin.load_state(link.state())
        twin.upward.W.array, twin.upward.b.array, twin.lateral.W.array = (
            p.array.astype("d") for p in (link.upward.W, link.upward.b, link.lateral.W)
        )
        twin(x)
        return twin(x).array

    check_link(lambda: L.StatefulZoneoutLSTM(3, 2), [(4, 3)], expected=expected, train=False)


def test_zoneout_keeps_parts_of_the_state():
    rk.seed(0)
    link = L.StatefulZoneoutLSTM(3, 500, c_ratio=0.25, h_ratio=0.75)
    x = np.ones((4, 3), np.float32)
    link(x)
    c, h = link.c.array, link.h.array
    link(x)
    assert 0.2 < (link.c.array == c).mean() < 0.3
    assert 0.7 < (link.h.array == h).mean() < 0.8


def test_zoneout_state():
    link = L.StatefulZoneoutLSTM(3, 2)
    state = np.ones((4, 2), np.float32), np.zeros((4, 2), np.float32)
    link.set_state(*state)
    assert np.array_equal(link.c.array, state[0])
    link.reset_state()
    assert link.c is None
    assert link.h is None


def test_stateless_mgu():
    check_link(lambda: L.StatelessMGU(3, 2), [(4, 2), (4, 3)], expected=mgu)


def test_stateful_mgu():
    def expected(link, x):
        return mgu(link, mgu(link, np.zeros((4, 2)), x), x)

    check_link(lambda: L.StatefulMGU(3, 2), [(4, 3)], expected=expected)


def test_open_sizes(rng):
    x = rng.normal(size=(4, 3)).astype("f")
    for link in (L.StatefulMGU(None, 2), L.StatefulZoneoutLSTM(None, 2)):
        assert link.in_size is None
        link(x)
        assert link.in_size == 3
    tree = L.ChildSumTreeLSTM(None, 2)
    tree(x)
    assert tree.in_size == 3


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: L.NaryTreeLSTM(3, 2, 0), RangeError, "1 child or more"),
        (lambda: L.NaryTreeLSTM(3, None), DtypeError, "out_size"),
        (lambda: L.StatelessMGU("3", 2), DtypeError, "in_size"),
        (lambda: L.NaryTreeLSTM(3, 2)(None, None, None), ShapeError, "2 cells, 2 outputs"),
        (lambda: L.NaryTreeLSTM(3, 2)(*[None] * 5), UsageError, "all of cs, hs and x"),
        (lambda: L.ChildSumTreeLSTM(3, 2)(None, None), ShapeError, "2 arguments"),
        (lambda: L.ChildSumTreeLSTM(None, 2)(np.ones((1, 2)), None, None), UsageError, "open"),
        (lambda: L.StatefulZoneoutLSTM(3, 2, c_ratio=1), RangeError, "c_ratio"),
        (lambda: L.StatefulZoneoutLSTM(3, 2, h_ratio=-1), RangeError, "h_ratio"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
