"""All distributions: SciPy is the oracle of densities and moments, its tests judge the samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from scipy import stats

import renkei as rk
import renkei.distributions as D
from renkei.testing import gradient_check

A = np.array([[0.6], [1.3]])
B = np.array([0.5, 1.0, 2.5])
P = np.array([0.1, 0.5, 0.9])


@dataclass
class Row:
    """A distribution, its parameters, and the same one of SciPy; two batch axes or one."""

    make: Any
    parameters: dict[str, Any]
    oracle: Any  # of the parameters, in order
    points: Any
    discrete: bool = False
    shape: tuple[int, ...] = (2, 3)
    members: str = "mean variance stddev entropy"
    functions: str = ""
    wrt: tuple[str, ...] | None = None
    label: str = ""
    outside: list[float] = field(default_factory=list)

    @property
    def name(self):
        return self.make.__name__ + self.label

    def ours(self, dtype: Any = np.float64):
        return self.make(**{k: v.astype(dtype) for k, v in self.parameters.items()})

    @property
    def theirs(self):
        return self.oracle(*self.parameters.values())

    def at(self):
        return np.asarray(self.points)[:, None, None] if len(self.shape) == 2 else self.points


LINE = [-3.0, -0.4, 0.1, 0.7, 5.0]
POSITIVE = [0.05, 0.7, 1.9, 6.0]
UNIT = [0.03, 0.4, 0.9]
ALL = "cdf icdf log_cdf survival_function log_survival_function"
CDF = "cdf icdf"

ROWS = [
    Row(D.Normal, {"loc": A, "scale": B}, stats.norm, LINE, functions=ALL),
    Row(
        D.Normal,
        {"loc": A, "log_scale": np.log(B)},
        lambda loc, log_scale: stats.norm(loc, np.exp(log_scale)),
        LINE,
        functions=ALL,
        label="-log",
    ),
    Row(
        D.LogNormal,
        {"mu": A, "sigma": B},
        lambda mu, sigma: stats.lognorm(sigma, scale=np.exp(mu)),
        POSITIVE,
        functions=CDF,
        outside=[-1.0, 0.0],
    ),
    Row(D.Cauchy, {"loc": A, "scale": B}, stats.cauchy, LINE, functions=CDF, members="entropy"),
    Row(D.Gumbel, {"loc": A, "scale": B}, stats.gumbel_r, LINE, functions=CDF),
    Row(D.Laplace, {"loc": A, "scale": B}, stats.laplace, LINE, functions=CDF),
    Row(
        D.Exponential,
        {"lam": B},
        lambda lam: stats.expon(scale=1 / lam),
        POSITIVE,
        shape=(3,),
        functions=ALL,
        outside=[-0.5],
    ),
    Row(
        D.Pareto,
        {"scale": A, "alpha": B + 2},
        lambda scale, alpha: stats.pareto(alpha, scale=scale),
        [1.4, 2.0, 9.0],
        functions=ALL,
        outside=[0.3],
    ),
    Row(
        D.Uniform,
        {"low": A, "high": A + B + 1},
        lambda low, high: stats.uniform(low, high - low),
        [1.4, 1.7],
        functions=CDF,
        outside=[-1.0, 6.0],
    ),
    Row(D.Uniform, {"loc": A, "scale": B + 1}, stats.uniform, [1.4], functions=CDF, label="-loc"),
    Row(
        D.Gamma,
        {"k": A, "theta": B},
        lambda k, theta: stats.gamma(k, scale=theta),
        POSITIVE,
        outside=[-1.0],
    ),
    Row(D.Chisquare, {"k": B * 2}, stats.chi2, POSITIVE, shape=(3,), outside=[-1.0]),
    Row(D.Beta, {"a": A, "b": B}, stats.beta, UNIT, outside=[-0.1, 1.1]),
    Row(
        D.Bernoulli,
        {"p": P},
        stats.bernoulli,
        np.array([[0], [1]]),
        discrete=True,
        shape=(3,),
    ),
    Row(
        D.Bernoulli,
        {"logit": np.log(P / (1 - P))},
        lambda logit: stats.bernoulli(1 / (1 + np.exp(-logit))),
        np.array([[0], [1]]),
        discrete=True,
        shape=(3,),
        label="-logit",
    ),
    Row(
        D.Geometric,
        {"p": P},
        stats.geom,
        np.array([[1], [2], [7]]),
        discrete=True,
        shape=(3,),
        functions="cdf",
        outside=[0.0, 1.5],
    ),
    Row(
        D.Poisson,
        {"lam": B},
        stats.poisson,
        np.array([[0], [1], [4]]),
        discrete=True,
        shape=(3,),
        members="mean variance stddev",
        outside=[-1.0, 0.5],
    ),
]
for _row in ROWS:
    if len(_row.shape) == 1 and not _row.discrete:
        _row.points = np.asarray(_row.points)[:, None]

NAMES = {"variance": "var", "stddev": "std", "icdf": "ppf", "log_cdf": "logcdf",
         "survival_function": "sf", "log_survival_function": "logsf"}  # fmt: skip


def rows(test):
    return pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)(test)


@rows
def test_densities(row):
    d, x = row.ours(), row.at()
    theirs = row.theirs
    log_prob = theirs.logpmf(x) if row.discrete else theirs.logpdf(x)
    assert d.log_prob(x).array == pytest.approx(log_prob, rel=1e-10, abs=1e-12)
    assert d.prob(x).array == pytest.approx(np.exp(log_prob), rel=1e-10)
    assert d.batch_shape == row.shape
    assert d.event_shape == ()


@rows
def test_points_outside_the_support_are_impossible_and_warn_of_nothing(row):
    d = row.ours()
    for x in row.outside:
        y = d.log_prob(np.full(row.shape, x))
        assert np.isneginf(y.array).all()
        assert not d.prob(np.array(x)).array.any()


@rows
def test_moments(row):
    d, theirs = row.ours(), row.theirs
    for member in row.members.split():
        expected = getattr(theirs, NAMES.get(member, member))()
        assert getattr(d, member).array == pytest.approx(expected, rel=1e-10), member
        assert getattr(d, member).shape == row.shape
    if "entropy" in row.members:
        assert d.perplexity().array == pytest.approx(np.exp(theirs.entropy()))


@rows
def test_distribution_functions(row):
    d, theirs = row.ours(), row.theirs
    for name in row.functions.split():
        x = np.array(UNIT)[:, None, None] if name == "icdf" else row.at()
        expected = getattr(theirs, NAMES.get(name, name))(x)
        y = getattr(d, name)(x).array
        y, expected = np.broadcast_arrays(y, expected)
        assert y == pytest.approx(expected, rel=1e-10, abs=1e-13), name


@rows
def test_samples_have_the_distribution(row):
    rk.seed(7)
    d = row.ours()
    n = 2000
    x = d.sample((n // 2, 2))
    assert x.shape == (n // 2, 2, *row.shape)
    draws = x.array.reshape(n, *row.shape)
    assert len(np.unique(draws)) > 2 or row.make is D.Bernoulli
    for i in np.ndindex(row.shape):
        one = row.oracle(*[np.broadcast_to(v, row.shape)[i] for v in row.parameters.values()])
        if not row.discrete:
            assert stats.kstest(draws[(slice(None), *i)], one.cdf).pvalue > 1e-3
            continue
        values = draws[(slice(None), *i)]
        middle = [v for v in range(30) if n * one.pmf(v) > 20]
        seen = np.array([(values == v).sum() for v in middle])
        wanted = n * one.pmf(middle)
        rest, wanted_rest = n - seen.sum(), n - wanted.sum()
        chi2 = ((seen - wanted) ** 2 / wanted).sum()
        chi2 += (rest - wanted_rest) ** 2 / max(wanted_rest, 1)
        assert stats.chi2.sf(chi2, len(middle)) > 1e-3


@rows
def test_samples_follow_the_seed(row):
    rk.seed(1)
    first = row.ours().sample(3).array
    again = row.ours().sample(3).array
    rk.seed(1)
    assert np.array_equal(row.ours().sample(3).array, first)
    assert row.make is D.Bernoulli or not np.array_equal(first, again)


@rows
def test_gradients_by_parameters_and_points(row):
    x = np.asarray(row.at(), np.float64)
    x = np.broadcast_to(x, (x.shape[0], *row.shape)).copy()
    names = list(row.parameters)

    def log_prob(x, *values):
        return row.make(**dict(zip(names, values))).log_prob(x)

    values = [v.copy() for v in row.parameters.values()]
    wrt = range(1, len(names) + 1) if row.discrete else range(len(names) + 1)
    gradient_check(log_prob, [x, *values], wrt=list(wrt))
    if "entropy" in row.members:
        gradient_check(lambda *values: row.make(**dict(zip(names, values))).entropy, values)


REPARAMETRIZED = [row for row in ROWS if not row.discrete and row.make not in
                  (D.Gamma, D.Chisquare, D.Beta)]  # fmt: skip


@pytest.mark.parametrize("row", REPARAMETRIZED, ids=lambda row: row.name)
def test_samples_are_differentiable_by_the_parameters(row):
    names = list(row.parameters)

    def sample(*values):
        rk.seed(3)
        return row.make(**dict(zip(names, values))).sample(2)

    gradient_check(sample, [v.copy() for v in row.parameters.values()], order=1)


@rows
def test_single_precision_stays(row):
    d = row.ours(np.float32)
    x = np.asarray(row.at(), np.float32)
    assert d.log_prob(x).dtype == np.float32
    assert d.sample(2).dtype == (np.int64 if row.make is D.Bernoulli else np.float32)
    for name in row.members.split():
        assert getattr(d, name).dtype == np.float32
    for name in row.functions.split():
        assert getattr(d, name)(np.full(row.shape, 0.5, np.float32)).dtype == np.float32


@rows
def test_parameters_can_be_read_back(row):
    d = row.ours()
    assert list(d.params) == list(row.parameters)
    for name, value in row.parameters.items():
        expected = np.broadcast_to(value, row.shape)
        assert np.allclose(d.params[name].array, expected)
        assert np.allclose(getattr(d, name).array, expected)
    assert d.xp is np
    assert isinstance(d.support, str)
    assert repr(d) == f"<{row.make.__name__} batch_shape={row.shape}>"


def test_what_is_not_defined():
    class Empty(D.Distribution):
        """A distribution of which nothing is known."""

    for name in ("mean", "variance", "entropy", "mode", "covariance", "support", "batch_shape"):
        with pytest.raises(NotImplementedError, match=f"Empty has no {name}"):
            getattr(Empty(), name)
    for name in ("log_prob", "cdf", "icdf", "sample_n"):
        with pytest.raises(NotImplementedError, match=f"Empty has no {name}"):
            getattr(Empty(), name)(1)
