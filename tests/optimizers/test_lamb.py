"""LAMB against its formula in float64, alone and in a group; parameters and steps of zeros."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from tests.optimizers.rows import GRADS, P, link, steps

SETTINGS = {"alpha": 0.01, "beta1": 0.8, "beta2": 0.95, "eps": 0.1, "weight_decay_rate": 0.1}


def expected(alpha=0.001, beta1=0.9, beta2=0.999, eps=1e-6, weight_decay_rate=0.0):
    p, m, v = np.array(P), 0.0, 0.0
    for t, g in enumerate(map(np.array, GRADS), 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        mean, square = m / (1 - beta1**t), v / (1 - beta2**t)
        r = mean / (np.sqrt(square) + eps) + weight_decay_rate * p
        p = p - alpha * np.linalg.norm(p) / np.linalg.norm(r) * r
    return p


@pytest.mark.parametrize("settings", [{}, SETTINGS])
@pytest.mark.parametrize(("dtype", "tol"), [(np.float16, 4e-3), (np.float32, 3e-6), (float, 1e-12)])
def test_formula(settings, dtype, tol):
    model = link(dtype, copies=2)
    optimizer = rk.optimizers.LAMB(**settings).setup(model)
    model.w1.update_rule.add_hook(lambda rule, param: None, name="nothing")  # steps alone
    steps(optimizer, dtype)
    for param in model.params():
        assert param.array.dtype == dtype
        np.testing.assert_allclose(param.array, expected(**settings), rtol=tol, atol=tol)


def test_scaled_loss():
    optimizer = rk.optimizers.LAMB(**SETTINGS).setup(link())
    optimizer.set_loss_scale(128)
    np.testing.assert_allclose(steps(optimizer, scale=128), expected(**SETTINGS), rtol=3e-6)


def test_zeros_step_as_adam():
    model = rk.Link()
    model.zero = rk.Parameter(np.zeros(2, np.float32))
    model.rest = rk.Parameter(np.ones(2, np.float32))
    model.scalar = rk.Parameter(np.array(2.0, np.float32))
    optimizer = rk.optimizers.LAMB(alpha=0.1).setup(model)
    model.zero.grad = np.array([3, -4], np.float32)
    model.rest.grad = np.zeros(2, np.float32)
    model.scalar.grad = np.array(5, np.float32)
    optimizer.update()
    np.testing.assert_allclose(model.zero.array, [-0.1, 0.1], rtol=1e-5)
    np.testing.assert_array_equal(model.rest.array, [1, 1])
    np.testing.assert_allclose(model.scalar.array, 1.8, rtol=1e-6)  # 2 - 0.1 · |2| / |1| · 1
