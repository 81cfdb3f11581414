"""Normalization layers."""

from __future__ import annotations

import numpy as np
import pytest

import renkei as rk
from renkei import functions as F
from renkei import links as L
from renkei.core.errors import DtypeError, ShapeError


@pytest.fixture
def x(rng):
    return rng.normal(2, 3, size=(6, 4, 3, 2))


def beside(v, x):
    return np.reshape(v, (1, -1) + (1,) * (x.ndim - 2))


def normalized(x, mean, var, eps):
    return (x - mean) / np.sqrt(var + eps)


# -- batch normalization ---------------------------------------------------------------------------


def test_batch_normalization_in_training(x):
    bn = L.BatchNormalization(4, initial_gamma=np.arange(1, 5), initial_beta=0.5)
    axis = (0, 2, 3)
    mean, var = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    expected = normalized(x, mean, var, 2e-5) * beside(np.arange(1, 5), x) + 0.5
    y = bn(x.astype(np.float32))
    assert y.dtype == np.float32
    assert np.allclose(y.array, expected, atol=1e-4)
    m = x.size // 4
    assert np.allclose(bn.avg_mean, 0.1 * mean.ravel(), atol=1e-5)
    assert np.allclose(bn.avg_var, 0.9 + 0.1 * var.ravel() * m / (m - 1), atol=1e-4)


def test_averages_are_written_in_place(x):
    bn = L.BatchNormalization(4)
    mean = bn.avg_mean
    bn(x)
    assert bn.avg_mean is mean
    assert (mean != 0).all()


def test_batch_normalization_in_testing(double, x, rng):
    mean, var = rng.normal(size=4), rng.uniform(1, 2, size=4)
    bn = L.BatchNormalization(4, initial_avg_mean=mean, initial_avg_var=var, eps=0.1)
    with rk.using_config("train", False):
        y = bn(x)
    expected = normalized(x, beside(mean, x), beside(var, x), 0.1)
    assert np.allclose(y.array, expected)
    assert (bn.avg_mean == mean).all()


def test_open_size(x):
    bn = L.BatchNormalization()
    assert bn.size is None
    bn(x)
    assert bn.size == 4
    assert sorted(bn.state()) == ["N", "avg_mean", "avg_var", "beta", "gamma"]


def test_loading_before_the_first_call(x):
    full, bn = L.BatchNormalization(4), L.BatchNormalization()
    full(x)
    bn.load_state(
        {k: np.asarray(v, np.float64) if k != "N" else v for k, v in full.state().items()}
    )
    assert bn.avg_mean.dtype == np.float32
    assert bn.size == 4
    with rk.using_config("train", False):
        assert np.allclose(bn(x).array, full(x).array)


def test_loading_only_parameters_before_the_first_call(x):
    bn = L.BatchNormalization()
    bn.load_state({"gamma": np.full(4, 3), "beta": np.zeros(4)}, strict=False)
    bn(x)
    assert bn.gamma.array.tolist() == [3, 3, 3, 3]
    assert bn.avg_mean is not None


@pytest.mark.parametrize(("use_gamma", "use_beta"), [(True, False), (False, True), (False, False)])
def test_without_gamma_or_beta(x, use_gamma, use_beta):
    bn = L.BatchNormalization(4, use_gamma=use_gamma, use_beta=use_beta)
    expected = normalized(
        x, x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True), 2e-5
    )
    y = bn(x)
    assert isinstance(y, rk.Variable)
    assert np.allclose(y.array, expected, atol=1e-4)
    assert len(list(bn.params())) == use_gamma + use_beta
    assert (bn.use_gamma, bn.use_beta) == (use_gamma, use_beta)


@pytest.mark.parametrize(
    ("size", "axis", "over"),
    [
        (3, (0, 1, 3), (0, 1, 3)),
        ((4, 3), None, (0, 3)),
        ((4, 3, 2), 0, (0,)),
        (None, (0, 1), (0, 1)),
        (None, None, (0, 2, 3)),
    ],
)
def test_axes(x, size, axis, over):
    bn = L.BatchNormalization(size, axis=axis)
    expected = normalized(x, x.mean(over, keepdims=True), x.var(over, keepdims=True), 2e-5)
    assert np.allclose(bn(x).array, expected, atol=1e-4)
    with rk.using_config("train", False):
        assert bn(x).shape == x.shape


