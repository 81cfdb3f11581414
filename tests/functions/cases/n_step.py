"""Rows of renkei.functions.n_step: flat lists of arrays, put in place by ``_called``."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

import renkei.functions as F
from renkei.testing import Case

SIZES = (3, 2, 2, 1)  # the batch at each time
N_IN, D = 3, 2


def lstm_step(w, b, x, h, c):
    i, f, a, o = (w[k] @ x + w[k + 4] @ h + b[k] + b[k + 4] for k in range(4))
    c = expit(f) * c + expit(i) * np.tanh(a)
    return expit(o) * np.tanh(c), c


def gru_step(w, b, x, h, c):
    r = expit(w[0] @ x + w[3] @ h + b[0] + b[3])
    z = expit(w[1] @ x + w[4] @ h + b[1] + b[4])
    new = np.tanh(w[2] @ x + b[2] + r * (w[5] @ h + b[5]))
    return (1 - z) * new + z * h, c


def tanh_step(w, b, x, h, c):
    return np.tanh(w[0] @ x + w[1] @ h + b[0] + b[1]), c


def relu_step(w, b, x, h, c):
    return np.maximum(w[0] @ x + w[1] @ h + b[0] + b[1], 0), c


def sequences(step, layers, directions, hx, cx, ws, bs, xs):
    """One example after the other, one vector at a time."""
    hy, cy = np.array(hx), np.array(cx)
    ys = [np.empty((len(x), D * directions)) for x in xs]
    for example in range(len(xs[0])):
        inputs = [x[example] for x in xs if len(x) > example]
        for layer in range(layers):
            outputs = [[] for _ in inputs]
            for k in range(directions * layer, directions * (layer + 1)):
                h, c = hx[k, example], cx[k, example]
                times = range(len(inputs))
                for t in times if k % directions == 0 else reversed(times):
                    h, c = step(ws[k], bs[k], inputs[t], h, c)
                    outputs[t].append(h)
                hy[k, example], cy[k, example] = h, c
            inputs = [np.concatenate(o) for o in outputs]
        for t, y in enumerate(inputs):
            ys[t][example] = y
    return hy, cy, ys


def row(step, call, weights, layers=1, directions=1, cell=False, **options):
    """``weights``: how many a layer has; ``call``: the function, given everything by place."""
    n, half = layers * directions, weights // 2
    shapes = [(n, SIZES[0], D)] * (2 if cell else 1)
    for k in range(n):
        shapes += [(D, N_IN if k < directions else D * directions)] * half + [(D, D)] * half
    shapes += [(D,)] * (n * weights) + [(b, N_IN) for b in SIZES]

    def parts(arrays):
        arrays = list(arrays)
        states = [arrays.pop(0) for _ in range(2 if cell else 1)]
        ws = [[arrays.pop(0) for _ in range(weights)] for _ in range(n)]
        bs = [[arrays.pop(0) for _ in range(weights)] for _ in range(n)]
        return states, ws, bs, arrays

    def function(*arrays):
        states, ws, bs, xs = parts(arrays)
        return call(layers, 0.0, *states, ws, bs, xs)

    def expected(*arrays):
        states, ws, bs, xs = parts(arrays)
        hy, cy, ys = sequences(step, layers, directions, states[0], states[-1], ws, bs, xs)
        return (hy, cy, ys) if cell else (hy, ys)

    function.__name__ = options.pop("name")
    return Case(function, shapes, expected=expected, **options)


def lstm(*args):
    return F.n_step_lstm(*args)


def bilstm(*args):
    return F.n_step_bilstm(*args)


def gru(*args):
    return F.n_step_gru(*args)


def bigru(*args):
    return F.n_step_bigru(*args)


def rnn_relu(*args):
    return F.n_step_rnn(*args, activation="relu")


CASES = [
    row(lstm_step, lstm, 8, name="n_step_lstm", cell=True),
    row(lstm_step, lstm, 8, name="n_step_lstm", cell=True, layers=2, label="two layers"),
    row(lstm_step, bilstm, 8, 2, 2, name="n_step_bilstm", cell=True),
    row(gru_step, gru, 6, name="n_step_gru"),
    row(gru_step, bigru, 6, 2, 2, name="n_step_bigru"),
    row(tanh_step, F.n_step_rnn, 2, 2, name="n_step_rnn"),
    # relu has a kink at 0, which only first gradients at this seed keep away from
    row(relu_step, rnn_relu, 2, name="n_step_rnn", label="relu", grad=1),
    row(tanh_step, F.n_step_birnn, 2, 2, 2, name="n_step_birnn"),
]
