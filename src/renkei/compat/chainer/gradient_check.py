"""Gradients against finite differences along a random direction."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from renkei.compat.chainer import backend
from renkei.compat.chainer.configuration import using_config
from renkei.compat.chainer.utils.error import _format_array_props
from renkei.compat.chainer.variable import Parameter, Variable, backward
from renkei.core.device import get_array_module, get_array_types

__all__ = [
    "NondifferentiableError",
    "assert_allclose",
    "check_backward",
    "check_double_backward",
    "numerical_grad",
]


class NondifferentiableError(Exception):
    """The function has a kink or a jump where it shall be differentiated."""


def _as_tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def _mismatch(text: str, outputs: Any, grad_outputs: Any) -> ValueError:
    return ValueError(
        f"{text}\nOutput shapes and dtypes         : {_format_array_props(outputs)}\n"
        f"Output gradient shapes and dtypes: {_format_array_props(grad_outputs)}"
    )


def _check_pairs(outputs: Any, grad_outputs: Any) -> None:
    if len(outputs) != len(grad_outputs):
        text = "Output gradients must contain equally as many elements as the number of output "
        raise _mismatch(text + "elements.", outputs, grad_outputs)
    for y, gy in zip(outputs, grad_outputs, strict=True):
        if gy is None or (y is None and not gy.any()):
            continue
        if y.shape != gy.shape or y.dtype != gy.dtype:
            text = "Shapes and/or dtypes of outputs and output gradients do not match."
            raise _mismatch(text, outputs, grad_outputs)


# -- finite differences ----------------------------------------------------------------------------

# Steps, and what the values there weigh in the derivative: of order two, and of order four with
# the values that also tell whether the function is smooth.
_STEPS_2 = (-1.0, 1.0), (-1 / 2, 1 / 2)
_STEPS_5 = (-1.0, -0.5, 0.0, 0.5, 1.0), (1 / 6, -8 / 6, 0.0, 8 / 6, -1 / 6)


def numerical_grad(
    f: Callable[[], Any],
    inputs: Sequence[Any],
    grad_outputs: Sequence[Any],
    eps: float = 1e-3,
    detect_nondifferentiable: bool = False,
    diff_atol: float = 0,
    diff_rtol: float = 1e-2,
    center_outputs: Any = None,
) -> list[Any]:
    r"""Gradients by finite differences, one element of the inputs after the other.

    Args:
        f: a function without arguments that computes a tuple of arrays from ``inputs``.
        inputs: float arrays; they are changed in place and restored.
        grad_outputs: gradients of the outputs, arrays or numbers; None leaves an output out.
        eps: the step.
        detect_nondifferentiable: raise where ``f`` has a kink; takes five values for two.
        diff_atol: how far the values may lie from a parabola.
        diff_rtol: the same relative to their range.
        center_outputs: not needed any more.

    Returns:
        A list of arrays of the shapes and dtypes of ``inputs``.

    >>> import numpy as np
    >>> from renkei.compat.chainer.gradient_check import numerical_grad
    >>> x = np.array([1.0, 2.0])
    >>> numerical_grad(lambda: (x ** 2,), (x,), (1,))[0].round(6)
    array([2., 4.])
    """
    if eps <= 0:
        raise AssertionError(f"eps must be positive, got {eps}")
    if not isinstance(inputs, (tuple, list)):
        raise AssertionError(f"inputs must be a tuple or a list, got {type(inputs)}")
    if any(x.dtype.kind != "f" for x in inputs):
        raise RuntimeError("The dtype of input arrays must be kind of float")
    arrays = [a for a in (*inputs, *grad_outputs) if isinstance(a, get_array_types())]
    if len({get_array_module(a) for a in arrays}) > 1:
        raise RuntimeError("Do not mix GPU and CPU arrays in `numerical_grad`")
    gys = [None if g is None else np.float64(g) if np.isscalar(g) else g.astype(np.float64)
           for g in grad_outputs]  # fmt: skip
    steps, weights = _STEPS_5 if detect_nondifferentiable else _STEPS_2
    results = []
    with using_config("type_check", False):
        for i, x in enumerate(inputs):
            gx = get_array_module(x).zeros(x.shape, np.float64)
            for index in np.ndindex(x.shape):
                values = _values(f, x, index, [eps * s for s in steps], gys)
                if detect_nondifferentiable:
                    _check_smooth(values, diff_atol, diff_rtol, f"input {i} at {index}", inputs[i])
                gx[index] = _derivative(values, weights, gys) / eps
            results.append(gx.astype(x.dtype, copy=False))
    return results


def _values(
    f: Callable[[], Any], x: Any, index: tuple[int, ...], deltas: list[float], gys: list[Any]
) -> list[list[Any]]:
    """The outputs at each step, as float64."""
    original = x[index].copy()
    found = []
    for delta in deltas:
        x[index] = original + delta
        ys = [None if y is None else y.astype(np.float64) for y in _as_tuple(f())]
        x[index] = original
        if len(ys) != len(gys):
            raise AssertionError(f"{len(ys)} outputs and {len(gys)} output gradients")
        for y, gy in zip(ys, gys, strict=True):
            if gy is not None and y is not None and gy.shape and y.shape != gy.shape:
                raise AssertionError(f"output {y.shape} and its gradient {gy.shape} differ")
            if y is None and gy is not None:
                raise AssertionError("an output gradient for an output that is None")
        found.append(ys)
    return found


def _derivative(values: list[list[Any]], weights: Sequence[float], gys: list[Any]) -> Any:
    total = 0.0
    for k, gy in enumerate(gys):
        if gy is not None and values[0][k] is not None:
            change = sum(w * ys[k] for w, ys in zip(weights, values, strict=True) if w)
            total = total + (change * gy).sum()
    return total


def _check_smooth(values: list[list[Any]], atol: float, rtol: float, where: str, x: Any) -> None:
    """Raises unless a parabola fits the values at all steps."""
    for k, first in enumerate(values[0]):
        if first is None or not first.size:
            continue
        ys = np.stack([np.asarray(_host(v[k])).ravel() for v in values])
        finite = np.isfinite(ys)
        jump = (finite != finite[0]).any()
        if not jump and not finite.all():
            continue
        if not jump:
            grid = np.arange(len(ys), dtype=np.float64)
            base = np.vander(grid, 3)
            fit = base @ np.linalg.lstsq(base, ys, rcond=None)[0]
            error = np.sqrt(((ys - fit) ** 2).mean(axis=0))
            span = ys.max(axis=0) - ys.min(axis=0)
            jump = ((error > atol + rtol * span) & (span > 0)).any()
        if jump:
            raise NondifferentiableError(
                "Tried to compute the numeric gradient on a non-differentiable point.\n"
                f"{where}, output {k}\nx: {x}\nvalues at the steps:\n{ys}"
            )


def _host(array: Any) -> Any:
    return backend.CpuDevice().send(array)


def assert_allclose(
    x: Any, y: Any, atol: float = 1e-5, rtol: float = 1e-4, verbose: bool = True
) -> None:
    """Deprecated: ``chainer.testing.assert_allclose``."""
    from renkei.compat.chainer.testing.array import assert_allclose as check

    warnings.warn(
        "chainer.gradient_check.assert_allclose is deprecated. "
        "Use chainer.testing.assert_allclose instead.",
        DeprecationWarning,
        stacklevel=2,
    )
    check(x, y, atol, rtol, verbose)


# -- checks ----------------------------------------------------------------------------------------


class _Check:
    """One check: the function, its arguments and the tolerances."""

    def __init__(
        self, func: Any, x_data: Any, y_grad: Any, params: Any, eps: float, atol: float,
        rtol: float, no_grads: Any, dtype: Any, detect: bool, given_params: bool,
    ) -> None:  # fmt: skip
        if dtype is not None and np.dtype(dtype).kind != "f":
            raise ValueError("`dtype` is allowed only float type")
        self.func, self.xs, self.params = func, _as_tuple(x_data), _as_tuple(params)
        self.gys = None if y_grad is None else _as_tuple(y_grad)
        self.eps, self.atol, self.rtol = eps, atol, rtol
        self.dtype, self.detect, self.given_params = dtype, detect, given_params
        if no_grads is not None and len(no_grads) != len(self.xs):
            raise ValueError(
                "Length of no_grads param and xs should be same.\n"
                f"Actual: {len(no_grads)} != {len(self.xs)}"
            )
        if no_grads is None:
            no_grads = [x is not None and x.dtype.kind != "f" for x in self.xs]
        self.fixed = list(no_grads)
        self.device = backend.get_device_from_array(*self.xs)

    def run(self) -> None:
        with backend.using_device(self.device):
            xs, ys, params = self._forward()
            self._settle_gys(ys)
            directions = self._directions()
            analytic = self._backward(xs, ys, params, directions)
            numeric = self._numeric(directions)
            self._compare(numeric, analytic, directions)

    def _call(self, xs: list[Any], params: Any) -> tuple[Any, ...]:
        found = self.func(xs, params) if self.given_params else self.func(*xs)
        return _as_tuple(found)

    def _forward(self) -> tuple[list[Any], tuple[Any, ...], Any]:
        xs = [None if x is None else Variable(x, requires_grad=x.dtype.kind == "f")
              for x in self.xs]  # fmt: skip
        params = tuple(Parameter(p) for p in self.params) if self.given_params else self.params
        ys = self._call(xs, params)
        for x in (*xs, *params):  # the function may have called backward itself
            if x is not None:
                x.grad_var = None
        return xs, ys, params

    def _settle_gys(self, ys: tuple[Any, ...]) -> None:
        if self.gys is None:
            if len(ys) != 1 or ys[0].shape != ():
                shapes = ", ".join(str(y.shape) for y in ys)
                raise ValueError(
                    "y_grad argument cannot be omitted if the target function is not a loss "
                    "function, which has a single output with shape ().\n"
                    f"Actual output shapes: {shapes}"
                )
            self.gys = (ys[0].xp.ones_like(ys[0].array),)
        _check_pairs(ys, self.gys)
        self.gys = tuple(None if y is None else gy for gy, y in zip(self.gys, ys, strict=True))

    def _moving(self) -> Iterator[Any]:
        """The arrays along which the derivative is taken: inputs, then parameters."""
        yield from (x for x, fixed in zip(self.xs, self.fixed, strict=True) if not fixed)
        for p in self.params:
            yield p if self.given_params else p.array

    def _directions(self) -> list[Any]:
        """A random unit vector over all moving arrays, none of its elements very small."""
        shapes = [None if a is None else a.shape for a in self._moving()]
        sizes = [0 if s is None else math.prod(s) for s in shapes]
        total, xp = sum(sizes), self.device.xp
        drawn = xp.random.normal(size=(total,))
        if total:
            square = drawn * drawn
            drawn = xp.copysign(xp.sqrt(0.99 * square / square.sum() + 0.01 / total), drawn)
        parts, start = [], 0
        for shape, size in zip(shapes, sizes, strict=True):
            part = drawn[start : start + size]
            parts.append(None if shape is None else part.reshape(shape))
            start += size
        return parts

    def _backward(
        self, xs: list[Any], ys: tuple[Any, ...], params: Any, directions: list[Any]
    ) -> Any:
        gys = [None if g is None else Variable(g.copy(), requires_grad=False) for g in self.gys]
        backward(ys, gys)
        found = []
        for x, fixed in zip(xs, self.fixed, strict=True):
            grad = None if x is None else x.grad
            if fixed and grad is not None:
                raise RuntimeError("gradient of int variable must be None")
            if not fixed:
                found.append(grad)
        found += [p.grad for p in params]
        total = 0.0
        for g, d in zip(found, directions, strict=True):
            if g is not None:
                total += (g.astype(np.float64) * d).sum()
        return total

    def _numeric(self, directions: list[Any]) -> Any:
        cast = [a if a is None or self.dtype is None else a.astype(self.dtype, copy=False)
                for a in self._moving()]  # fmt: skip
        still = [self._still(x) for x, fixed in zip(self.xs, self.fixed, strict=True) if fixed]
        n_params = len(self.params)
        xp = self.device.xp
        delta = xp.array(0.0, np.float64)

        def moved() -> tuple[Any, ...]:
            arrays = [
                a if a is None else xp.asarray(a + delta * d, a.dtype)
                for a, d in zip(cast, directions, strict=True)
            ]
            params = arrays[len(arrays) - n_params :]
            rest, fixed_ones = iter(arrays), iter(still)
            xs = [next(fixed_ones) if fixed else _variable(next(rest)) for fixed in self.fixed]
            return self._outputs(xs, params)

        try:
            found = numerical_grad(
                moved, (delta,), self.gys, self.eps, self.detect, diff_rtol=self.rtol
            )
        finally:
            if not self.given_params:
                for p, a in zip(self.params, cast[len(cast) - n_params :], strict=True):
                    p.array = a
        return found[0]

    def _still(self, x: Any) -> Any:
        if x is not None and self.dtype is not None and x.dtype.kind == "f":
            x = x.astype(self.dtype, copy=False)
        return None if x is None else Variable(x, requires_grad=False)

    def _outputs(self, xs: list[Any], params: list[Any]) -> tuple[Any, ...]:
        if self.given_params:
            given: Any = tuple(Parameter(p) for p in params)
        else:
            given = self.params
            for p, a in zip(self.params, params, strict=True):
                p.array = a
                p.grad_var = None
        return tuple(None if y is None else y.array for y in self._call(xs, given))

    def _compare(self, numeric: Any, analytic: Any, directions: list[Any]) -> None:
        from renkei.compat.chainer.testing.array import assert_allclose as check

        try:
            check(numeric, analytic, atol=self.atol, rtol=self.rtol)
        except AssertionError as error:
            head = f"check_backward failed (eps={self.eps} atol={self.atol} rtol={self.rtol})"
            lists = {"inputs": self.xs, "grad_outputs": self.gys, "directions": directions}
            rows = _listed(lists)
            rows += [f"gradients (numeric):  {numeric}", f"gradients (backward): {analytic}", ""]
            text = "x: numeric gradient, y: backward gradient"
            raise AssertionError("\n".join([head, *rows, text + str(error)])) from None


def _variable(array: Any) -> Any:
    return None if array is None else Variable(array)


def _listed(lists: dict[str, Any]) -> list[str]:
    rows = []
    for name, values in lists.items():
        for i, value in enumerate(values):
            rows += [f"{name}[{i}]:", str(value)]
    return rows


def check_backward(
    func: Callable[..., Any], x_data: Any, y_grad: Any, params: Any = (), eps: float = 1e-3,
    atol: float = 1e-5, rtol: float = 1e-4, no_grads: Any = None, dtype: Any = None,
    detect_nondifferentiable: bool = False,
) -> None:  # fmt: skip
    r"""Checks a function's gradients against a finite difference along a random direction.

    Args:
        func: takes Variables, returns a Variable or a tuple of them.
        x_data: the inputs, an array or a tuple.
        y_grad: the output gradients; None for a scalar loss.
        params: parameters that the function uses.
        eps: the step.
        atol: absolute tolerance.
        rtol: relative tolerance.
        no_grads: for each input, whether it is left out.
        dtype: the dtype to compute the difference in, as in ``numpy.float64``.
        detect_nondifferentiable: raise ``NondifferentiableError`` at a kink.

    Raises:
        AssertionError: the gradients are wrong.

    >>> import numpy as np
    >>> from renkei.compat.chainer import functions as F, gradient_check
    >>> x, gy = np.array([0.5, 1.5], np.float32), np.array([1.0, -1.0], np.float32)
    >>> gradient_check.check_backward(F.tanh, x, gy, dtype=np.float64)
    """
    _Check(func, x_data, y_grad, params, eps, atol, rtol, no_grads, dtype,
           detect_nondifferentiable, False).run()  # fmt: skip


def _check_backward_with_params(
    func: Callable[..., Any], x_data: Any, y_grad: Any, params: Any = (), eps: float = 1e-3,
    atol: float = 1e-5, rtol: float = 1e-4, no_grads: Any = None, dtype: Any = None,
    detect_nondifferentiable: bool = False,
) -> None:  # fmt: skip
    """The same for a function that takes lists of inputs and of parameters (given as arrays)."""
    if not all(isinstance(p, get_array_types()) for p in params):
        raise AssertionError("parameters must be arrays")
    _Check(func, x_data, y_grad, params, eps, atol, rtol, no_grads, dtype,
           detect_nondifferentiable, True).run()  # fmt: skip


def check_double_backward(
    func: Callable[..., Any], x_data: Any, y_grad: Any, x_grad_grad: Any, params: Any = (),
    params_grad_grad: Any = (), eps: float = 1e-3, atol: float = 1e-4, rtol: float = 1e-3,
    no_grads: Any = None, dtype: Any = None, detect_nondifferentiable: bool = False,
) -> None:  # fmt: skip
    r"""Checks a function's second gradients, with respect to inputs and output gradients.

    Args:
        func: takes Variables, returns a Variable or a tuple of them.
        x_data: the inputs, an array or a tuple.
        y_grad: the output gradients.
        x_grad_grad: gradients of the first gradients.
        params: parameters that the function uses.
        params_grad_grad: gradients of the parameters' gradients.
        eps: the step.
        atol: absolute tolerance.
        rtol: relative tolerance.
        no_grads: for each input and output gradient, whether it is left out.
        dtype: the dtype to compute the difference in.
        detect_nondifferentiable: raise ``NondifferentiableError`` at a kink.

    Raises:
        AssertionError: the gradients are wrong.
    """
    xs, gys, params = _as_tuple(x_data), _as_tuple(y_grad), _as_tuple(params)
    ggs = (*_as_tuple(x_grad_grad), *_as_tuple(params_grad_grad))
    first = _FirstOrder(func, len(xs), [x.dtype.kind != "f" for x in xs], params)
    try:
        check_backward(first, (*xs, *gys), ggs, params, eps, atol, rtol, no_grads, dtype,
                       detect_nondifferentiable)  # fmt: skip
    except AssertionError as error:
        head = f"check_double_backward failed (eps={eps} atol={atol} rtol={rtol})"
        lists = {"input": xs, "grad_output": gys, "grad_grad_input": ggs}
        raise AssertionError("\n".join([head, *_listed(lists), "", str(error)])) from error


class _FirstOrder:
    """The function from inputs and output gradients to the gradients of the inputs."""

    def __init__(self, func: Any, n_inputs: int, fixed: list[bool], params: Any) -> None:
        self.func, self.n, self.fixed, self.params = func, n_inputs, fixed, params

    def __call__(self, *inputs: Any) -> tuple[Any, ...]:
        from renkei.compat.chainer import functions

        xs, gys = inputs[: self.n], inputs[self.n :]
        ys = _as_tuple(self.func(*xs))
        # the difference may be computed in float64, and the function may change the dtype
        gys = tuple(None if gy is None else functions.cast(gy, y.dtype)
                    for y, gy in zip(ys, gys))  # fmt: skip
        _check_pairs(ys, gys)
        backward(ys, gys, enable_double_backprop=True)
        wrong = [i for i, x in enumerate(xs) if self.fixed[i] and x.grad is not None]
        if wrong:
            raise RuntimeError(
                "There are errors retrieving first-order gradients:\n"
                f"Inputs: {_format_array_props(xs)}\nErrors:\n"
                + "\n".join(f"[{i}]: Gradient was calculated while expected to not." for i in wrong)
            )
        gxs = [x.grad_var for x, fixed in zip(xs, self.fixed, strict=True) if not fixed]
        return (*gxs, *(p.grad_var for p in self.params))