def test_finetuning(x):
    bn = L.BatchNormalization(4)
    bn(x)
    bn.start_finetuning()
    means = []
    for k in range(3):
        bn(x + k, finetune=True)
        means.append(x.mean((0, 2, 3)) + k)
        assert np.allclose(bn.avg_mean, np.mean(means, axis=0), atol=1e-5)
    assert bn.N == 3
    assert bn.state()["N"].dtype == np.int64


def test_recomputing_counts_a_batch_once(x):
    bn = L.BatchNormalization(4)
    bn(x, finetune=True)
    before = bn.avg_mean.copy()
    with rk.using_config("in_recomputing", True):
        bn(x + 1, finetune=True)
    assert bn.N == 1
    assert (bn.avg_mean == before).all()


def test_mixed_precision():
    with rk.using_config("dtype", rk.mixed16):
        bn, ln = L.BatchNormalization(4), L.LayerNormalization(4)
        gn = L.GroupNormalization(2, 4)
    dtypes = [bn.gamma.dtype, bn.avg_mean.dtype, ln.gamma.dtype, gn.gamma.dtype]
    assert dtypes == [np.float32, np.float32, np.float16, np.float32]
    x = np.ones((2, 4), np.float16)
    assert bn(x).dtype == np.float16
    assert ln(x).dtype == np.float16
    assert gn(x).dtype == np.float16


def test_batch_normalization_errors():
    with pytest.raises(ShapeError, match="BatchNormalization 3"):
        L.BatchNormalization(3)(np.ones((2, 4), np.float32))
    for link in (L.BatchNormalization(), L.LayerNormalization(), L.GroupNormalization(1)):
        with pytest.raises(ShapeError, match=r"x \(4,\); expected 2 axes"):
            link(np.ones(4, np.float32))
        with pytest.raises(DtypeError, match="an array or Variable"):
            link([[1.0]])
        assert not link.gamma.is_initialized


# -- layer and group normalization -----------------------------------------------------------------


def test_layer_normalization(double, rng):
    x = rng.normal(size=(5, 4))
    ln = L.LayerNormalization(4, initial_gamma=np.arange(4), initial_beta=1, eps=0.1)
    expected = normalized(x, x.mean(1, keepdims=True), x.var(1, keepdims=True), 0.1)
    assert np.allclose(ln(x).array, expected * np.arange(4) + 1)


def test_layer_normalization_of_more_axes(rng):
    x = rng.normal(size=(2, 3, 4))
    ln, both = L.LayerNormalization(), L.LayerNormalization((3, 4))
    expected = normalized(x, x.mean(2, keepdims=True), x.var(2, keepdims=True), 1e-6)
    assert np.allclose(ln(x).array, expected, atol=1e-4)
    assert (ln.size, both.size) == (4, (3, 4))
    axes = (1, 2)
    expected = normalized(x, x.mean(axes, keepdims=True), x.var(axes, keepdims=True), 1e-6)
    assert np.allclose(both(x).array, expected, atol=1e-4)


def test_group_normalization(double, x):
    gn = L.GroupNormalization(2, initial_gamma=np.arange(1, 5), initial_beta=1, eps=0.1)
    grouped = x.reshape(6, 2, -1)
    mean, var = grouped.mean(2, keepdims=True), grouped.var(2, keepdims=True)
    expected = normalized(grouped, mean, var, 0.1).reshape(x.shape)
    assert gn.size is None
    assert np.allclose(gn(x).array, expected * beside(np.arange(1, 5), x) + 1)
    assert gn.size == 4
    assert str(gn) == "GroupNormalization(groups=2, size=4, eps=0.1)"


def test_frozen_batch_normalization_still_averages(x):
    bn = L.BatchNormalization(4).freeze()
    v = rk.Variable(x.astype(np.float32))
    F.sum(bn(v) ** 2).backward()
    assert v.grad is not None
    assert bn.gamma.grad is None
    assert (bn.avg_mean != 0).all()


def test_rms_norm(double, rng):
    x = rng.normal(size=(2, 3, 4))
    norm = L.RMSNorm(initial_gamma=2.0)
    assert norm.size is None
    expected = 2 * x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(norm(x).array, expected)
    assert norm.size == 4 and list(norm.state()) == ["gamma"]
    with pytest.raises(ShapeError, match=r"x \(2, 5\) and gamma \(4,\)"):
        norm(np.zeros((2, 5)))
