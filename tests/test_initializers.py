"""Initializers: distributions, shapes they want, dtypes, where the numbers come from."""

from __future__ import annotations

import math

import numpy as np
import pytest

import renkei as rk
from renkei import initializers as I
from renkei.core.errors import ConfigError, DtypeError, ShapeError

SHAPE = (40, 30, 5, 4)  # fan_in 600, fan_out 800


@pytest.mark.parametrize(
    ("initializer", "std"),
    [
        (I.Normal(0.3), 0.3),
        (I.Normal(), 0.05),
        (I.LeCunNormal(), math.sqrt(1 / 600)),
        (I.LeCunNormal(2.0), 2 * math.sqrt(1 / 600)),
        (I.GlorotNormal(), math.sqrt(2 / 1400)),
        (I.HeNormal(), math.sqrt(2 / 600)),
        (I.HeNormal(fan_option="fan_out"), math.sqrt(2 / 800)),
    ],
)
def test_normal_ones(initializer, std):
    a = I.generate_array(initializer, SHAPE, np, np.float64)
    assert abs(a.std() / std - 1) < 0.02
    assert abs(a.mean()) < 4 * std / math.sqrt(a.size)
    assert abs((abs(a) < std).mean() - 0.6827) < 0.01  # the normal distribution's share


@pytest.mark.parametrize(
    ("initializer", "bound"),
    [
        (I.Uniform(0.3), 0.3),
        (I.Uniform(), 0.05),
        (I.LeCunUniform(), math.sqrt(3 / 600)),
        (I.GlorotUniform(3.0), 3 * math.sqrt(6 / 1400)),
        (I.HeUniform(), math.sqrt(6 / 600)),
        (I.HeUniform(fan_option="fan_out"), math.sqrt(6 / 800)),
    ],
)
def test_uniform_ones(initializer, bound):
    a = I.generate_array(initializer, SHAPE, np, np.float64)
    assert 0.999 * bound < a.max() < bound
    assert -bound <= a.min() < -0.999 * bound
    assert abs((abs(a) < bound / 2).mean() - 0.5) < 0.01


def test_constants():
    assert I.generate_array(I.Zero(), (2,)).tolist() == [0, 0]
    assert I.generate_array(I.One(), (2,)).tolist() == [1, 1]
    assert np.isnan(I.generate_array(I.NaN(), (2,))).all()
    assert I.generate_array(I.Constant(np.arange(3)), (2, 3)).tolist() == [[0, 1, 2]] * 2
    with pytest.raises(ShapeError, match=r"shape \(3,\) for an array of shape \(2,\)"):
        I.generate_array(I.Constant(np.arange(3)), (2,))


def test_identity():
    assert I.generate_array(I.Identity(2), (2, 2)).tolist() == [[2, 0], [0, 2]]
    for shape in ((2, 3), (2,), (2, 2, 2)):
        with pytest.raises(ShapeError, match="square matrix"):
            I.generate_array(I.Identity(), shape)


@pytest.mark.parametrize("shape", [(3, 3), (2, 6), (6, 2), (3, 2, 2), (6, 2, 1)])
def test_orthogonal(shape):
    a = I.generate_array(I.Orthogonal(1.5), shape, np, np.float64).reshape(shape[0], -1)
    square = a @ a.T if len(a) <= a.shape[1] else a.T @ a
    assert np.allclose(square, 1.5**2 * np.eye(len(square)))


@pytest.mark.parametrize(
    ("mode", "good", "bad"),
    [
        ("projection", (2, 3), (3, 2)),
        ("embedding", (3, 2), (2, 3)),
        ("basis", (3, 3), (3, 2)),
    ],
)
def test_orthogonal_modes(mode, good, bad):
    I.generate_array(I.Orthogonal(mode=mode), good)
    with pytest.raises(ShapeError, match=mode):
        I.generate_array(I.Orthogonal(mode=mode), bad)


def test_orthogonal_refuses():
    with pytest.raises(ConfigError, match="mode"):
        I.Orthogonal(mode="other")
    for shape in ((), (0, 2)):
        with pytest.raises(ShapeError):
            I.generate_array(I.Orthogonal(), shape)


