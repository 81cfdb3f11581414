"""The error function family: digits computed with 40 places, edges, tails, dtypes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

import renkei as rk
import renkei.functions as F

DIGITS = [
    (F.erf, 1e-20, 1.1283791670955125739e-20),
    (F.erf, 0.3, 0.32862675945912742764),
    (F.erf, -0.5, -0.52049987781304653768),
    (F.erf, 2.0, 0.99532226501895273416),
    (F.erf, 5.5, 0.99999999999999264215),
    (F.erfc, -3.0, 1.9999779095030014146),
    (F.erfc, 0.5, 0.47950012218695346232),
    (F.erfc, 5.0, 1.5374597944280348502e-12),
    (F.erfc, 15.0, 7.2129941724512066666e-100),
    (F.erfc, 26.0, 5.6631924088561428465e-296),
    (F.erfc, 25.3, 2.2930368608459017688e-280),
    (F.erfcx, -25.1, 8.145102229607911743e273),
    (F.erfcx, -20.0, 1.0442939379528287901e174),
    (F.erfcx, -1.0, 5.0089800807622834663),
    (F.erfcx, 0.25, 0.77034654773099674392),
    (F.erfcx, 3.0, 0.17900115118138995042),
    (F.erfcx, 50.0, 0.0112815362653237725),
    (F.erfcx, 1e10, 5.6418958354775628695e-11),
    (F.ndtr, -37.0, 5.7255712225245768227e-300),
    (F.ndtr, -36.7, 3.6515293028034179725e-295),
    (F.ndtr, -10.0, 7.619853024160526066e-24),
    (F.ndtr, -1.0, 0.15865525393145705141),
    (F.ndtr, 1.0, 0.84134474606854294859),
    (F.ndtr, 8.0, 0.9999999999999993779),
    (F.log_ndtr, -1000.0, -500007.82669481218431),
    (F.log_ndtr, -40.0, -804.60844201375378817),
    (F.log_ndtr, -3.0, -6.6077262215103495433),
    (F.log_ndtr, 0.5, -0.36894641528865639307),
    (F.log_ndtr, 6.0, -9.8658764552437573169e-10),
    (F.log_ndtr, 30.0, -4.9067139271481870595e-198),
    (F.erfinv, 1e-10, 8.8622692545275804594e-11),
    (F.erfinv, 0.5, 0.47693627620446987338),
    (F.erfinv, -0.9, -1.1630871536766741628),
    (F.erfinv, 0.999, 2.3267537655135244939),
    (F.erfcinv, 1e-300, 26.209469960516123886),
    (F.erfcinv, 1e-100, 15.065574702592645704),
    (F.erfcinv, 1e-16, 5.8723700904539631468),
    (F.erfcinv, 1e-3, 2.3267537655135246664),
    (F.ndtri, 1e-300, -37.047096299361199237),
    (F.ndtri, 1e-20, -9.2623400897984075796),
    (F.ndtri, 0.01, -2.3263478740408410931),
]


@pytest.mark.parametrize(("function", "x", "y"), DIGITS)
def test_digits(function, x, y):
    assert function(np.array(x)).item() == pytest.approx(y, rel=2e-15, abs=0)


GRIDS = {
    F.erf: np.linspace(-6, 6, 4001),
    F.erfc: np.linspace(-6, 9, 4001),
    F.erfcx: np.linspace(-9, 40, 4001),
    F.erfinv: np.linspace(-0.9999, 0.9999, 4001),
    F.erfcinv: np.linspace(0.0001, 1.9999, 4001),
    F.ndtr: np.linspace(-12, 6, 4001),
    F.log_ndtr: np.linspace(-12, 6, 4001),
    F.ndtri: np.linspace(0.0001, 0.9999, 4001),
}


@pytest.mark.parametrize("function", GRIDS, ids=lambda f: f.__name__)
def test_double_precision_agrees_with_scipy(function):
    x = GRIDS[function]
    expected = getattr(special, function.__name__)(x)
    assert np.allclose(function(x), expected, rtol=1e-13, atol=1e-300)  # SciPy's own digits


@pytest.mark.parametrize("function", GRIDS, ids=lambda f: f.__name__)
def test_single_precision_is_exact_to_the_last_digits(function):
    x = GRIDS[function].astype(np.float32)
    y = function(x)
    exact = getattr(special, function.__name__)(x.astype(np.float64))
    assert y.dtype == np.float32
    errors = np.abs(y - exact) / np.spacing(np.abs(exact).astype(np.float32))
    assert errors.max() <= (2.5 if function is F.erf else 1.5)


EDGES = [-np.inf, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, np.inf, np.nan, 1e300, -1e300]


@pytest.mark.parametrize("function", GRIDS, ids=lambda f: f.__name__)
def test_edges_agree_with_scipy_and_warn_of_nothing(function):
    for dtype in (np.float32, np.float64):
        with np.errstate(over="ignore"):
            x = np.array(EDGES).astype(dtype)
        expected = getattr(special, function.__name__)(x)
        assert np.allclose(function(x), expected, rtol=1e-6, equal_nan=True)


def test_inverses_reach_the_smallest_number():
    assert F.erfc(F.erfcinv(np.array([1e-300]))) == pytest.approx(1e-300, rel=2e-13)
    assert F.erfcinv(np.array([5e-324])) == pytest.approx(27.2132932, rel=1e-8)
    assert F.erfinv(np.array([-0.0, 1e-320])).tolist() == pytest.approx([0.0, 8.862e-321], rel=1e-2)


@pytest.mark.parametrize("function", GRIDS, ids=lambda f: f.__name__)
def test_large_arrays_of_any_strides_are_worked_on_in_blocks(function):
    x = np.resize(GRIDS[function], (90, 202))[:, ::2].T
    y = function(x)
    assert y.shape == x.shape
    assert np.array_equal(y[3], function(x[3].copy()))
    assert np.array_equal(y[-1, -5:], function(x[-1, -5:].copy()))


@pytest.mark.parametrize("function", GRIDS, ids=lambda f: f.__name__)
def test_results_are_arrays_of_the_same_dtype(function):
    for dtype in (np.float16, np.float32, np.float64):
        for shape in ((), (2, 3), (0, 3)):
            y = function(np.full(shape, 0.5, dtype))
            assert isinstance(y, np.ndarray)
            assert (y.dtype, y.shape) == (dtype, shape)
    assert function(np.array([1])).dtype == np.float64


def test_the_slope_of_log_ndtr_in_both_tails():
    for dtype in (np.float32, np.float64):
        x = rk.Variable(np.array([-1e4, -30.0, 0.0, 50.0], dtype))
        (g,) = rk.grad([F.log_ndtr(x)], [x], enable_double_backprop=True)
        slopes = [10000.0001, 30.033259667433677, np.sqrt(2 / np.pi), 0.0]
        assert g.array == pytest.approx(slopes, rel=1e-6)
        (gg,) = rk.grad([g], [x])
        assert np.isfinite(gg.array).all()
        assert gg.array[2:] == pytest.approx([-2 / np.pi, 0.0], rel=1e-6)
