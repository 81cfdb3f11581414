"""Test cases of functions and links: what to compute, and the rest is checked."""

from __future__ import annotations

import contextlib
import unittest
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from renkei.compat.chainer import backend
from renkei.compat.chainer.testing.array import _as_noncontiguous_array, assert_allclose
from renkei.compat.chainer.utils.error import _format_array_props
from renkei.compat.chainer.variable import Variable
from renkei.core.device import get_array_types

__all__ = [
    "FunctionTestBase",
    "FunctionTestCase",
    "FunctionTestError",
    "InitializerArgument",
    "LinkInitializersTestCase",
    "LinkTestCase",
    "LinkTestError",
]


class _TestError(AssertionError):
    @classmethod
    def check(cls, expr: bool, message: str) -> None:
        """Raises unless ``expr`` holds."""
        if not expr:
            raise cls(message)

    @classmethod
    def fail(cls, message: str, exc: BaseException | None = None) -> None:
        """Raises."""
        raise cls(message if exc is None else f"{message}\n{exc}") from exc

    @classmethod
    @contextlib.contextmanager
    def raise_if_fail(cls, message: str, error_types: Any = AssertionError) -> Iterator[None]:
        """A block whose assertion errors become this class, with a message in front."""
        try:
            yield
        except error_types as error:
            cls.fail(message, error)


class FunctionTestError(_TestError):
    """A function does not do what its test case says."""


class LinkTestError(_TestError):
    """A link does not do what its test case says."""


class InitializerArgument:
    """An initializer argument and the initializer that it stands for, as in None.

    Args:
        argument_value: what the link is given.
        expected_initializer: what it must do then.
    """

    def __init__(self, argument_value: Any, expected_initializer: Any) -> None:
        if expected_initializer is None:
            raise ValueError("Expected initialized cannot be None.")
        _check_initializer(expected_initializer)
        self.argument_value, self.expected_initializer = argument_value, expected_initializer


# -- what all test cases share ---------------------------------------------------------------------