def test_upsampling_interpolates_linearly():
    W = I.generate_array(I.UpsamplingDeconvFilter(), (2, 2, 4, 4), np, np.float64)
    assert (W[0, 1] == 0).all()
    image = np.add.outer(np.arange(4.0), 2 * np.arange(4.0))[None, None].repeat(2, axis=1)
    y = rk.functions.deconvolution_2d(image, W, stride=2, pad=1)
    slope = np.diff(y[0, 0, 2:-2, 2:-2], axis=0)
    assert np.allclose(slope, 0.5)  # a plane stays a plane, half as steep
    assert I.generate_array(I.UpsamplingDeconvFilter(), (3, 1, 5)).shape == (3, 1, 5)
    odd = I.generate_array(I.UpsamplingDeconvFilter(), (1, 1, 3), np, np.float64)
    assert np.allclose(odd, [[[0.5, 1, 0.5]]])


def test_downsampling_keeps_the_mean():
    W = I.generate_array(I.DownsamplingConvFilter(), (2, 2, 4, 3), np, np.float64)
    assert np.allclose(W.sum(axis=(2, 3)), np.eye(2))


def test_filters_refuse():
    for shape in ((2, 3, 4, 4), (2, 2)):
        with pytest.raises(ShapeError, match="channels"):
            I.generate_array(I.UpsamplingDeconvFilter(), shape)
    with pytest.raises(ConfigError, match="interpolation"):
        I.UpsamplingDeconvFilter("cubic")


def test_fans():
    assert I.get_fans((8, 3)) == (3, 8)
    assert I.get_fans(SHAPE) == (600, 800)
    with pytest.raises(ShapeError, match="two axes"):
        I.get_fans((3,))
    with pytest.raises(ConfigError, match="fan_option"):
        I.HeNormal(fan_option="fan_avg")


# -- dtypes and sources ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_one_seed_gives_one_set_of_values(dtype):
    arrays = []
    for d in (dtype, np.float64):
        rk.seed(5)
        arrays.append(I.generate_array(I.LeCunNormal(), (7, 3), np, d))
    assert (arrays[0] == arrays[1].astype(dtype)).all()


def test_own_generator():
    a, b = (I.generate_array(I.Normal(1.0, rng=np.random.default_rng(3)), (4,)) for _ in range(2))
    assert (a == b).all()
    old = I.generate_array(I.Uniform(1.0, rng=np.random.RandomState(3)), (4,), np, np.float64)
    assert (old == np.random.RandomState(3).uniform(-1, 1, 4)).all()


def test_other_source_for_all():
    I.use_random_source(lambda: np.random)
    try:
        np.random.seed(0)
        a = I.generate_array(I.LeCunNormal(), (2, 4), np, np.float64)
    finally:
        I.use_random_source(None)
    assert (a == np.random.RandomState(0).normal(0, 0.5, (2, 4))).all()
    rk.seed(0)
    b = I.generate_array(I.LeCunNormal(), (2, 4), np, np.float64)
    assert (a != b).any()


def test_dtype_of_the_result():
    assert I.generate_array(I.Zero(), (1,)).dtype == np.float32
    assert I.generate_array(I.Zero(), (1,), np, np.float64).dtype == np.float64
    assert I.generate_array(I.Zero(np.float16), (1,), np, np.float64).dtype == np.float16
    with rk.using_config("dtype", rk.mixed16):
        assert I.generate_array(I.Zero(), (1,)).dtype == np.float16
    assert rk.Parameter(I.Zero(np.float64), (2,)).dtype == np.float64
    assert I.generate_array(I.Zero(), (1,), device="@numpy").tolist() == [0]


def test_get_initializer():
    assert isinstance(I.get_initializer(None), I.LeCunNormal)
    assert I.get_initializer(None, 0).fill_value == 0
    own = I.One()
    assert I.get_initializer(own) is own
    assert I.get_initializer(np.float32(2)).fill_value == 2
    assert I.generate_array(np.arange(2), (2,)).tolist() == [0, 1]
    typed = I.get_initializer(lambda a: a.fill(3), dtype=np.float64)
    assert I.generate_array(typed, (1,)).dtype == np.float64
    assert I.get_initializer(I.One(np.float16), dtype=np.float64).dtype == np.float16
    with pytest.raises(DtypeError, match="a callable, a number, an array or None"):
        I.get_initializer("zeros")


def test_repr():
    assert repr(I.HeNormal(2.0)) == "HeNormal(scale=2.0, fan_option='fan_in')"
