"""Function: one primitive operation, and the registry of all of them.

A primitive is ``check`` + ``forward`` + one ``grad_<input>`` per differentiable input. The names of
a gradient's parameters say what it needs: ``gy`` (or ``g<output>``), inputs, outputs or residuals.
Only what the wanted gradients name is kept after forward.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from renkei.core.config import Settings, current
from renkei.core.device import get_array_types
from renkei.core.dispatch import run
from renkei.core.errors import (
    DeviceError,
    DtypeError,
    GraphError,
    RangeError,
    RenkeiError,
    ShapeError,
    UsageError,
    describe,
)
from renkei.core.hooks import observe
from renkei.core.shapes import Spec
from renkei.core.variable import Output, Variable, tick

__all__ = ["OPERATIONS", "Function", "Plan"]

OPERATIONS: dict[str, type[Function]] = {}

BARE = 100  # added to the number of arguments of gradients that do not take the node
_OURS = __name__.partition(".")[0] + "."  # a stranger's functions keep their errors
_VARIADIC = 0x04  # the flag of a code object that takes *args


class Plan:
    """What to keep and which gradients to call when certain inputs want a gradient.

    ``keep`` numbers the kept arrays: inputs, then outputs, then residuals. ``calls`` are tuples
    (input, gradient method, places of its arguments, their count); places index the output
    gradients followed by the kept arrays. A method that has a function ``bare`` does not need the
    node: that is called instead, and the count is ``BARE`` more. ``joint`` replaces the calls where
    a function computes several gradients in one pass.
    """

    __slots__ = ("calls", "joint", "keep", "kept_inputs")

    def __init__(self, cls: type[Function], mask: int, n_in: int, n_out: int) -> None:
        names = _Names(cls, n_in, n_out)
        joint = getattr(cls, "grads", None)
        methods = [getattr(cls, "grad_" + name, None) for name in names.inputs]
        wanted = [i for i in range(n_in) if mask >> i & 1 and (joint or methods[i])]
        used = [joint] if joint and wanted else [methods[i] for i in wanted]
        needs = [_parameters(method) for method in used]
        self.keep = sorted({k for need in needs for n in need for k in names.codes(n)})
        self.kept_inputs = frozenset(k for k in self.keep if k < n_in)
        places = [tuple(names.place(n, self.keep) for n in need) for need in needs]
        self.calls: list[tuple[int, Any, tuple[Any, ...], int]] = []
        self.joint: Callable[..., Any] | None = None
        if joint and wanted:
            self.joint = _joint_call(joint, places[0])
        else:
            self.calls = [_call(i, methods[i], p) for i, p in zip(wanted, places, strict=True)]


def _call(i: int, method: Any, places: tuple[Any, ...]) -> tuple[int, Any, tuple[Any, ...], int]:
    bare = getattr(method, "bare", None)
    n = len(places)
    return (i, method, places, n) if bare is None else (i, bare, places, BARE + n)


def _joint_call(method: Any, places: tuple[Any, ...]) -> Callable[..., Any]:
    def call(function: Function, wanted: tuple[bool, ...], values: list[Any]) -> Any:
        return method(function, wanted, *[values[k] for k in places])

    return call


def _parameters(method: Any) -> tuple[str, ...]:
    code = method.__code__
    names = code.co_varnames[1 : code.co_argcount]
    return names[1:] if names[:1] == ("wanted",) else names


class _Names:
    """Which array a gradient's parameter name stands for."""

    def __init__(self, cls: type[Function], n_in: int, n_out: int) -> None:
        self.cls, self.n_in, self.n_out = cls, n_in, n_out
        self.inputs, self.all_inputs = cls._input_names(n_in)
        outputs = cls.outputs
        self.all_outputs = outputs[0][1:] if outputs[0].startswith("*") else None
        if self.all_outputs:
            outputs = tuple(f"{self.all_outputs}{i}" for i in range(n_out))
        self.gradients = ["g" + name for name in outputs]
        self.arrays = [*self.inputs, *outputs, *cls.residuals]

    def codes(self, name: str) -> list[int]:
        """The numbers of the arrays that must be kept for a parameter; none for a gradient."""
        if name in self.arrays:
            return [self.arrays.index(name)]
        if name == self.all_inputs:  # those behind the inputs with names of their own
            return list(range(self.cls.forward.__code__.co_argcount - 1, self.n_in))
        if name == self.all_outputs:
            return list(range(self.n_in, self.n_in + self.n_out))
        if name in self.gradients or name == "gys":
            return []
        raise TypeError(
            f"{self.cls.__name__}: a gradient asks for {name!r}; there are "
            f"{', '.join([*self.gradients, 'gys', *self.arrays])}"
        )

    def place(self, name: str, keep: list[int]) -> Any:
        """Where the parameter stands in the output gradients followed by the kept arrays."""
        if name == "gys":
            return slice(0, self.n_out)
        if name in self.gradients:
            return self.gradients.index(name)
        codes = self.codes(name)
        first = self.n_out + keep.index(codes[0]) if codes else 0
        return first if name in self.arrays else slice(first, first + len(codes))