def _uniform_like(template: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(np.random.uniform(-1, 1, a.shape).astype(a.dtype) for a in template)


def _check_arrays(arrays: Any, name: str) -> None:
    """Test data is a tuple of NumPy arrays, None for those that are left out."""
    if not isinstance(arrays, tuple):
        raise TypeError(f"`{name}()` must return a tuple, not {type(arrays)}.")
    if not all(a is None or isinstance(a, np.ndarray) for a in arrays):
        raise TypeError(
            f"{name}() must return a tuple of arrays supported by device @numpy or None.\n"
            f"Actual: {tuple(map(type, arrays))}"
        )


def _check_variables(ys: Any, device: Any, error: type[_TestError]) -> None:
    if not isinstance(ys, tuple):
        error.fail(f"`forward()` must return a tuple, not {type(ys)}.")
    if not all(isinstance(y, Variable) for y in ys):
        types = ", ".join(str(type(y)) for y in ys)
        error.fail(f"forward() must return a tuple of Variables.\nActual: {types}")
    if not all(isinstance(y.array, device.supported_array_types) for y in ys):
        types = ", ".join(str(type(y.array)) for y in ys)
        error.fail(
            f"forward() must return a tuple of Variables of arrays supported by device {device}.\n"
            f"Actual: {types}"
        )


def _check_equal(actual: Any, expected: Any, error: type[_TestError], **options: Any) -> None:
    """Compares tuples of arrays: their number, shapes, dtypes and values."""
    message, detail = _difference(actual, expected, options)
    if message:
        error.fail(
            f"{message}\nExpected shapes and dtypes: {_format_array_props(expected)}\n"
            f"Actual shapes and dtypes:   {_format_array_props(actual)}\n{detail}"
        )


def _difference(actual: Any, expected: Any, options: dict[str, Any]) -> tuple[str, str]:
    if len(actual) != len(expected):
        return f"Number of outputs ({len(actual)}, {len(expected)}) does not match", ""
    pairs = list(zip(actual, expected, strict=True))
    if any(y.dtype != e.dtype or y.shape != e.shape for y, e in pairs):
        return "Shapes and/or dtypes do not match", ""
    wrong = {}
    for i, (y, e) in enumerate(pairs):
        try:
            assert_allclose(y, e, **options)
        except AssertionError as error:
            wrong[i] = str(error)
    if not wrong:
        return "", ""
    details = [f"Error details of output [{i}]:\n{text}" for i, text in wrong.items()]
    head = "Outputs do not match the expected values.\nIndices of outputs that do not match: "
    return head + ", ".join(map(str, wrong)), "\n".join(["", *details])


class _Base:
    """The part that test cases of functions and of links share."""

    backend_config: Any = None
    contiguous: str | None = None
    dodge_nondifferentiable = False
    test_name = ""
    _error: type[_TestError]

    def before_test(self, test_name: str) -> None:
        """Called before each test with its name."""

    def generate_inputs(self) -> tuple[Any, ...]:
        """Gives the input arrays."""
        raise NotImplementedError("generate_inputs() is not implemented.")

    def generate_grad_outputs(self, outputs_template: tuple[Any, ...]) -> tuple[Any, ...]:
        """Gives output gradients for outputs like these: uniform random numbers."""
        return _uniform_like(outputs_template)

    def check_forward_outputs(self, outputs: Any, expected_outputs: Any) -> None:
        """Compares the outputs with what is expected."""
        for arrays in (outputs, expected_outputs):
            if not isinstance(arrays, tuple) or not all(
                isinstance(a, get_array_types()) for a in arrays
            ):
                raise AssertionError(f"a tuple of arrays is wanted, got {arrays!r}")
        options = self.check_forward_options or {}  # type: ignore[attr-defined]
        _check_equal(outputs, expected_outputs, self._error, **options)

    def _begin(self, name: str, backend_config: Any) -> None:
        skip = f"skip_{name.removeprefix('test_')}_test"
        if getattr(self, skip, False):
            raise unittest.SkipTest(f"{skip} is set")
        self.backend_config, self.test_name = backend_config, name
        self.before_test(name)

    def _laid_out(self, arrays: Any) -> Any:
        """The arrays with gaps in memory, unless the test wants them contiguous."""
        if self.contiguous is None:
            return _as_noncontiguous_array(arrays)
        if self.contiguous != "C":
            raise AssertionError(f"Invalid value of `contiguous`: {self.contiguous}")
        return arrays

    def _sent(self, arrays: Any) -> Any:
        return self._laid_out(self.backend_config.get_array(arrays))

    def _inputs(self) -> tuple[Any, ...]:
        inputs = self.generate_inputs()
        _check_arrays(inputs, "generate_inputs")
        return inputs

    def _grad_outputs(self, outputs: Any) -> tuple[Any, ...]:
        found = self.generate_grad_outputs(tuple(outputs))
        _check_arrays(found, "generate_grad_outputs")
        return found

    def _until_smooth(self, check: Callable[[], None]) -> None:
        """Runs a check, with new data as long as it met a kink, if that is asked for."""
        from renkei.compat.chainer.gradient_check import NondifferentiableError

        while True:
            try:
                check()
                return
            except NondifferentiableError:
                if not self.dodge_nondifferentiable:
                    raise


# -- functions -------------------------------------------------------------------------------------


class FunctionTestBase(_Base):
    """The tests of a function: values, gradients and second gradients."""

    check_forward_options: Any = None
    check_backward_options: Any = None
    check_double_backward_options: Any = None
    skip_forward_test = False
    skip_backward_test = False
    skip_double_backward_test = False
    numerical_grad_dtype: Any = np.float64
    _error = FunctionTestError

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.check_forward_options = {}
        self.check_backward_options = {}
        self.check_double_backward_options = {}

    def forward(self, inputs: Any, device: Any) -> Any:
        """Computes with the function: Variables in, a tuple of Variables out."""
        raise NotImplementedError("forward() is not implemented.")

    def forward_expected(self, inputs: Any) -> Any:
        """Computes what is expected: arrays in, a tuple of arrays out."""
        raise NotImplementedError("forward_expected() is not implemented.")

    def generate_grad_grad_inputs(self, inputs_template: tuple[Any, ...]) -> tuple[Any, ...]:
        """Gives gradients of the input gradients: uniform random numbers."""
        return _uniform_like(inputs_template)

    def _expected(self, inputs: Any) -> Any:
        outputs = self.forward_expected(inputs)
        _check_arrays(outputs, "forward_expected")
        return outputs

    def _run(self, *inputs: Any) -> Any:
        with self.backend_config:
            outputs = self.forward(inputs, self.backend_config.device)
        _check_variables(outputs, self.backend_config.device, FunctionTestError)
        return outputs

    def run_test_forward(self, backend_config: Any) -> None:
        """Compares values, and sees that the inputs stay as they are."""
        self._begin("test_forward", backend_config)
        cpu_inputs = self._laid_out(self._inputs())
        copies = [a.copy() for a in cpu_inputs]
        expected = self._expected(cpu_inputs)
        inputs = self._sent(cpu_inputs)
        outputs = self._run(*[Variable(a, requires_grad=a.dtype.kind == "f") for a in inputs])
        self._check_untouched(copies, inputs)
        self.check_forward_outputs(tuple(y.array for y in outputs), expected)

    def _check_untouched(self, before: Any, after: Any) -> None:
        on_host = [backend.CpuDevice().send(a) for a in after]
        changed = [
            i
            for i, (a, b) in enumerate(zip(before, on_host, strict=True))
            if not np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        ]
        if changed:
            rows = [f"Input[{i}]:\nOriginal:\n{before[i]}\nAfter forward:\n{after[i]}"
                    for i in changed]  # fmt: skip
            FunctionTestError.fail(
                "Input arrays have been modified during forward.\n"
                f"Indices of modified inputs: {', '.join(map(str, changed))}\n"
                f"Input array shapes and dtypes: {_format_array_props(after)}\n" + "\n".join(rows)
            )

    def run_test_backward(self, backend_config: Any) -> None:
        """Compares gradients with finite differences."""
        from renkei.compat.chainer import gradient_check

        self._begin("test_backward", backend_config)

        def check() -> None:
            inputs = self._inputs()
            gys = self._grad_outputs(self._expected(inputs))
            with FunctionTestError.raise_if_fail("backward is not implemented correctly"):
                gradient_check.check_backward(
                    self._run,
                    self._sent(inputs),
                    self._sent(gys),
                    dtype=self.numerical_grad_dtype,
                    detect_nondifferentiable=self.dodge_nondifferentiable,
                    **self.check_backward_options,
                )

        self._until_smooth(check)

    def run_test_double_backward(self, backend_config: Any) -> None:
        """Compares second gradients with finite differences."""
        from renkei.compat.chainer import gradient_check

        self._begin("test_double_backward", backend_config)

        def check() -> None:
            inputs = self._inputs()
            gys = self._grad_outputs(self._expected(inputs))
            ggxs = self.generate_grad_grad_inputs(inputs)
            _check_arrays(ggxs, "generate_grad_grad_inputs")
            ggxs = tuple(g for g in ggxs if g is None or g.dtype.kind == "f")
            message = "double backward is not implemented correctly"
            with backend_config, FunctionTestError.raise_if_fail(message):
                gradient_check.check_double_backward(
                    self._run,
                    self._sent(inputs),
                    self._sent(gys),
                    self._sent(ggxs),
                    dtype=self.numerical_grad_dtype,
                    detect_nondifferentiable=self.dodge_nondifferentiable,
                    **self.check_double_backward_options,
                )

        self._until_smooth(check)


class FunctionTestCase(FunctionTestBase, unittest.TestCase):
    """A test case of a function: define generate_inputs, forward and forward_expected."""

    def test_forward(self, backend_config: Any) -> None:
        """Compares values."""
        self.run_test_forward(backend_config)

    def test_backward(self, backend_config: Any) -> None:
        """Compares gradients."""
        self.run_test_backward(backend_config)

    def test_double_backward(self, backend_config: Any) -> None:
        """Compares second gradients."""
        self.run_test_double_backward(backend_config)


# -- links -----------------------------------------------------------------------------------------


class _LinkTestBase(_Base):
    param_names: tuple[str, ...] = ()
    check_forward_options: Any = None
    _error = LinkTestError

    def generate_params(self) -> Any:
        """Gives initializers of the parameters."""
        raise NotImplementedError("generate_params is not implemented.")

    def create_link(self, initializers: Any) -> Any:
        """Makes the link from the initializers' arguments."""
        raise NotImplementedError("create_link is not implemented.")

    def forward(self, link: Any, inputs: Any, device: Any) -> Any:
        """Computes with the link: Variables in, a tuple of Variables out."""
        outputs = link(*inputs)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    def _params(self) -> Any:
        found = self.generate_params()
        if not isinstance(found, (tuple, list)):
            raise TypeError("`generate_params` must return a tuple or a list.")
        for initializer in found:
            _check_generated(initializer)
        return found

    def _link(self, initializers: Any) -> Any:
        from renkei.compat.chainer.link import Link

        link = self.create_link([_argument(i) for i in initializers])
        if not isinstance(link, Link):
            raise TypeError("`create_link` must return a chainer.Link object.")
        link.to_device(self.backend_config.device)
        return link

    def _run(self, link: Any, inputs: Any) -> Any:
        with self.backend_config:
            outputs = self.forward(link, inputs, self.backend_config.device)
        _check_variables(outputs, self.backend_config.device, LinkTestError)
        return outputs

    def _ready(self, initializers: Any) -> tuple[Any, Any, list[Any]]:
        """A link whose open parameters exist, with inputs and outputs."""
        link, inputs = self._link(initializers), self._sent(self._inputs())
        outputs = self._run(link, [Variable(x) for x in inputs])
        link.cleargrads()
        return link, inputs, [y.array for y in outputs]

    def _parameters(self, link: Any) -> list[Any]:
        for name in self.param_names:
            if getattr(link, name, None) is None:
                LinkTestError.fail(f"Link does not have a parameter named '{name}'.")
        return [getattr(link, name) for name in self.param_names]


class LinkTestCase(_LinkTestBase, unittest.TestCase):
    """A test case of a link: values, and gradients of inputs and parameters."""

    check_backward_options: Any = None
    skip_forward_test = False
    skip_backward_test = False
    numerical_grad_dtype: Any = np.float64

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.check_forward_options = {}
        self.check_backward_options = {}
        super().__init__(*args, **kwargs)

    def forward_expected(self, link: Any, inputs: Any) -> Any:
        """Computes what is expected: arrays in, a tuple of arrays out."""
        raise NotImplementedError("forward_expected() is not implemented.")

    def test_forward(self, backend_config: Any) -> None:
        """Compares values."""
        self._begin("test_forward", backend_config)
        link, inputs = self._link(self._params()), self._inputs()
        outputs = self._run(link, tuple(Variable(x) for x in self._sent(inputs)))
        link.to_device(backend.CpuDevice())
        expected = self.forward_expected(link, inputs)
        self.check_forward_outputs(tuple(y.array for y in outputs), expected)

    def test_backward(self, backend_config: Any) -> None:
        """Compares gradients with finite differences."""
        from renkei.compat.chainer import gradient_check

        self._begin("test_backward", backend_config)

        def check() -> None:
            initializers = self._params()
            link, inputs, outputs = self._ready(initializers)
            params = [p.array for p in self._parameters(link)]
            gys = self._grad_outputs([backend.CpuDevice().send(y) for y in outputs])
            other, _, _ = self._ready(initializers)

            def forward(xs: Any, ps: Any) -> Any:
                with other.init_scope():
                    for name, p in zip(self.param_names, ps, strict=True):
                        setattr(other, name, p)
                return self._run(other, xs)

            with LinkTestError.raise_if_fail("backward is not implemented correctly"):
                gradient_check._check_backward_with_params(
                    forward,
                    self._laid_out(inputs),
                    self._sent(gys),
                    params=self._laid_out(params),
                    dtype=self.numerical_grad_dtype,
                    detect_nondifferentiable=self.dodge_nondifferentiable,
                    **self.check_backward_options,
                )

        self._until_smooth(check)


class LinkInitializersTestCase(_LinkTestBase, unittest.TestCase):
    """A test case of a link's initializer arguments."""

    check_initializers_options: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.check_initializers_options = {}
        super().__init__(*args, **kwargs)

    def get_initializers(self) -> Any:
        """Gives, for each parameter, a list of initializers to try."""
        raise NotImplementedError("get_initializers is not implemented.")

    def test_initializers(self, backend_config: Any) -> None:
        """Compares the parameters with what each initializer makes."""
        self._begin("test_initializers", backend_config)
        for i, tried in enumerate(self._tried()):
            initializers = list(self._params())
            for initializer in tried:
                initializers[i] = initializer
                self._check_initializer(i, initializers)

    def _tried(self) -> Any:
        found = self.get_initializers()
        if not isinstance(found, (tuple, list)):
            raise TypeError("`get_initializers` must return a tuple or a list.")
        for row in found:
            if not isinstance(row, (tuple, list)):
                raise TypeError(
                    "`get_initializers` must return a tuple or a list of tuples or lists."
                )
            for initializer in row:
                _check_generated(initializer)
        return found

    def _check_initializer(self, i: int, initializers: list[Any]) -> None:
        from renkei.compat.chainer.initializers import _get_initializer

        link, _, _ = self._ready(initializers)
        param = backend.CpuDevice().send(self._parameters(link)[i].array)
        expected = np.empty_like(param)
        given = initializers[i]
        wanted = given.expected_initializer if isinstance(given, InitializerArgument) else given
        (wanted if callable(wanted) else _get_initializer(wanted))(expected)
        options = self.check_initializers_options
        _check_equal((expected,), (param,), LinkTestError, **options)


def _argument(initializer: Any) -> Any:
    return (
        initializer.argument_value if isinstance(initializer, InitializerArgument) else initializer
    )


def _check_generated(initializer: Any) -> None:
    if initializer is None:
        raise ValueError(
            "A None initializer must be wrapped in a InitializerArgument along with the expected "
            "initializer fallen back to."
        )
    if not isinstance(initializer, InitializerArgument):
        _check_initializer(initializer)


def _check_initializer(initializer: Any) -> None:
    ok = callable(initializer) or np.isscalar(initializer)
    if not ok and not isinstance(initializer, get_array_types()):
        raise TypeError(f"Expected an initializer, a scalar or an array, not {type(initializer)}.")
