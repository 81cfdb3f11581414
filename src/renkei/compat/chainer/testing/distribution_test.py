"""Tests of distributions against SciPy's."""

from __future__ import annotations

import math
import unittest
from collections.abc import Iterator
from typing import Any

import numpy as np

from renkei.compat.chainer.backends import cuda
from renkei.compat.chainer.testing import attr
from renkei.compat.chainer.testing.array import assert_allclose
from renkei.compat.chainer.variable import Variable

__all__ = ["distribution_unittest"]

# target: (the distribution's method, SciPy's) for those that are compared at samples
_AT_SAMPLES = {
    "cdf": ("cdf", "cdf"),
    "log_cdf": ("log_cdf", "logcdf"),
    "survival": ("survival_function", "sf"),
    "log_survival": ("log_survival_function", "logsf"),
}
_MOMENTS = {"entropy": "entropy", "mean": "mean", "stddev": "std", "variance": "var"}
_TARGETS = {
    "batch_shape", "event_shape", "icdf", "log_prob", "prob", "sample", "support",
    *_AT_SAMPLES, *_MOMENTS,
}  # fmt: skip
_DRAWS = 100000


class distribution_unittest(unittest.TestCase):
    """The base of tests of a distribution.

    A subclass defines ``setUp_configure``, which sets ``dist``, ``scipy_dist``, ``params``,
    ``scipy_params``, ``shape`` and ``test_targets``, and ``sample_for_test``.
    """

    scipy_onebyone = False

    def setUp(self) -> None:
        """Reads the configuration."""
        self.support, self.continuous = "real", True
        self.event_shape = getattr(self, "event_shape", ())
        self.test_targets: set[str] = set()
        self.options: dict[str, Any] = {}
        self.setUp_configure()  # type: ignore[attr-defined]
        unknown = self.test_targets - _TARGETS
        if unknown:
            raise ValueError(f"invalid target(s): {unknown}")
        if self.is_variable:  # type: ignore[has-type]
            self.params = {k: Variable(v) for k, v in self.params.items()}

    def scipy_onebyone_params_iter(self) -> Iterator[dict[str, Any]]:
        """SciPy's parameters of each distribution of the batch."""
        for index in np.ndindex(self.shape):
            yield {k: v[index] for k, v in self.scipy_params.items()}

    @property
    def cpu_dist(self) -> Any:
        """The distribution on the host."""
        return self.dist(**self.params, **self.options)

    @property
    def gpu_dist(self) -> Any:
        """The distribution on a GPU."""
        arrays = {k: cuda.to_gpu(getattr(v, "array", v)) for k, v in self.params.items()}
        if self.is_variable:
            arrays = {k: Variable(v) for k, v in arrays.items()}
        return self.dist(**arrays, **self.options)

    def _dist(self, is_gpu: bool) -> Any:
        return self.gpu_dist if is_gpu else self.cpu_dist

    def _at_samples(self, method: str, scipy: str, is_gpu: bool) -> None:
        samples = self.sample_for_test()
        given = cuda.to_gpu(samples) if is_gpu else samples
        found = getattr(self._dist(is_gpu), method)(given).data
        assert_allclose(found, getattr(self.scipy_dist, scipy)(samples, **self.scipy_params))

    def _moment(self, name: str, is_gpu: bool) -> None:
        scipy = getattr(self.scipy_dist, _MOMENTS[name])
        if self.scipy_onebyone and name != "stddev":
            rows = [scipy(**params) for params in self.scipy_onebyone_params_iter()]
            event = () if name == "entropy" else self.cpu_dist.event_shape
            expected = np.vstack(rows).reshape(self.shape + event)
        else:
            expected = scipy(**self.scipy_params)
        assert_allclose(getattr(self._dist(is_gpu), name).data, expected)

    def check_cdf(self, is_gpu: bool) -> None:
        """Compares the cumulative distribution function."""
        self._at_samples("cdf", "cdf", is_gpu)

    def check_log_cdf(self, is_gpu: bool) -> None:
        """Compares its logarithm."""
        self._at_samples("log_cdf", "logcdf", is_gpu)

    def check_survival(self, is_gpu: bool) -> None:
        """Compares the survival function."""
        self._at_samples("survival_function", "sf", is_gpu)

    def check_log_survival(self, is_gpu: bool) -> None:
        """Compares its logarithm."""
        self._at_samples("log_survival_function", "logsf", is_gpu)

    def check_prob(self, is_gpu: bool) -> None:
        """Compares the probability or its density."""
        self._at_samples("prob", "pdf" if self.continuous else "pmf", is_gpu)

    def check_log_prob(self, is_gpu: bool) -> None:
        """Compares the logarithm of the probability or of its density."""
        scipy = "logpdf" if self.continuous else "logpmf"
        if not self.scipy_onebyone:
            self._at_samples("log_prob", scipy, is_gpu)
            return
        samples = self.sample_for_test()
        found = self._dist(is_gpu).log_prob(cuda.to_gpu(samples) if is_gpu else samples).data
        event, function = self.event_shape, getattr(self.scipy_dist, scipy)
        flat = samples.reshape(-1, math.prod(self.shape), *event)
        columns = [
            np.reshape(function(flat[:, i].reshape(*self.sample_shape, *event), **params), -1)
            for i, params in enumerate(self.scipy_onebyone_params_iter())
        ]
        expected = np.stack(columns, axis=1).reshape(self.sample_shape + self.shape)
        assert_allclose(found, expected)

    def check_icdf(self, is_gpu: bool) -> None:
        """Compares the inverse of the cumulative distribution function."""
        p = np.random.uniform(1e-5, 1 - 1e-5, self.sample_shape + self.shape).astype(np.float32)
        found = self._dist(is_gpu).icdf(cuda.to_gpu(p) if is_gpu else p).data
        assert_allclose(found, self.scipy_dist.ppf(p, **self.scipy_params))

    def check_sample(self, is_gpu: bool) -> None:
        """Compares mean and standard deviation of many samples."""
        shape = (_DRAWS, *self.sample_shape)
        found = cuda.to_cpu(self._dist(is_gpu).sample(sample_shape=shape).data)
        if self.scipy_onebyone:
            event = self.cpu_dist.event_shape
            columns = [
                np.reshape(self.scipy_dist.rvs(size=shape, **params), (*shape, *event))
                for params in self.scipy_onebyone_params_iter()
            ]
            expected = np.stack(columns, axis=len(shape)).reshape(shape + self.shape + event)
        else:
            expected = self.scipy_dist.rvs(size=shape + self.shape, **self.scipy_params)
        for name in ("mean", "std"):
            pair = (getattr(a, name)(axis=0) for a in (found, expected))
            assert_allclose(*pair, atol=3e-2, rtol=3e-2)

    def check_entropy(self, is_gpu: bool) -> None:
        """Compares the entropy."""
        self._moment("entropy", is_gpu)

    def check_mean(self, is_gpu: bool) -> None:
        """Compares the mean."""
        self._moment("mean", is_gpu)

    def check_stddev(self, is_gpu: bool) -> None:
        """Compares the standard deviation."""
        self._moment("stddev", is_gpu)

    def check_variance(self, is_gpu: bool) -> None:
        """Compares the variance."""
        self._moment("variance", is_gpu)

    def _check_batch_shape(self, is_gpu: bool) -> None:
        self.assertEqual(self._dist(is_gpu).batch_shape, self.shape)

    def _check_event_shape(self, is_gpu: bool) -> None:
        self.assertEqual(self._dist(is_gpu).event_shape, self.event_shape)

    def _check_support(self, is_gpu: bool) -> None:
        self.assertEqual(self._dist(is_gpu).support, self.support)


def _test(target: str, is_gpu: bool) -> Any:
    def test(self: Any) -> None:
        if target not in self.test_targets:
            self.skipTest(f"'{target}' does not exist in test_targets.")
        name = f"check_{target}"
        (getattr(self, name, None) or getattr(self, "_" + name))(is_gpu)

    test.__name__ = f"test_{target}_{'gpu' if is_gpu else 'cpu'}"
    return attr.gpu(test) if is_gpu else test


if attr.is_available():
    for _target in sorted(_TARGETS):
        for _gpu in (False, True):
            _made = _test(_target, _gpu)
            setattr(distribution_unittest, _made.__name__, _made)
