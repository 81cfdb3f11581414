"""Kernels that differ from the reference, or write where they may not, are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import renkei as rk
from renkei.core.dispatch import _table, fast_kernels, kernel
from renkei.testing import Case, check_kernel, check_kernels


@pytest.fixture
def operation() -> Any:
    """An operation with a reference kernel, taken out of the table afterwards."""

    @kernel("testing_twice", backend="reference")
    def twice(x: Any) -> Any:
        return x + x

    yield "testing_twice"
    _table.pop("testing_twice")
    fast_kernels("testing_twice").clear()


def test_kernels_are_compared_with_the_reference(operation: str) -> None:
    class Twice(rk.Function):
        def forward(self, x: Any) -> Any:
            return self.kernel(operation, x)

        def grad_x(self, gy: Any) -> Any:
            return gy * 2

    row = Case(lambda x: Twice()(x), [(2, 3)])
    check_kernels(row)

    @kernel(operation, backend="native", when=lambda x: x.dtype == np.float32 or "wants float32")
    def wrong(x: Any) -> Any:
        return x * np.float32(2.01)

    check_kernels(Case(lambda x: Twice()(x), [(2, 3)], dtypes=("float64",)))
    with pytest.raises(AssertionError, match=r"testing_twice \[native\]"):
        check_kernels(row)


def test_kernels_may_write_only_what_they_declare(operation: str) -> None:
    @kernel(operation, backend="native")
    def writes(x: Any) -> Any:
        x += x
        return x.copy()

    with pytest.raises(AssertionError, match="wrote to its argument 'x'"):
        check_kernel(operation, (np.ones(3),))


def test_kernel_dtypes_are_compared(operation: str) -> None:
    @kernel(operation, backend="native")
    def widens(x: Any) -> Any:
        return (x + x).astype(np.float64)

    with pytest.raises(AssertionError, match="float64, not float32"):
        check_kernel(operation, (np.ones(3, np.float32),))


def test_elementwise_kernels_are_compared_with_the_expression() -> None:
    @rk.elementwise(x=lambda gy: gy * 2)
    def testing_elementwise(xp: Any, x: Any) -> Any:
        return x * 2

    row = Case(testing_elementwise, [(2, 3)])
    check_kernels(row)

    @kernel("testing_elementwise", backend="native")
    def wrong(x: Any) -> Any:
        return x * 3

    with pytest.raises(AssertionError, match=r"testing_elementwise \[native\]"):
        check_kernels(row)
    fast_kernels("testing_elementwise").clear()


def test_composite_kernels_are_compared_with_the_body() -> None:
    @rk.composite
    def testing_composite(x: Any, *, times: int = 2) -> Any:
        return x * times

    row = Case(testing_composite, [(2, 3)], {"times": 3})
    check_kernels(row)

    @kernel("testing_composite", backend="native")
    def wrong(x: Any, *, times: int) -> Any:
        return x * (times + 1)

    with pytest.raises(AssertionError, match=r"testing_composite \[native\]"):
        check_kernels(row)
    fast_kernels("testing_composite").clear()
