"""Rows of renkei.functions.activation."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

import renkei.functions as F
from renkei.testing import Case

LARGE = [(1000, 1000)]


def away(*corners, low=-4.0, high=9.0, shape=(3, 4, 2)):
    """Draws numbers that keep a distance from the corners of a function."""

    def draw(rng):
        x = rng.uniform(low, high, shape)
        for corner in corners:
            near = np.abs(x - corner) < 0.1
            x = np.where(near, x + 0.25, x)
        return x

    return draw


def channels_first(parameter, x):
    return parameter.reshape((1,) + parameter.shape + (1,) * (x.ndim - 1 - parameter.ndim))


def prelu(x, W):
    y = x.copy()
    slopes = np.broadcast_to(channels_first(W, x), x.shape)
    y[x < 0] = (slopes * x)[x < 0]
    return y


def rrelu(x):
    with_slopes = F.rrelu(x, r=np.full(x.shape, 0.3, x.dtype))
    return with_slopes


def pooled(x, pool_size, axis=1):
    parts = np.split(x, x.shape[axis] // pool_size, axis=axis)
    return np.concatenate([p.max(axis=axis, keepdims=True) for p in parts], axis=axis)


def gelu(x, approximate=False):
    if approximate:
        return x / (1 + np.exp(-2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return x * stats.norm.cdf(x)


CASES = [
    Case(F.relu, [away(0)], expected=lambda x: x * (x > 0), empty=True, bench=LARGE),
    Case(F.relu, [(3, 4)], label="by shape", low=0.1, expected=lambda x: x, empty=True),
    Case(F.relu6, [away(0, 6)], expected=lambda x: np.clip(x, 0, 6)),
    Case(F.clipped_relu, [away(0, 20)], expected=lambda x: np.clip(x, 0, 20)),
    Case(
        F.clipped_relu,
        [away(0, 2.5)],
        {"z": 2.5},
        label="z",
        expected=lambda x, z: np.clip(x, 0, z),
    ),
    Case(F.leaky_relu, [away(0)], expected=lambda x: np.where(x > 0, x, x / 5), bench=LARGE),
    Case(
        F.leaky_relu,
        [away(0)],
        {"slope": -0.5},
        label="negative slope",
        expected=lambda x, slope: np.where(x > 0, x, -x / 2),
    ),
    Case(
        F.leaky_relu,
        [away(0)],
        {"slope": 1.5},
        label="steep slope",
        expected=lambda x, slope: np.where(x > 0, x, x * 3 / 2),
    ),
    Case(F.prelu, [away(0), (4,)], expected=prelu),
    Case(F.prelu, [away(0), (4, 2)], label="all axes", expected=prelu),
    Case(F.prelu, [away(0), ()], label="one slope", expected=prelu),
    Case(rrelu, [away(0)], expected=lambda x: np.where(x >= 0, x, x * 3 / 10)),
    Case(
        F.crelu,
        [away(0)],
        expected=lambda x: np.clip(np.concatenate([x, -x], axis=1), 0, None),
    ),
    Case(
        F.crelu,
        [away(0)],
        {"axis": -1},
        label="axis",
        expected=lambda x, axis: np.clip(np.concatenate([x, -x], axis=2), 0, None),
    ),
    Case(F.maxout, [(3, 6, 2)], {"pool_size": 3}, expected=pooled),
    Case(F.maxout, [(2, 3, 4)], {"pool_size": 2, "axis": 2}, label="axis", expected=pooled),
    Case(F.elu, [away(0)], expected=lambda x: np.where(x > 0, x, np.exp(np.fmin(x, 0)) - 1)),
    Case(
        F.elu,
        [away(0)],
        {"alpha": 0.7},
        label="alpha",
        expected=lambda x, alpha: np.where(x > 0, x, 0.7 * np.exp(np.fmin(x, 0)) - 0.7),
    ),
    Case(
        F.selu,
        [away(0)],
        expected=lambda x: (
            1.0507009873554805
            * np.where(x > 0, x, 1.6732632423543772 * (np.exp(np.fmin(x, 0)) - 1))
        ),
    ),
    Case(F.sigmoid, [(3, 4)], low=-5.0, high=5.0, expected=special.expit, empty=True, bench=LARGE),
    Case(
        F.tanh,
        [(3, 4)],
        low=-3.0,
        high=3.0,
        expected=lambda x: 1 - 2 / (np.exp(2 * x) + 1),
        empty=True,
        bench=LARGE,
    ),
    Case(F.hard_sigmoid, [away(-2.5, 2.5)], expected=lambda x: np.clip(x / 5 + 1 / 2, 0, 1)),
    Case(F.softplus, [(3, 4)], low=-5.0, high=5.0, expected=lambda x: np.logaddexp(x, 0)),
    Case(
        F.softplus,
        [(3, 4)],
        {"beta": 2.5},
        label="beta",
        low=-3.0,
        high=3.0,
        expected=lambda x, beta: -special.log_expit(-beta * x) / beta,
    ),
    Case(F.silu, [(3, 4)], low=-5.0, high=5.0, expected=lambda x: x * special.expit(x)),
    Case(F.swish, [(3, 4)], label="plain", expected=lambda x: x * special.expit(x)),
    Case(
        F.swish,
        [(3, 4)],
        {"beta": 1.5},
        label="number",
        expected=lambda x, beta: x * special.expit(beta * x),
    ),
    Case(
        F.swish,
        [(3, 4, 2), (4,)],
        expected=lambda x, beta: x * special.expit(channels_first(beta, x) * x),
    ),
    Case(F.swish, [(3, 4), ()], label="0-d", expected=lambda x, b: x * special.expit(b * x)),
    Case(
        F.mish,
        [(3, 4)],
        low=-4.0,
        high=4.0,
        expected=lambda x: x * ((1 + np.exp(x)) ** 2 - 1) / ((1 + np.exp(x)) ** 2 + 1),
    ),
    Case(F.gelu, [(3, 4)], low=-3.0, high=3.0, expected=gelu, bench=LARGE),
    Case(
        F.gelu,
        [(3, 4)],
        {"approximate": True},
        label="tanh",
        low=-3.0,
        high=3.0,
        expected=gelu,
    ),
]
