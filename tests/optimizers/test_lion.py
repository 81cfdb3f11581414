"""Lion against its formula in float64, alone and in a group."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei.serializers import load_npz, save_npz
from tests.optimizers.rows import GRADS, P, link, steps

SETTINGS = {"lr": 0.01, "beta1": 0.8, "beta2": 0.95, "weight_decay_rate": 0.1}


def expected(lr=1e-4, beta1=0.9, beta2=0.99, weight_decay_rate=0.0):
    p, m = np.array(P), np.zeros((2, 3))
    for g in map(np.array, GRADS):
        p = (1 - lr * weight_decay_rate) * p - lr * np.sign(beta1 * m + (1 - beta1) * g)
        m = beta2 * m + (1 - beta2) * g
    return p, m


@pytest.mark.parametrize("settings", [{}, SETTINGS])
@pytest.mark.parametrize(("dtype", "tol"), [(np.float16, 2e-3), (np.float32, 1e-6), (float, 1e-12)])
def test_formula(settings, dtype, tol):
    model = link(dtype, copies=2)
    optimizer = rk.optimizers.Lion(**settings).setup(model)
    model.w1.update_rule.add_hook(lambda rule, param: None, name="nothing")  # steps alone
    steps(optimizer, dtype)
    p, m = expected(**settings)
    for param in model.params():
        assert param.array.dtype == dtype
        np.testing.assert_allclose(param.array, p, rtol=tol)
        np.testing.assert_allclose(param.update_rule.state["m"], m, rtol=tol, atol=tol / 10)


def test_scaled_loss():
    optimizer = rk.optimizers.Lion(**SETTINGS).setup(link())
    optimizer.set_loss_scale(128)
    np.testing.assert_allclose(steps(optimizer, scale=128), expected(**SETTINGS)[0], rtol=1e-6)


def test_resumes(tmp_path):
    optimizer = rk.optimizers.Lion(**SETTINGS).setup(link())
    steps(optimizer)
    save_npz(tmp_path / "o.npz", optimizer)
    other = rk.optimizers.Lion().setup(link())
    load_npz(tmp_path / "o.npz", other)
    assert other.lr == 0.01 and other.t == 3
    np.testing.assert_allclose(
        other.target.w0.update_rule.state["m"], expected(**SETTINGS)[1], rtol=1e-6
    )
