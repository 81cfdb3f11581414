"""Checks of argument types that are written once and explain themselves when they fail.

In ``check_type_forward`` a function says ``type_check.expect(x.ndim == 2)``. It runs with plain
values first (light mode); only if that fails it runs again with expressions that know how they were
written, so that the message can show them.
"""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from renkei.core.device import get_array_types
from renkei.core.errors import InvalidType

__all__ = [
    "Atom",
    "BinaryOperator",
    "BoolBinaryOperator",
    "Call",
    "Constant",
    "Expr",
    "GetAttr",
    "GetItem",
    "InvalidType",
    "LightMode",
    "LightTypeInfoTuple",
    "Testable",
    "TypeInfo",
    "TypeInfoTuple",
    "UnaryOperator",
    "Variable",
    "eval",
    "expect",
    "expect_broadcast_shapes",
    "get_function_check_context",
    "get_light_types",
    "get_types",
    "in_light_mode",
    "light_mode",
    "make_variable",
    "prod",
    "run",
    "same_types",
]

_light: ContextVar[bool] = ContextVar("type_check light mode", default=False)
_function: ContextVar[Any] = ContextVar("type_check function", default=None)


# -- expressions -----------------------------------------------------------------------------------


class Expr:
    """An expression that can be evaluated and printed; ``priority`` decides about parentheses."""

    def __init__(self, priority: int) -> None:
        self.priority = priority

    def eval(self) -> Any:
        """The value."""
        raise NotImplementedError

    def __getattr__(self, name: str) -> Expr:
        if name.startswith("__"):
            raise AttributeError(name)
        return GetAttr(self, name)

    def __getitem__(self, key: Any) -> Expr:
        return GetItem(self, key)

    def __call__(self, *args: Any) -> Expr:
        return Call(self, args)

    def __bool__(self) -> bool:
        raise RuntimeError(
            "An Expr instance cannot be evaluated as bool. "
            "Please use chainer.utils.type_check.eval() to evaluate an expression."
        )

    __nonzero__ = __bool__
    __hash__ = None  # type: ignore[assignment]


class Atom(Expr):
    """An expression that never needs parentheses."""

    def __init__(self) -> None:
        super().__init__(8)


