"""Each check passes a right function and fails the one mistake that it is for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import renkei as rk
from renkei.core.config import current
from renkei.core.dispatch import _table, fast_kernels, kernel
from renkei.testing import (
    Case,
    check_arrays,
    check_dtypes,
    check_empty,
    check_forward,
    check_function,
    check_gradients,
    check_keeps,
    check_kernel,
    check_kernels,
    check_layouts,
    load_cases,
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


def test_inputs_are_the_same_in_every_run_and_differ_by_label() -> None:
    first, again, other = case().draw("float32"), case().draw("float32"), case("x").draw("float32")
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_draw_takes_shapes_arrays_callables_and_none() -> None:
    inputs = [(2, 3), np.ones(2), np.arange(2), lambda rng: rng.normal(size=4), None]
    drawn = Case(abs, inputs, low=2, high=3).draw("float16", empty=True)
    kinds = [None if a is None else (a.shape, a.dtype.name) for a in drawn]
    expected = [((0, 3), "float16"), ((2,), "float16"), ((2,), "int64"), ((4,), "float16"), None]
    assert kinds == expected
    assert 2 <= Case(abs, [(5,)], low=2, high=3).draw("float64")[0].min() < 3


def test_load_cases(tmp_path: Any) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("from renkei.testing import Case\nCASES = [Case(abs, [(2,)], label='two')]\n")
    bad.write_text("CASES = [1]\n")
    [(name, row)] = load_cases(good)
    assert (name, row.function) == ("good-abs-two", abs)
    with pytest.raises(rk.RenkeiError, match="a list CASES"):
        load_cases(bad)


def test_checks_leave_the_settings_alone() -> None:
    before = current().values()
    check_function(case())
    assert current().values() == before
