"""check_function: everything that can be derived from one row of a case table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from renkei.core.device import get_array_types
from renkei.core.graph import backward
from renkei.core.variable import Variable
from renkei.testing.case import Case
from renkei.testing.compare import assert_allclose, tolerance
from renkei.testing.gradient import GradientCheck, floating
from renkei.testing.kernel import check_kernels

__all__ = [
    "CHECKS",
    "check_arrays",
    "check_dtypes",
    "check_empty",
    "check_forward",
    "check_function",
    "check_gradients",
    "check_keeps",
    "check_kernels",
    "check_layouts",
]


def check_function(case: Case, checks: Sequence[Callable[[Case], None]] | None = None) -> None:
    r"""Runs all checks that apply to a row of a case table.

    Args:
        case: the function, its inputs and what it must give.
        checks: some of ``renkei.testing``'s checks; None: all.

    Raises:
        AssertionError: a check failed; a note names the check and the row.

    >>> import numpy as np, renkei as rk
    >>> from renkei.testing import Case, check_function
    >>> @rk.elementwise(x=lambda gy, x: gy * 3 * x * x)
    ... def doc_third_power(xp, x):
    ...     return x * x * x
    >>> check_function(Case(doc_third_power, [(2, 3)], expected=lambda x: x**3))
    """
    for check in CHECKS if checks is None else checks:
        try:
            check(case)
        except Exception as error:
            error.add_note(f"in {check.__name__} of {case.name}")
            raise


def _wrt(case: Case, arguments: list[Any]) -> list[int]:
    if case.grad == 0:
        return []
    return floating(arguments) if case.wrt is None else list(case.wrt)


def _wrapped(arguments: list[Any], wanted: Sequence[int] | None = None) -> list[Any]:
    """Floating arguments as Variables; only the wanted ones want gradients."""
    return [
        Variable(a, requires_grad=wanted is None or i in wanted) if i in floats else a
        for floats in [floating(arguments)]
        for i, a in enumerate(arguments)
    ]


def _array(y: Any) -> Any:
    return getattr(y, "array", y)


def _machine(case: Case, arguments: list[Any]) -> GradientCheck:
    return GradientCheck(case.call, arguments, _wrt(case, arguments), case.random)


def _widest(case: Case) -> str:
    """The dtype for checks that need only one: what kernels are written for."""
    return next(d for d in ("float32", "float64", *case.dtypes) if d in case.dtypes)


def check_forward(case: Case) -> None:
    """The results equal ``expected`` in every dtype, and the arguments are left alone."""
    for dtype in case.dtypes:
        arguments = case.draw(dtype)
        before: list[Any] = [None if a is None else np.array(a) for a in arguments]
        ys = [_array(y) for y in case.call(arguments)]
        for a, b in zip(arguments, before, strict=True):
            if a is not None and not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"):
                raise AssertionError(f"{dtype}: the function changed its argument")
        if case.expected is None:
            continue
        expected = case.expect(arguments)
        if len(ys) != len(expected):
            raise AssertionError(f"{len(ys)} results instead of {len(expected)}")
        for k, (y, e) in enumerate(zip(ys, expected)):
            assert_allclose(y, e, **tolerance(dtype, case.tol), what=f"{dtype} result {k}")


def check_gradients(case: Case) -> None:
    """First and second gradients in float64 against central differences.

    The second ones are taken with respect to the inputs and the output gradients, and the array
    sweep must give what the recording sweep gives.
    """
    arguments = case.draw("float64")
    if case.grad == 0 or not _wrt(case, arguments):
        return
    rtol, atol = case.tol.get("grad", (1e-5, 1e-6))
    machine = _machine(case, arguments)
    machine.first(rtol, atol)
    if case.grad > 1:
        machine.second(rtol, atol)


def check_dtypes(case: Case) -> None:
    """A dtype in gives that dtype out, and gradients close to those of float64."""
    for dtype in case.dtypes:
        arguments = case.draw(dtype)
        wanted = np.dtype(case.attrs.get("dtype") or dtype)
        ys = [_array(y) for y in case.call(arguments)]
        for k, y in enumerate(ys):
            kind = getattr(getattr(y, "dtype", None), "kind", "")
            if floating(arguments) and kind == "f" and y.dtype != wanted:
                raise AssertionError(f"result {k} is {y.dtype}, not {wanted}")
        if dtype != "float64" and _wrt(case, arguments):
            _compare_gradients(case, arguments, dtype)


def _compare_gradients(case: Case, arguments: list[Any], dtype: str) -> None:
    machine = _machine(case, arguments)
    exact = [a.astype("float64") if i in machine.wrt else a for i, a in enumerate(arguments)]
    found = machine.gradients(arguments, machine.gys)
    right = _machine(case, exact).gradients(exact, [gy.astype("float64") for gy in machine.gys])
    close = {k: 5 * v for k, v in tolerance(dtype, case.tol).items()}
    for i, g, e in zip(machine.wrt, found, right, strict=True):
        if g.dtype != arguments[i].dtype:
            raise AssertionError(f"the gradient of {dtype} input {i} is {g.dtype}")
        assert_allclose(g, e, **close, what=f"{dtype} gradient of input {i}")


def check_layouts(case: Case) -> None:
    """Any strides give the same results and gradients: transposed, sliced, reversed, read-only."""
    dtype = _widest(case)
    arguments = case.draw(dtype)
    ys = [_array(y) for y in case.call(arguments)]
    machine = _machine(case, arguments) if _wrt(case, arguments) else None
    gxs = machine.gradients(arguments, machine.gys) if machine else []
    close = tolerance(dtype, case.tol)
    for name, laid in LAYOUTS.items():
        others = [laid(a) if getattr(a, "ndim", 0) else a for a in arguments]
        for k, (y, e) in enumerate(zip(case.call(others), ys, strict=True)):
            assert_allclose(y, e, **close, what=f"result {k} of {name} arrays")
        if machine is None:
            continue
        gys = [laid(gy) if gy.ndim else gy for gy in machine.gys]
        for i, g, e in zip(machine.wrt, machine.gradients(others, gys), gxs, strict=True):
            assert_allclose(g, e, **close, what=f"gradient of input {i} of {name} arrays")


def fortran(a: Any) -> Any:
    """The same values in column-major memory."""
    return np.asfortranarray(a)


def channels_last(a: Any) -> Any:
    """The same values with axis 1 innermost in memory."""
    if a.ndim < 3:
        return np.asfortranarray(a)
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 1, -1)), -1, 1)


def sliced(a: Any) -> Any:
    """The same values with gaps between them."""
    wide = np.zeros(tuple(2 * n for n in a.shape), a.dtype)
    every = (slice(None, None, 2),) * a.ndim
    wide[every] = a
    return wide[every]


def backwards(a: Any) -> Any:
    """The same values in reversed memory."""
    turn = (slice(None, None, -1),) * a.ndim
    return a[turn].copy()[turn]


def read_only(a: Any) -> Any:
    """The same values in memory that cannot be written to."""
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "Fortran-order": fortran,
    "channels-last": channels_last,
    "non-contiguous": sliced,
    "reversed": backwards,
    "read-only": read_only,
}


def check_empty(case: Case) -> None:
    """Nothing in gives nothing out: the batch axis may be 0, forward and backward."""
    if not case.empty:
        return
    arguments = case.draw(_widest(case), empty=True)
    ys = [_array(y) for y in case.call(arguments)]
    if case.expected is not None:
        for k, (y, e) in enumerate(zip(ys, case.expect(arguments), strict=True)):
            assert_allclose(y, e, what=f"result {k} of empty arrays")
    if _wrt(case, arguments):
        machine = _machine(case, arguments)
        for i, g in zip(machine.wrt, machine.gradients(arguments, machine.gys), strict=True):
            if g.shape != arguments[i].shape:
                raise AssertionError(f"the gradient of empty input {i} has shape {g.shape}")


def check_arrays(case: Case) -> None:
    """Arrays in give arrays out, never NumPy scalars; Variables in give Variables out."""
    arguments = case.draw(_widest(case))
    bare = case.call(arguments)
    for k, y in enumerate(bare):
        if not isinstance(y, (*get_array_types(), int, float)) or isinstance(y, np.generic):
            raise AssertionError(f"result {k} of arrays is a {type(y).__name__}, not an array")
    if not floating(arguments):
        return
    wrapped = case.call(_wrapped(arguments))
    for k, (y, v) in enumerate(zip(bare, wrapped, strict=True)):
        if isinstance(y, get_array_types()):
            if not isinstance(v, Variable):
                raise AssertionError(f"result {k} of Variables is a {type(v).__name__}")
            if not isinstance(v.array, get_array_types()) or v.dtype != y.dtype:
                raise AssertionError(f"result {k}: {v.dtype} of Variables, {y.dtype} of arrays")
            assert_allclose(v, y, **tolerance(_widest(case), case.tol), what=f"result {k}")


def check_keeps(case: Case) -> None:
    """With some inputs frozen, the others' gradients are the same and frozen ones get none."""
    arguments = case.draw(_widest(case))
    wrt = _wrt(case, arguments)
    if not wrt:
        return
    for y in case.call(_wrapped(arguments, ())):
        if isinstance(y, Variable) and y.requires_grad:
            raise AssertionError("a result wants a gradient although no input does")
    machine = _machine(case, arguments)
    full = machine.gradients(arguments, machine.gys)
    close = tolerance(_widest(case), case.tol)
    for i, right in zip(wrt, full, strict=True) if len(wrt) > 1 else ():
        only = GradientCheck(case.call, arguments, [i], case.random)
        if len(only.gys) != len(machine.gys):  # a result that does not depend on this input
            continue
        found = only.gradients(arguments, machine.gys)[0]
        assert_allclose(found, right, **close, what=f"gradient of input {i}, the others arrays")
        _check_frozen(case, arguments, i, (machine.gys, right), close)


def _check_frozen(case: Case, arguments: list[Any], i: int, given: Any, close: Any) -> None:
    gys, right = given
    wrapped = _wrapped(arguments, [i])
    ys = [y for y in case.call(wrapped) if isinstance(y, Variable) and y.requires_grad]
    if any(y.creator is None for y in ys):
        return
    for y, gy in zip(ys, gys, strict=True):
        backward([y], [Variable(gy)])
    for j, x in enumerate(wrapped):
        if j != i and isinstance(x, Variable) and x.grad is not None:
            raise AssertionError(f"frozen input {j} got a gradient")
    found = wrapped[i].grad
    found = np.zeros_like(right) if found is None else found
    assert_allclose(found, right, **close, what=f"gradient of input {i}, the others frozen")


CHECKS = (
    check_forward,
    check_gradients,
    check_dtypes,
    check_layouts,
    check_empty,
    check_arrays,
    check_keeps,
    check_kernels,
)
