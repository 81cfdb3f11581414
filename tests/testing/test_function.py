"""Each check passes a right function and fails the one mistake that it is for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import renkei as rk
from renkei.core.config import current
from renkei.testing import (
    Case,
    check_arrays,
    check_dtypes,
    check_empty,
    check_forward,
    check_function,
    check_gradients,
    check_keeps,
    check_layouts,
)


class Product(rk.Function):
    """x * y, with a switch for each mistake."""

    def __init__(self, mistake: str = "") -> None:
        self.mistake = mistake

    def check(self, x: Any, y: Any) -> rk.Spec:
        return rk.Spec(x.shape, x.dtype)

    def forward(self, x: Any, y: Any) -> Any:
        z = x * y
        if self.mistake == "value":
            z = z + 0.1
        elif self.mistake == "writes":
            x *= 1.5
        elif self.mistake == "float64":
            z = z.astype(np.float64)
        elif self.mistake == "scalar":
            z = z[(0,) * z.ndim]
        elif self.mistake == "strides" and not x.flags.c_contiguous:
            z = np.ascontiguousarray(z)[::-1]
        elif self.mistake == "read-only" and not x.flags.writeable:
            raise ValueError("array is read-only")
        elif self.mistake == "empty" and x.shape[0] == 0:
            z = np.zeros((1, *x.shape[1:]), x.dtype)
        return z

    def grad_x(self, gy: Any, y: Any) -> Any:
        if self.mistake == "gradient":
            return gy * y * 1.001
        if self.mistake == "detached":
            return gy * rk.as_variable(getattr(y, "array", y).copy()) if _recording(gy) else gy * y
        if self.mistake == "detached gy":
            return rk.as_variable(gy.array.copy()) * y if _recording(gy) else gy * y
        if self.mistake == "two sweeps":
            return gy * y * 1.5 if _recording(gy) else gy * y
        return gy * y

    def grad_y(self, gy: Any, x: Any) -> Any:
        if self.mistake == "gradient y":
            return gy * x * 1.001
        return gy * x


def _recording(gy: Any) -> bool:
    return isinstance(gy, rk.Variable)


def case(mistake: str = "", **changes: Any) -> Case:
    def product(x: Any, y: Any) -> Any:
        return Product(mistake)(x, y)

    options = {"expected": lambda x, y: x * y, "empty": True, **changes}
    return Case(product, [(3, 4), (3, 4)], label=mistake, **options)


def test_right_function_passes() -> None:
    check_function(case())


@pytest.mark.parametrize(
    ("check", "mistake", "message"),
    [
        (check_forward, "value", "result 0: 12 of 12 elements differ"),
        (check_forward, "writes", "changed its argument"),
        (check_gradients, "gradient", "gradient of input 0"),
        (check_gradients, "gradient y", "gradient of input 1"),
        (check_gradients, "detached", "second derivative by input 1"),
        (check_gradients, "detached gy", "second derivative by output gradient 0"),
        (check_gradients, "two sweeps", "plain backward"),
        (check_dtypes, "float64", "float64, not float16"),
        (check_layouts, "strides", "result 0 of Fortran-order arrays"),
        (check_layouts, "read-only", "read-only"),
        (check_empty, "empty", "of empty arrays: shape"),
        (check_arrays, "scalar", "float32, not an array"),
    ],
)
def test_checks_bite(check: Any, mistake: str, message: str) -> None:
    check(case())
    with pytest.raises((AssertionError, ValueError), match=message):
        check(case(mistake))


def test_a_note_names_check_and_row() -> None:
    with pytest.raises(AssertionError) as raised:
        check_function(case("gradient"))
    assert raised.value.__notes__ == ["in check_gradients of product-gradient"]


def test_only_the_checks_asked_for_run() -> None:
    check_function(case("gradient"), [check_forward])


def test_keeps_finds_gradients_that_depend_on_what_is_wanted() -> None:
    class Joint(rk.Function):
        def __init__(self, right: bool) -> None:
            self.right = right

        def forward(self, x: Any, y: Any) -> Any:
            return x + y

        def grads(self, wanted: Any, gy: Any) -> Any:
            return gy, gy if self.right or all(wanted) else gy * 2

    check_keeps(Case(lambda x, y: Joint(True)(x, y), [(2,), (2,)]))
    with pytest.raises(AssertionError, match="gradient of input 1, the others arrays"):
        check_keeps(Case(lambda x, y: Joint(False)(x, y), [(2,), (2,)]))


def test_variables_in_must_give_variables() -> None:
    with pytest.raises(AssertionError, match="result 0 of Variables is a ndarray"):
        check_arrays(Case(lambda x: getattr(x, "array", x), [(2,)]))


def test_identity_is_checked_although_backward_stops_at_leaves() -> None:
    check_function(Case(lambda x: x, [(2, 3)], expected=lambda x: x))


def test_several_outputs_lists_and_integers() -> None:
    def both(xs: Any, *, times: int) -> Any:
        return [xs[0] * times, None, (xs[1] * xs[0], 7)]

    expected = lambda xs, times: (times * xs[0], xs[1] * xs[0], 7)
    check_function(Case(both, [(2,), (2,)], {"times": 3}, expected, variadic=True, empty=True))


def test_checks_leave_the_settings_alone() -> None:
    before = current().values()
    check_function(case())
    assert current().values() == before
