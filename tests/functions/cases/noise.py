"""Random functions with their random part given or measured; statistics are in test_noise.py."""

from __future__ import annotations

import numpy as np

import renkei as rk
import renkei.functions as F
from renkei.testing import Case


def seeded_dropout(x, *, ratio):
    """The same elements fall at every call, as differences need it."""
    rk.seed(7)
    return F.dropout(x, ratio)


def kept(x, ratio):
    """What falls is read off a call on ones: the function must treat every value alike."""
    return x * (seeded_dropout(np.ones(x.shape), ratio=ratio) > 0) / (1 - ratio)


def dropout_by(x, mask):
    return F.dropout(x, mask=mask)


def seeded_zoneout(h, x, *, ratio):
    rk.seed(8)
    return F.zoneout(h, x, ratio)


def mixed(h, x, ratio):
    new = seeded_zoneout(np.zeros(x.shape), np.ones(x.shape), ratio=ratio)
    return new * x + (1 - new) * h


def gaussian_by(mean, ln_var, eps):
    return F.gaussian(mean, ln_var, eps=eps)


def seeded_gaussian(mean, ln_var):
    rk.seed(9)
    return F.gaussian(mean, ln_var)


def drawn(mean, ln_var):
    rk.seed(9)
    eps = F.gaussian(np.zeros(mean.shape), np.zeros(mean.shape), return_eps=True)[1]
    return mean + eps * np.sqrt(np.exp(ln_var))


def seeded_gumbel(log_pi, *, tau, axis):
    rk.seed(10)
    return F.gumbel_softmax(log_pi, tau, axis)


def tempered(log_pi, tau, axis):
    """From softmax of the noise alone, at temperature 1, the noise is known up to a constant."""
    p = seeded_gumbel(np.zeros(log_pi.shape), tau=1.0, axis=axis)
    e = np.exp(log_pi / tau) * p ** (1 / tau)
    return e / e.sum(axis, keepdims=True)


CASES = [
    Case(
        seeded_dropout, [(3, 5, 2)], {"ratio": 0.3}, expected=kept, empty=True, bench=[(128, 4096)]
    ),
    Case(
        dropout_by,
        [(3, 4), np.arange(12.0).reshape(3, 4)],
        wrt=[0],
        label="mask",
        expected=lambda x, mask: x * mask,
    ),
    Case(seeded_zoneout, [(3, 5), (3, 5)], {"ratio": 0.4}, expected=mixed, empty=True),
    Case(
        gaussian_by,
        [(3, 4), (3, 4), (3, 4)],
        wrt=[0, 1],
        expected=lambda mean, ln_var, eps: mean + np.exp(ln_var / 2) * eps,
    ),
    Case(seeded_gaussian, [(3, 3), (3, 3)], expected=drawn, empty=True),
    Case(seeded_gumbel, [(4, 3)], {"tau": 0.5, "axis": 1}, expected=tempered, empty=True),
    Case(seeded_gumbel, [(2, 3, 2)], {"tau": 2.0, "axis": 0}, expected=tempered, label="axis"),
]