class Function:
    r"""One primitive operation. An object of the class is one application of it: a node.

    A subclass defines

    * ``check(self, x, ...) -> Spec`` (or a tuple of them): shapes and dtypes of the outputs; raises
      in the caller's words. It only reads ``shape``, ``ndim`` and ``dtype`` of its arguments.
    * ``forward(self, x, ...)``: arrays in, an array out; with several ``outputs`` or with
      ``residuals``, a tuple of all of them. Inputs may be optional (None) or variadic (``*xs``).
    * ``grad_x(self, gy, ...)`` for each differentiable input ``x``, written with functions, so that
      it serves all devices and every order; or ``grads(self, wanted, gy, ...)`` for all at once.

    What ``__init__`` stores are the attributes of the operation.

    >>> import numpy as np, renkei as rk
    >>> class Scale(rk.Function):
    ...     def __init__(self, factor):
    ...         self.factor = factor
    ...     def check(self, x):
    ...         return rk.Spec(x.shape, x.dtype)
    ...     def forward(self, x):
    ...         return x * self.factor
    ...     def grad_x(self, gy):
    ...         return gy * self.factor
    >>> x = rk.Variable(np.array([1.0, 2.0], np.float32))
    >>> y = Scale(3)(x)
    >>> rk.functions.sum(y).backward()
    >>> x.grad
    array([3., 3.], dtype=float32)
    """

    op: str = ""
    outputs: tuple[str, ...] = ("y",)
    residuals: tuple[str, ...] = ()
    n_outputs = 1

    inputs: tuple[Any, ...] | None = None
    kept: list[Any] | None = None
    plan: Plan
    seq = 0
    stack: Any = None
    _shape: tuple[int, ...]
    _dtype: Any
    _grads: list[Any] | None = None
    _names: dict[int, str | None] | None = None
    _single = True
    _specs: Any = None
    _plans: dict[Any, Plan]
    _inner = frozenset({"inputs", "kept", "plan", "seq", "stack", "n_outputs"})

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._plans = {}
        if "op" not in cls.__dict__:
            cls.op = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        cls.n_outputs = len(cls.outputs)
        cls._single = cls.n_outputs == 1 and not cls.outputs[0].startswith("*")
        cls._checks = cls.check is not Function.check
        if "forward" in cls.__dict__:
            OPERATIONS[cls.op] = cls

    def check(self, *inputs: Any) -> Any:
        """The outputs' shapes and dtypes; raises in the caller's words."""
        raise NotImplementedError(f"{type(self).__name__}.check")

    def forward(self, *inputs: Any) -> Any:
        """Computes the outputs from arrays."""
        raise NotImplementedError(f"{type(self).__name__}.forward")

    def kernel(self, op: str, *arrays: Any, **attrs: Any) -> Any:
        """Runs the best kernel of an operation for these arrays."""
        return run(op, *arrays, **attrs)

    # -- application -------------------------------------------------------------------------------

    def __call__(self, *args: Any) -> Any:
        settings = current()
        if settings.slow:
            return observe(self, args, settings)
        return self._apply(args, settings)

    def _apply(self, args: tuple[Any, ...], settings: Settings) -> Any:
        if self.inputs is not None:
            raise UsageError(f"{self.label} was applied already", hint="Make one for each call.")
        arrays: list[Any] = []
        edges: list[Any] = []
        mask, bit, variables = 0, 1, False
        for a in args:
            if isinstance(a, Variable):
                variables = True
                array = a._array
                arrays.append(a._values() if array is None else array)
                edges.append(a._edge)
                if a._edge is not None:
                    mask |= bit
            else:
                arrays.append(a)
                edges.append(None)
            bit <<= 1
        try:
            if self._checks and settings.type_check:
                self.check(*arrays)
            result = self.forward(*arrays)
        except (ValueError, TypeError, IndexError, AttributeError, OverflowError) as error:
            better = self._explained(error, arrays)
            if better is error:
                raise
            raise better from error
        results = list(result) if result.__class__ is tuple else [result]
        outs = results[: len(results) - len(self.residuals)] if self.residuals else results
        if not variables:
            return outs[0] if self._single else tuple(outs)
        if mask and settings.enable_backprop:
            self._record(arrays, edges, mask, outs, results)
        return self._wrapped(outs)

    def _record(
        self, arrays: list[Any], edges: list[Any], mask: int, outs: list[Any], results: list[Any]
    ) -> None:
        n_in, n_out = len(arrays), len(outs)
        key = mask, n_in, n_out
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) > 256:  # variadic functions see many lengths
                self._plans.clear()
            plan = self._plans[key] = Plan(type(self), mask, n_in, n_out)
        if not plan.calls and plan.joint is None:
            return
        values = arrays + results
        self.plan, self.inputs, self.seq = plan, tuple(edges), tick()
        self.kept = [values[k] for k in plan.keep]
        self._specs = [(getattr(x, "shape", ()), getattr(x, "dtype", None)) for x in arrays]
        if n_out != self.n_outputs:
            self.n_outputs = n_out

    def _wrapped(self, outs: list[Any]) -> Any:
        recorded = self.inputs is not None
        if self._single:
            y = Variable.__new__(Variable)
            y._array = array = outs[0]
            y._edge = None
            if recorded:
                self._shape, self._dtype = array.shape, array.dtype
                y._edge = self if array.dtype.kind in "fc" else None
            return y
        return tuple(self._output(i, array, recorded) for i, array in enumerate(outs))

    def _output(self, i: int, array: Any, recorded: bool) -> Variable:
        y = Variable.__new__(Variable)
        y._array = array
        y._edge = Output(self, i, array) if recorded and array.dtype.kind in "fc" else None
        return y

    # -- what the engine asks ----------------------------------------------------------------------

    def _revived(self, gys: list[Any]) -> list[Any]:
        """Output gradients and kept arrays, as Variables that belong to the graph again."""
        inputs = self.inputs or ()
        n_in, n_out, values = len(inputs), self.n_outputs, list(gys)
        for code, value in zip(self.plan.keep, self.kept or (), strict=True):
            if code < n_in:
                edge = inputs[code]
            elif code < n_in + n_out:
                edge = self if self._single else Output(self, code - n_in, value)
            else:
                edge = None
            values.append(value if edge is None else _revive(value, edge))
        return values

    def _fitted(self, g: Any, edge: Any, i: int) -> Any:
        """Accepts a gradient whose dtype is equal but not the same object, refuses any other."""
        if g.shape == edge._shape and g.dtype == edge._dtype:
            return g
        raise GraphError(
            f"{type(self).__name__}.grad_{self._input_name(i)} has a bug",
            f"a gradient {describe(g)}",
            f"{edge._dtype} {edge._shape}, as the input is",
        )

    def _unchain(self) -> None:
        self.inputs, self.kept = None, None

    def _kept_inputs(self) -> list[Any]:
        if self.inputs is None or self.kept is None:
            return []
        kept = dict(zip(self.plan.keep, self.kept, strict=True))
        return [kept.get(i) for i in range(len(self.inputs))]

    # -- names and attributes ----------------------------------------------------------------------

    @classmethod
    def _input_names(cls, n: int) -> tuple[list[str], str | None]:
        """The names of ``n`` inputs, and the name of the variadic ones together."""
        code = cls.forward.__code__
        names = list(code.co_varnames[1 : code.co_argcount])
        if not code.co_flags & _VARIADIC:
            return names[:n], None
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        return [*names, *(f"{rest}{i}" for i in range(n - len(names)))][:n], rest

    def _input_name(self, i: int) -> str:
        return self._input_names(len(self.inputs or ()) or i + 1)[0][i]

    @property
    def label(self) -> str:
        """The name that drawings and messages use."""
        return type(self).__name__

    @property
    def attrs(self) -> dict[str, Any]:
        """The attributes of the operation, as its ``__init__`` stored them."""
        return {
            k: v for k, v in self.__dict__.items() if not k.startswith("_") and k not in self._inner
        }

    @property
    def specs(self) -> Specs:
        """The inputs' shapes and dtypes by name: ``self.specs.x.shape``."""
        return Specs(self)

    @property
    def rank(self) -> int:
        """The length of the longest way from a leaf to this function."""
        ranks: dict[Any, int] = {}
        stack: list[Any] = [self]
        while stack:
            function = stack[-1]
            below = [
                getattr(e, "function", e)
                for e in function.inputs or ()
                if isinstance(e, (Function, Output))
            ]
            missing = [f for f in below if f not in ranks]
            if missing:
                stack.extend(missing)
                continue
            ranks[function] = max((ranks[f] + 1 for f in below), default=0)
            stack.pop()
        return ranks[self]

    # -- errors ------------------------------------------------------------------------------------

    def _explained(self, error: Exception, arrays: list[Any]) -> Exception:
        """The error to show for a failure inside ``forward``, in the caller's words."""
        if isinstance(error, RenkeiError):
            return error
        names = self._input_names(len(arrays))[0]
        call = f"{self.op}({', '.join(names)})"
        got = ", ".join(f"{n} {describe(a)}" for n, a in zip(names, arrays, strict=True))
        types = {type(a) for a in arrays if isinstance(a, get_array_types())}
        if len(types) > 1:
            return DeviceError(call, got, "all arrays on one device", "Use to_device.")
        known = get_array_types()
        if not isinstance(error, AttributeError):  # else one was read like an array and is none
            known = (*known, int, float, list)
        wrong = [a for a in arrays if not isinstance(a, known)]
        if any(a is not None for a in wrong) or (wrong and "NoneType" in str(error)):
            return DtypeError(call, got, "arrays or Variables")
        if any(a.dtype.kind not in "biufc" for a in arrays if hasattr(a, "dtype")):
            return DtypeError(call, got, "arrays of numbers")
        if self._checks and not current().type_check:
            try:
                self.check(*arrays)
            except RenkeiError as better:
                return better
        ours = type(self).__module__.startswith(_OURS)
        if not ours or isinstance(error, AttributeError):
            error.add_note(f"in {call}: got {got}")
            return error
        got += "".join(f", {name}={describe(value)}" for name, value in self.attrs.items())
        kinds = {TypeError: DtypeError, OverflowError: RangeError}
        kind = next((k for e, k in kinds.items() if isinstance(error, e)), ShapeError)
        return kind(call, got, "arguments that fit together", f"{error}")


class Specs:
    """Shapes and dtypes of a function's inputs by name."""

    __slots__ = ("_function",)

    def __init__(self, function: Function) -> None:
        self._function = function

    def __getattr__(self, name: str) -> Spec:
        names = self._function._input_names(len(self._function._specs))[0]
        return Spec(*self._function._specs[names.index(name)])

    def __getitem__(self, i: int) -> Spec:
        return Spec(*self._function._specs[i])

    def __len__(self) -> int:
        return len(self._function._specs)


def _revive(array: Any, edge: Any) -> Variable:
    variable = Variable.__new__(Variable)
    variable._array = array
    variable._edge = edge
    leaf = getattr(edge, "ref", None)
    if leaf is not None:
        owner = leaf()
        if owner is not None and owner._array is array:
            return owner
    return variable