class Constant(Atom):
    """A value that was written down."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value

    def __str__(self) -> str:
        return _shown(self.value)

    def eval(self) -> Any:
        return self.value


class Variable(Atom):
    """A value with a name."""

    def __init__(self, value: Any, name: str) -> None:
        super().__init__()
        self.value, self.name = value, name

    def __str__(self) -> str:
        return self.name

    def eval(self) -> Any:
        return self.value


class GetAttr(Atom):
    """``obj.name``"""

    def __init__(self, obj: Any, name: str) -> None:
        super().__init__()
        self.obj, self.name = obj, name

    def __str__(self) -> str:
        name = self.name.value if isinstance(self.name, Constant) else self.name
        return f"{self.obj}.{name}"

    def eval(self) -> Any:
        return getattr(_value(self.obj), str(_value(self.name)))


class GetItem(Atom):
    """``obj[key]``"""

    def __init__(self, obj: Any, key: Any) -> None:
        super().__init__()
        self.obj, self.key = obj, key

    def __str__(self) -> str:
        key = self.key
        keys = key if isinstance(key, tuple) else (key,)
        return f"{self.obj}[{', '.join(map(_subscript, keys))}]"

    def eval(self) -> Any:
        return _value(self.obj)[_value(self.key)]


class Call(Atom):
    """``obj(*args)``"""

    def __init__(self, obj: Any, args: Sequence[Any]) -> None:
        super().__init__()
        self.obj, self.args = obj, tuple(args)

    def __str__(self) -> str:
        return f"{self.obj}({', '.join(map(_shown, self.args))})"

    def eval(self) -> Any:
        return _value(self.obj)(*map(_value, self.args))


class UnaryOperator(Expr):
    """An operator before one term."""

    def __init__(self, priority: int, term: Any, exp: str, func: Callable[..., Any]) -> None:
        super().__init__(priority)
        self.term, self.exp, self.func = term, exp, func

    def __str__(self) -> str:
        return f"{self.exp}{_within(self.term, self.priority, False)}"

    def eval(self) -> Any:
        return self.func(_value(self.term))


class BinaryOperator(Expr):
    """An operator between two terms."""

    def __init__(
        self,
        priority: int,
        lhs: Any,
        rhs: Any,
        exp: str,
        func: Callable[..., Any],
        right_associative: bool = False,
    ) -> None:
        super().__init__(priority)
        self.lhs, self.rhs, self.exp, self.func = lhs, rhs, exp, func
        self.right_associative = right_associative

    def __str__(self) -> str:
        left = _within(self.lhs, self.priority, self.right_associative)
        right = _within(self.rhs, self.priority, not self.right_associative)
        return f"{left} {self.exp} {right}"

    def eval(self) -> Any:
        return self.func(_value(self.lhs), _value(self.rhs))


class Testable:
    """What ``expect`` takes."""

    __test__ = False  # for pytest: no class of tests

    def expect(self) -> None:
        """Raises if the claim does not hold."""
        raise NotImplementedError


class BoolBinaryOperator(BinaryOperator, Testable):
    """A comparison; ``inv`` is the operator that holds when it does not."""

    def __init__(self, lhs: Any, rhs: Any, exp: str, inv: str, func: Callable[..., Any]) -> None:
        super().__init__(1, lhs, rhs, exp, func)
        self.inv = inv

    def expect(self) -> None:
        left, right = _value(self.lhs), _value(self.rhs)
        if not self.func(left, right):
            raise _failure(str(self), f"{left} {self.inv} {right}")


def _value(x: Any) -> Any:
    if isinstance(x, Expr):
        return x.eval()
    if isinstance(x, tuple):
        return tuple(_value(item) for item in x)
    if isinstance(x, list):
        return [_value(item) for item in x]
    return x


def _shown(x: Any) -> str:
    return str(x) if isinstance(x, Expr) else repr(x)


def _subscript(key: Any) -> str:
    if isinstance(key, slice):
        parts = ["" if part is None else _shown(part) for part in (key.start, key.stop)]
        return ":".join(parts + ([] if key.step is None else [_shown(key.step)]))
    return "..." if key is Ellipsis else _shown(key)


def _within(term: Any, priority: int, also_equal: bool) -> str:
    """The text of a term inside an operator, in parentheses where it binds less."""
    if not isinstance(term, Expr):
        return _shown(term)
    loose = term.priority < priority or (also_equal and term.priority == priority)
    return f"({term})" if loose else str(term)


def _install_operators() -> None:
    arithmetic = [
        ("add", "+", 4), ("sub", "-", 4), ("mul", "*", 5), ("truediv", "/", 5),
        ("floordiv", "//", 5), ("mod", "%", 5), ("pow", "**", 7),
    ]  # fmt: skip
    for name, exp, priority in arithmetic:
        function = getattr(operator, name)
        right = name == "pow"

        def forward(self: Any, other: Any, f=function, e=exp, p=priority, r=right) -> Expr:
            return BinaryOperator(p, self, other, e, f, r)

        def backward(self: Any, other: Any, f=function, e=exp, p=priority) -> Expr:
            return BinaryOperator(p, other, self, e, f)

        setattr(Expr, f"__{name}__", forward)
        if not right:
            setattr(Expr, f"__r{name}__", backward)
    comparisons = [
        ("eq", "==", "!="), ("ne", "!=", "=="), ("lt", "<", ">="),
        ("le", "<=", ">"), ("gt", ">", "<="), ("ge", ">=", "<"),
    ]  # fmt: skip
    for name, exp, inverse in comparisons:

        def compare(self: Any, other: Any, f=getattr(operator, name), e=exp, i=inverse) -> Expr:
            return BoolBinaryOperator(self, other, e, i, f)

        setattr(Expr, f"__{name}__", compare)
    Expr.__neg__ = lambda self: UnaryOperator(6, self, "-", operator.neg)  # type: ignore[attr-defined]


_install_operators()


# -- types -----------------------------------------------------------------------------------------


class TypeInfo:
    """Shape and dtype of an array."""

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype, self.ndim = shape, dtype, len(shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)


class TypeInfoTuple(tuple):
    """The types of all inputs, as expressions."""

    name = ""

    def size(self) -> Variable:
        """The number of inputs."""
        return Variable(len(self), self.name + ".size")


class LightTypeInfoTuple(tuple):
    """The inputs themselves: arrays have shape, dtype and ndim."""

    def size(self) -> int:
        """The number of inputs."""
        return len(self)


def get_light_types(data: Sequence[Any], *, shapes: Any = None) -> LightTypeInfoTuple:
    """The types of the inputs for light mode."""
    if shapes is None:
        return LightTypeInfoTuple(data)
    pairs = zip(data, shapes, strict=True)
    return LightTypeInfoTuple(None if x is None else TypeInfo(s, x.dtype) for x, s in pairs)


def get_types(
    data: Sequence[Any], name: str, accept_none: bool, *, shapes: Any = None
) -> TypeInfoTuple:
    """The types of the inputs as expressions named ``name[0]``, ``name[1]``, ...

    Args:
        data: arrays (or None where ``accept_none``).
        name: what the tuple is called.
        accept_none: whether None stands for an input that is not there.
        shapes: the shapes to show instead of the arrays' own.
    """
    found = []
    for i, x in enumerate(data):
        if x is None and not accept_none:
            raise AttributeError(f"{name}[{i}] is None, which has no shape")
        if x is None:
            info = TypeInfo((), None)
        else:
            info = TypeInfo(x.shape if shapes is None else shapes[i], x.dtype)
        found.append(Variable(info, f"{name}[{i}]"))
    result = TypeInfoTuple(found)
    result.name = name
    return result


def _argname(in_types: Any, names: Sequence[str]) -> None:
    """Names the inputs, and checks how many there are."""
    if len(in_types) != len(names):
        raise InvalidType(
            f"{len(names)} argument(s)",
            f"{len(in_types)} argument(s)",
            "Invalid number of arguments",
        )
    if isinstance(in_types, TypeInfoTuple):
        for info, name in zip(in_types, names, strict=True):
            info.name = name


def same_types(*arrays: Any) -> bool:
    """Whether all arrays belong to one array module."""
    return any(all(isinstance(a, kind) for a in arrays) for kind in get_array_types())


# -- checking --------------------------------------------------------------------------------------


class LightMode:
    """A block in which checks run on plain values."""

    def __enter__(self) -> None:
        _light.set(True)

    def __exit__(self, *exc_info: Any) -> None:
        _light.set(False)


light_mode = LightMode()


def in_light_mode() -> bool:
    """Whether checks run on plain values now."""
    return _light.get()


@contextlib.contextmanager
def get_function_check_context(f: Any) -> Iterator[None]:
    """A block in which failures say that they happened in this function."""
    token = _function.set(f)
    try:
        yield
    finally:
        _function.reset(token)


def _failure(expect: str, actual: str, message: str | None = None) -> InvalidType:
    function = _function.get()
    if message is None:
        message = f"Expect: {expect}\nActual: {actual}"
        if function is not None:
            head = f"\nInvalid operation is performed in: {function.label} (Forward)\n\n"
            message = head + message
    return InvalidType(expect, actual, message)


def expect(*bool_exprs: Any) -> None:
    r"""Raises InvalidType unless all claims hold.

    >>> from renkei.compat.chainer.utils import type_check
    >>> x = type_check.Variable(3, "x")
    >>> type_check.expect(x + 1 == 4)
    >>> type_check.expect(x > 4)
    Traceback (most recent call last):
    ...
    renkei.core.errors.InvalidType: Expect: x > 4
    Actual: 3 <= 4
    """
    for claim in bool_exprs:
        if isinstance(claim, Testable):
            claim.expect()
        elif not in_light_mode() or not isinstance(claim, (bool, np.bool_)):
            raise AssertionError(f"expect() takes comparisons, not {claim!r}")
        elif not claim:
            raise InvalidType("", "")


def expect_broadcast_shapes(*shape_types: Any) -> None:
    """Raises InvalidType unless arrays of these shapes broadcast."""
    shapes = [_value(s) for s in shape_types]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        rows = [f"{text} = {shape}" for text, shape in zip(shape_types, shapes, strict=True)]
        message = "\n".join(["cannot broadcast inputs of the following shapes:", *rows])
        raise InvalidType("", "", message) from None


def run(function: Any, in_data: tuple[Any, ...]) -> None:
    """Runs ``check_type_forward`` of a function: light first, in full to explain a failure."""
    try:
        with light_mode:
            function.check_type_forward(get_light_types(in_data))
            return
    except InvalidType:
        pass
    with get_function_check_context(function):
        function.check_type_forward(get_types(in_data, "in_types", False))


def eval(exp: Any) -> Any:
    """The value of an expression, also in light mode."""
    return exp if in_light_mode() else exp.eval()


def make_variable(value: Any, name: str) -> Any:
    """A value with a name; in light mode the value."""
    return value if in_light_mode() else Variable(value, name)


def _product(xs: Any) -> Any:
    return math.prod(int(x) for x in xs)


def prod(xs: Any) -> Any:
    """The product of a shape, as an expression; in light mode the number."""
    return _product(xs) if in_light_mode() else Call(Variable(_product, "prod"), (xs,))
