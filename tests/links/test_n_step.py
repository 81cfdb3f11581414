"""Stacked recurrent links: sequences of any lengths in any order, keys, refusals."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DtypeError, RangeError, ShapeError
from renkei.testing import check_link

LENGTHS = (1, 3, 0, 2)
ALL = {
    L.NStepLSTM: (F.n_step_lstm, {}),
    L.NStepBiLSTM: (F.n_step_bilstm, {}),
    L.NStepGRU: (F.n_step_gru, {}),
    L.NStepBiGRU: (F.n_step_bigru, {}),
    L.NStepRNNTanh: (F.n_step_rnn, {}),
    L.NStepBiRNNTanh: (F.n_step_birnn, {}),
    L.NStepRNNReLU: (F.n_step_rnn, {"activation": "relu"}),
    L.NStepBiRNNReLU: (F.n_step_birnn, {"activation": "relu"}),
}


def one_by_one(kind, link, states, xs):
    """The function on each sequence alone: no packing, no sorting."""
    function, options = ALL[kind]
    states, every = [np.array(s) for s in states], []
    ws, bs = ([[p.array.astype("d") for p in ps] for ps in v] for v in (link.ws, link.bs))
    for i, x in enumerate(xs):
        if len(x) == 0:
            every.append(np.zeros((0, link.out_size * link.direction)))
            continue
        alone = [s[:, i : i + 1] for s in states]
        rows = [row[None] for row in x]
        *last, ys = function(link.n_layers, 0.0, *alone, ws, bs, rows, **options)
        for s, new in zip(states, last):
            s[:, i] = new[:, 0]
        every.append(np.concatenate(ys))
    return *states, every


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_link(kind):
    """All that every layer must do; the states and the sequences are the inputs."""
    n_states = 2 if "LSTM" in kind.__name__ else 1
    directions = 2 if "Bi" in kind.__name__ else 1
    shape = (2 * directions, len(LENGTHS), 2)

    class Flat(kind):
        """Takes the sequences one by one, as the checks pass inputs."""

        def forward(self, *arrays):
            return super().forward(*arrays[:n_states], list(arrays[n_states:]))

    globals()["Flat"], Flat.__qualname__ = Flat, "Flat"  # where pickle looks for it
    check_link(
        lambda: Flat(2, 3, 2, 0.0, initial_bias=rk.initializers.Normal(0.5)),
        [shape] * n_states + [(n, 3) for n in LENGTHS],
        expected=lambda link, *a: one_by_one(kind, link, a[:n_states], a[n_states:]),
        order=1,  # second gradients are checked with the functions
    )


def test_keys():
    shapes = {k: v.shape for k, v in L.NStepBiGRU(2, 3, 4, 0.0).state().items()}
    expected = {}
    for k in range(4):
        for j in range(6):
            expected[f"{k}/w{j}"] = (4, 4 if j >= 3 else 3 if k < 2 else 8)
            expected[f"{k}/b{j}"] = (4,)
    assert shapes == expected


def test_states_may_be_left_out():
    link, xs = L.NStepLSTM(1, 3, 2, 0.0), [np.ones((2, 3), np.float32)] * 2
    zeros = link.init_hx(xs)
    assert zeros.shape == (1, 2, 2)
    without, given = link(None, None, xs), link(zeros, zeros, xs)
    assert np.array_equal(without[0].array, given[0].array)
    assert np.array_equal(without[2][1].array, given[2][1].array)


def test_open_size():
    link = L.NStepBiRNNTanh(2, None, 3, 0.0)
    assert link.in_size is None
    link(None, [np.ones((2, 5), np.float32)])
    assert link.in_size == 5
    assert [layer.w0.shape for layer in link] == [(3, 5), (3, 5), (3, 6), (3, 6)]


def test_dropout_is_between_layers_only_and_while_training():
    xs = [np.ones((3, 4), np.float32)]
    single, double = L.NStepGRU(1, 4, 8, 0.5), L.NStepGRU(2, 4, 8, 0.5)

    def outputs(link, train):
        with rk.using_config("train", train):
            return link(None, xs)[1][0].array

    assert np.array_equal(outputs(single, True), outputs(single, False))
    assert np.array_equal(outputs(double, False), outputs(double, False))
    assert not np.array_equal(outputs(double, True), outputs(double, False))


def test_a_copy_trains_its_own_weights():
    link = L.NStepLSTM(1, 2, 2, 0.0)
    twin = link.copy("copy")
    twin(None, None, [np.ones((2, 2), np.float32)])[0].array[...] = 0
    assert twin.ws[0][0] is twin[0].w0
    assert twin.ws[0][0] is not link.ws[0][0]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda link: link(None, None, []), DtypeError, "a list of sequences"),
        (lambda link: link(None, None, np.ones((2, 3), "f")), DtypeError, "a list of sequences"),
        (lambda link: link(None, None, [np.ones(3, "f")]), ShapeError, r"xs\[0\]"),
        (lambda link: link(np.ones((1, 2, 2), "f"), None, [np.ones((1, 3), "f")]), ShapeError,
         r"hx of shape \(1, 1, 2\)"),
        (lambda link: link(None, None, [np.ones((1, 4), "f")]), ShapeError, "size 4"),
        (lambda link: L.NStepLSTM(1, 3, 2, 1.0), RangeError, "dropout"),
        (lambda link: L.NStepLSTM(1, -3, 2, 0.0), RangeError, "in_size"),
        (lambda link: L.NStepLSTM(10**18, 3, 2, 0.0), RangeError, "at most 10000"),
        (lambda link: L.NStepLSTM(None, 3, 2, 0.0), DtypeError, "n_layers"),
        (lambda link: link("text", None, [np.ones((1, 3), "f")]), DtypeError, "hx"),
    ],
)  # fmt: skip
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call(L.NStepLSTM(1, 3, 2, 0.0))
