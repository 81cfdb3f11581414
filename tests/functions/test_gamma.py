"""The gamma function family: digits computed with 25 places, edges, tails, dtypes, mistakes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

import renkei as rk
import renkei.functions as F
from renkei.core.errors import DtypeError, GraphError, RangeError, ShapeError

DIGITS = [
    (F.lgamma, 1e-20, 46.051701859880913735),
    (F.lgamma, 0.3, 1.0957979948180755606),
    (F.lgamma, 0.9999, 5.7729791561193862808e-05),
    (F.lgamma, 1.0001, -5.7713342220471268005e-05),
    (F.lgamma, 1.5, -0.12078223763524522235),
    (F.lgamma, 1.9999999, -4.2278430309861298194e-8),
    (F.lgamma, 2.3, 0.1541894549596304745),
    (F.lgamma, 7.99, 8.5050116060884811057),
    (F.lgamma, 8.0, 8.5251613610654143002),
    (F.lgamma, 25.0, 54.78472939811231919),
    (F.lgamma, 1e10, 220258509288.81058147),
    (F.lgamma, -0.5, 1.2655121234846453965),
    (F.lgamma, -20.5, -42.70719597482576043),
    (F.digamma, 0.3, -3.5025242222001331249),
    (F.digamma, 1.5, 0.036489973978576520559),
    (F.digamma, 7.99, 2.0143092220462237995),
    (F.digamma, 25.0, 3.1987425128519740085),
    (F.digamma, 1e10, 23.02585092989045684),
    (F.digamma, -2.457, 1.5158438230460746121),
    (F.digamma, -20.5, 3.0446168825125246309),
]


@pytest.mark.parametrize(("function", "x", "y"), DIGITS)
def test_digits(function, x, y):
    assert function(np.array(x)).item() == pytest.approx(y, rel=2e-15, abs=0)


ZETA_DIGITS = [
    (2.0, 1.0, 1.6449340668482264365),
    (1.01, 0.3, 103.542562503478298),
    (3.0, -2.5, 0.054102025820863701502),
    (4.0, -100.25, 259.75757576474477733),
    (30.0, 0.7, 44366.870862485189124),
    (100.0, 50.0, 1.4721503331251701486e-170),
    (2.5, 1e6, 6.66667166666875e-10),
]


@pytest.mark.parametrize(("s", "q", "y"), ZETA_DIGITS)
def test_digits_of_zeta(s, q, y):
    assert F.zeta(np.array(s), np.array(q)).item() == pytest.approx(y, rel=6e-15, abs=0)


def test_zeta_agrees_with_scipy_on_a_grid():
    s = np.linspace(1.01, 40.0, 101)[:, None]
    q = np.concatenate([np.linspace(0.01, 30.0, 101), [1e4, 1e6]])
    assert np.allclose(F.zeta(s, q), special.zeta(s, q), rtol=1e-14, atol=0)
    s, q = np.arange(2.0, 30.0)[:, None], np.linspace(-8.0, -0.013, 100)
    assert np.allclose(F.zeta(s, q), special.zeta(s, q), rtol=2e-13, atol=0)


def test_polygamma_agrees_with_scipy_on_a_grid():
    n, x = np.arange(30)[:, None], np.linspace(-5.1, 20.0, 77)
    assert np.allclose(F.polygamma(n, x), special.polygamma(n, x), rtol=1e-13, atol=0)


@pytest.mark.parametrize("function", [F.lgamma, F.digamma])
def test_single_precision_is_exact_to_the_last_digits(function):
    x = np.linspace(0.01, 40.0, 4001).astype(np.float32)
    y = function(x)
    reference = {F.lgamma: special.gammaln, F.digamma: special.digamma}[function]
    exact = reference(x.astype(np.float64))
    assert y.dtype == np.float32
    assert (np.abs(y - exact) / np.spacing(np.abs(exact).astype(np.float32))).max() <= 1.0


def test_edges_warn_of_nothing():
    x = np.array([0.0, -0.0, -1.0, -7.0, np.inf, -np.inf, 1e308, 1e-310, -1e17])
    assert F.lgamma(x).tolist() == pytest.approx([np.inf] * 7 + [math.lgamma(1e-310), np.inf])
    assert F.digamma(x[:2]).tolist() == [-np.inf, np.inf]
    assert np.isnan(F.digamma(np.array([-1.0, -7.0, -np.inf, np.nan]))).all()
    assert np.isnan(F.lgamma(np.array(np.nan)))


def test_edges_of_zeta():
    s = np.array([0.5, 1.0, 2.0, 2.5, 2.0, np.inf, np.inf, np.inf, np.nan, 2.0])
    q = np.array([1.0, 1.0, 0.0, -0.5, -3.0, 1.0, 2.0, 0.5, 1.0, np.inf])
    expected = [np.nan, np.inf, np.inf, np.nan, np.inf, 1.0, 0.0, np.inf, np.nan, 0.0]
    assert np.array_equal(F.zeta(s, q), expected, equal_nan=True)


def test_results_are_arrays_of_the_same_dtype():
    for dtype in (np.float16, np.float32, np.float64):
        for shape in ((), (2, 3), (0, 3)):
            x = np.full(shape, 1.5, dtype)
            for y in (F.lgamma(x), F.digamma(x), F.polygamma(1, x), F.zeta(x, x), F.zeta(2.0, x)):
                assert isinstance(y, np.ndarray)
                assert (y.dtype, y.shape) == (dtype, shape)
    assert F.lgamma(np.array([3])).dtype == np.float64


def test_the_third_derivative_of_lgamma():
    x = rk.Variable(np.array([0.5, 2.0]))
    g = F.lgamma(x)
    for _ in range(3):
        (g,) = rk.grad([g], [x], enable_double_backprop=True)
    assert g.array == pytest.approx(special.polygamma(2, x.array))


def test_an_order_that_is_a_variable_has_no_gradient():
    n, x = rk.Variable(np.array([1, 2])), rk.Variable(np.array([0.5, 2.0], np.float32))
    y = F.polygamma(n, x)
    F.sum(y).backward()
    assert y.dtype == x.grad.dtype == np.float32
    assert n.grad is None


def test_zeta_refuses_a_gradient_by_the_exponent():
    x = rk.Variable(np.array([2.0]))
    with pytest.raises(GraphError, match="with respect to q"):
        F.zeta(x, np.array([1.0])).backward()


def test_mistakes():
    x = np.array([1.0, 2.0])
    with pytest.raises(DtypeError, match="integer"):
        F.polygamma(1.0, x)
    with pytest.raises(DtypeError, match="floats"):
        F.polygamma(1, np.array([1, 2]))
    with pytest.raises(RangeError, match="-1"):
        F.polygamma(-1, x)
    with pytest.raises(ShapeError, match="polygamma"):
        F.polygamma(np.array([1, 2, 3]), rk.Variable(x))
    with pytest.raises(ShapeError, match="zeta"):
        F.zeta(np.ones(3), rk.Variable(x))
