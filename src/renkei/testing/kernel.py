"""Agreement of all kernels of an operation with its reference kernel."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from renkei.core import composite, dispatch
from renkei.testing.case import Case, flat
from renkei.testing.compare import assert_allclose, tolerance
from renkei.testing.gradient import GradientCheck, floating

__all__ = ["check_kernel", "check_kernels", "recorded_kernels"]


@contextlib.contextmanager
def recorded_kernels() -> Iterator[list[tuple[str, tuple[Any, ...], dict[str, Any]]]]:
    """A block in which every choice of a kernel is noted: the operation, arguments, attributes.

    The arguments are copies, taken before the kernel runs. Not for several threads at once.
    """
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    select = dispatch.select

    def noting(op: str, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        calls.append((op, _copied(args), dict(attrs)))
        return select(op, args, attrs)

    dispatch.select = composite.select = noting
    try:
        yield calls
    finally:
        dispatch.select = composite.select = select


def _copied(value: Any) -> Any:
    """Copies that keep the order of the axes in memory."""
    if isinstance(value, (tuple, list)):
        return type(value)(_copied(item) for item in value)
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def check_kernel(
    op: str,
    args: tuple[Any, ...],
    attrs: dict[str, Any] | None = None,
    *,
    atol: float = 1e-5,
    rtol: float = 1e-4,
) -> int:
    r"""Runs every kernel of an operation that takes these arguments and compares the results.

    Args:
        op: the operation's name.
        args: the kernels' arrays.
        attrs: their attributes.
        atol: absolute tolerance, relative to the largest result if that is over 1.
        rtol: relative tolerance.

    Returns:
        How many kernels were compared with the reference (or with the first, if there is none).

    Raises:
        AssertionError: a kernel differs, or wrote to an argument that it does not declare.
    """
    dispatch.load()
    attrs = attrs or {}
    entry = dispatch._table.get(op)
    taking = [k for k in entry.kernels if k.refusal(args, attrs) is None] if entry else []
    if len(taking) < 2:
        return 0
    reference = next((k for k in taking if k.backend == "reference"), taking[-1])
    right = _ran(reference, args, attrs)
    for kernel in taking:
        if kernel is reference:
            continue
        for k, (y, e) in enumerate(zip(_ran(kernel, args, attrs), right, strict=True)):
            if not hasattr(e, "dtype"):
                continue
            if y.dtype != e.dtype:
                raise AssertionError(
                    f"{op} [{kernel.backend}]: result {k} {y.dtype}, not {e.dtype}"
                )
            scale = max(1.0, float(np.abs(e[np.isfinite(e)]).max(initial=0.0)))
            what = f"result {k} of {op} [{kernel.backend}]"
            assert_allclose(y, e, atol=atol * scale, rtol=rtol, what=what)
    return len(taking) - 1


def _ran(kernel: Any, args: tuple[Any, ...], attrs: dict[str, Any]) -> list[Any]:
    """The results of a kernel and the arguments it wrote to, all in one list."""
    given = _copied(args)
    results = flat(kernel.function(*given, **attrs))
    code = kernel.function.__code__ if hasattr(kernel.function, "__code__") else None
    names = code.co_varnames[: code.co_argcount] if code else ()
    for i, (a, b) in enumerate(zip(given, args, strict=True)):
        name = names[i] if i < len(names) else ""
        if name in kernel.writes:
            results += flat(a)
        elif not _same(a, b):
            raise AssertionError(f"{kernel.op} [{kernel.backend}] wrote to its argument {name!r}")
    return results


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, (tuple, list)):
        return all(_same(x, y) for x, y in zip(a, b, strict=True))
    if not isinstance(a, np.ndarray):
        return True
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def check_kernels(case: Case) -> None:
    """Every kernel that takes the arguments agrees with the reference, forward and backward.

    The operations are found by running the case; kernels that override an elementwise or composite
    function are compared with its body.
    """
    op = getattr(getattr(case.function, "node", case.function), "op", None)
    overriding = dispatch.fast_kernels(op) if isinstance(op, str) else []
    for dtype in case.dtypes:
        arguments = case.draw(dtype)
        with recorded_kernels() as calls:
            _run_all(case, arguments)
        close = tolerance(dtype, case.tol)
        for name, args, attrs in calls:
            check_kernel(name, args, attrs, **close)
        if overriding and not case.variadic:
            _check_overriding(case, arguments, overriding, close)


def _run_all(case: Case, arguments: list[Any]) -> None:
    wrt = [] if case.grad == 0 else floating(arguments) if case.wrt is None else list(case.wrt)
    case.call(arguments)
    if wrt:
        machine = GradientCheck(case.call, arguments, wrt, case.random)
        machine.gradients(arguments, machine.gys)


def _check_overriding(
    case: Case, arguments: list[Any], kernels: list[Any], close: dict[str, float]
) -> None:
    body = getattr(case.function, "__wrapped__", case.function)  # elementwise: small arrays
    right = flat(body(*arguments, **case.attrs))
    for kernel in kernels:
        if kernel.refusal(tuple(arguments), case.attrs) is not None:
            continue
        found = _ran(kernel, tuple(arguments), case.attrs)
        for k, (y, e) in enumerate(zip(found, right, strict=True)):
            what = f"result {k} of {kernel.op} [{kernel.backend}]"
            assert_allclose(y, e, **close, what=what)
            if y.dtype != e.dtype:
                raise AssertionError(f"{what} is {y.dtype}, not {e.dtype}")
